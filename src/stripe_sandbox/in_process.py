"""The sandbox behind the official Python client without a socket: fast enough for thousands of runs.

    box = InProcess(seed=1)
    client = stripe.StripeClient("sk_test_mine", http_client=box.http_client(stripe))
    session = client.v1.checkout.sessions.create(params={...})
    box.call("POST", f"/c/pay/{session.id}", data={"number": "4242424242424242", ...})

Timers run with each call, on the clock that was given; webhooks that are due are handed over by `deliver`. The client's
module is handed in, so that the sandbox does not depend on it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from stripe_sandbox.api import ApiAnswer, ApiRequest
from stripe_sandbox.clock import Clock, ManualClock
from stripe_sandbox.options import Options
from stripe_sandbox.sandbox import Sandbox
from stripe_sandbox.server import build_app
from stripe_sandbox.state import snapshots
from stripe_sandbox.state.store import Store

BASE_URL = "http://127.0.0.1"
START = 1_800_000_000.0

Result = TypeVar("Result")


class InProcess:
    """One sandbox in memory.

    The synchronous calls need a thread in which no event loop runs; the ``_async`` ones run in the caller's.
    """

    def __init__(self, *, seed: int | None = None, clock: Clock | None = None, options: Options | None = None) -> None:
        self.clock = clock or ManualClock(START)
        self.store = Store(None, self.clock, seed)
        self.app = build_app(self.store, options)
        self.sandbox: Sandbox = self.app.state.sandbox
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Forgets everything."""
        self._loop.close()
        self.store.close()

    def http_client(self, stripe: Any) -> Any:
        """What ``StripeClient(http_client=...)`` takes, for both its kinds of calls; ``stripe`` is the client's module.

        Where a fault cuts the connection, the client sees its own ``APIConnectionError`` and repeats as it does.
        """
        box = self

        def read(answer: ApiAnswer) -> tuple[bytes, int, Mapping[str, str]]:
            if answer.hang_up:
                raise stripe.APIConnectionError("The connection was cut.", should_retry=True)
            body = answer.body.encode()
            return body[: len(body) // 2] if answer.truncated else body, answer.status, httpx.Headers(answer.headers)

        def request(
            _: Any, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
        ) -> tuple[bytes, int, Mapping[str, str]]:
            return read(box.run(box.answer(method, url, headers, post_data)))

        async def request_async(
            _: Any, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
        ) -> tuple[bytes, int, Mapping[str, str]]:
            return read(await box.answer(method, url, headers, post_data))

        async def sleep_async(_: Any, seconds: float) -> None:
            await asyncio.sleep(seconds)

        def close(_: Any) -> None:
            """Nothing is open."""

        async def close_async(_: Any) -> None:
            """Nothing is open."""

        members: dict[str, Any] = {
            "name": "stripe_sandbox",
            "request": request,
            "request_async": request_async,
            "sleep_async": sleep_async,
            "close": close,
            "close_async": close_async,
        }
        return type("InProcessClient", (stripe.HTTPClient,), members)()

    async def answer(self, method: str, url: str, headers: Mapping[str, str], body: str | bytes | None) -> ApiAnswer:
        """One API call, without any HTTP."""
        parts = urlsplit(url)
        return await self.sandbox.api.answer(
            ApiRequest(
                method=method.upper(),
                path=parts.path,
                query=parts.query,
                body=body.encode() if isinstance(body, str) else body or b"",
                headers={name.lower(): value for name, value in headers.items()},
                base_url=BASE_URL,
            )
        )

    async def call_async(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One HTTP request to a page or a control, as httpx takes it (``data=``, ``json=``, ``headers=``)."""
        async with self._browser() as browser:
            return await browser.request(method, path, **more)

    def _browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url=BASE_URL, trust_env=False)

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The same, synchronously."""
        return self.run(self.call_async(method, path, **more))

    def control(self, key: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A control's answer, such as ``box.control(key, "POST", "faults", {"kind": "refuse"})``.

        Raises ValueError with the reason when it is refused.
        """
        answer = self.call(method, f"/_sandbox/{path}", json=body or {}, headers={"Authorization": f"Bearer {key}"})
        if not answer.is_success:
            raise ValueError(answer.json()["error"])
        return answer.json()

    def deliver(self, key: str, receive: Callable[[str, bytes, dict[str, str]], int]) -> int:
        """Hands every webhook of an account that is due to ``receive`` (URL, body, headers); gives how many came.

        ``receive`` answers with a status. What is due later (a retry, a delay) comes when the clock was moved there.
        """

        async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
            nonlocal received
            received += 1
            return receive(url, body, headers)

        received = 0
        self.run(self.sandbox.courier.deliver_due(self.store.ensure_account(key).id, post))
        return received

    def snapshot(self, key: str, name: str = "default") -> None:
        """Keeps the whole state of a key's account under a name."""
        if not snapshots.take(self.store, self.store.ensure_account(key), name, self.sandbox.options.limits.snapshots):
            raise ValueError("too many snapshots")

    def restore(self, key: str, name: str = "default") -> None:
        """Puts the account back to what it was, its time included; raises LookupError for a name that was not kept."""
        if not snapshots.restore(self.store, self.store.ensure_account(key), name):
            raise LookupError(name)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Runs one call to its end."""
        return self._loop.run_until_complete(work)
