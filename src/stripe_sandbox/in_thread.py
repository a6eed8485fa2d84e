"""A sandbox for tests whose shop talks HTTP: on a free port, in a thread, with the controls at hand.

    with InThread(seed=1) as sandbox:
        sandbox.control("sk_test_mine", "POST", "faults", {"kind": "lose_answer"})
        client = stripe.StripeClient("sk_test_mine", base_addresses={"api": sandbox.url})

It is the same application as that of the command line, door and cut connections included.
"""

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import uvicorn

from stripe_sandbox.clock import Clock, SystemClock
from stripe_sandbox.door import DoorServer
from stripe_sandbox.hangup import CuttableProtocol
from stripe_sandbox.options import Options
from stripe_sandbox.server import build_app
from stripe_sandbox.state.store import Store

START_S = 60.0
STOP_S = 10.0
POLL_S = 0.01


class InThread:
    """One running sandbox; `data` None keeps its state in memory. Raises RuntimeError if it does not start."""

    def __init__(
        self,
        *,
        data: Path | None = None,
        options: Options | None = None,
        seed: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.store = Store(data, clock or SystemClock(), seed)
        app = build_app(self.store, options)
        self._server = DoorServer(
            uvicorn.Config(app, host="127.0.0.1", port=0, http=CuttableProtocol, log_level="error")
        )
        self._thread = threading.Thread(target=self._server.run, name="stripe_sandbox")
        self._thread.start()
        deadline = time.monotonic() + START_S
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                self.stop()
                raise RuntimeError("the sandbox did not start")
            time.sleep(POLL_S)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def control(self, key: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A control's answer, such as that of `POST clock`; raises ValueError with the reason when it is refused."""
        headers = {"Authorization": f"Bearer {key}"}
        url = f"{self.url}/_sandbox/{path}"
        answer = httpx.request(method, url, json=body or {}, headers=headers, trust_env=False, timeout=START_S)
        if not answer.is_success:
            raise ValueError(answer.json()["error"])
        return answer.json()

    def stop(self) -> None:
        """Stops as Ctrl-C does."""
        self._server.should_exit = True
        self._thread.join(STOP_S)
        self.store.close()

    def __enter__(self) -> Self:
        """It runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops it."""
        self.stop()
