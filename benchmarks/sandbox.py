"""The local Stripe in process and over HTTP, each beside the official client's own overhead in the same run.

The client's overhead is measured with a transport that gives the very same answers from memory: encoding, bookkeeping
and parsing, no Stripe at all. A purchase story is a session, the buyer's payment on the hosted page, a read of the
session with its PaymentIntent and charge, and a refund.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import cycle
from platform import platform, python_version
from statistics import median
from typing import Any, NamedTuple

import httpx
import stripe

from stripe_sandbox.in_process import InProcess

KEY = "sk_test_benchmark0001"
CALLS = 400
STORIES = 200
STORY_MS = 10
ALONE, INSIDE, OUTSIDE = "the client alone", "in process", "over HTTP"
CARD = {"number": "4242424242424242", "expiry": "12/40", "cvc": "123", "name": "Anna"}
SESSION: Any = {
    "mode": "payment",
    "success_url": "http://127.0.0.1:9/ok",
    "customer_email": "buyer@example.com",
    "line_items": [
        {"price_data": {"currency": "eur", "unit_amount": 2599, "product_data": {"name": "Bol"}}, "quantity": 1}
    ],
}


class Replay(stripe.HTTPClient):
    """A transport that gives stored answers in turn."""

    name = "replay"
    answers: Iterator[str] = iter(())

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Gives the answer."""
        del method, url, headers, post_data, _usage
        return next(self.answers), 200, {"Request-Id": "req_one"}

    def close(self) -> None:
        """Nothing is open."""


class Spent(NamedTuple):
    """Time on the clock, and time of this process's own work."""

    wall_ms: float
    cpu_ms: float


def replaying(answers: Iterable[str]) -> stripe.StripeClient:
    transport = Replay()
    transport.answers = cycle(answers)
    return client_of(transport)


def timed(works: Mapping[str, Callable[[], object]], times: int) -> dict[str, Spent]:
    """Each work `times` times, in turns, so that what else the machine does falls on all of them alike."""
    spent: dict[str, list[Spent]] = {name: [] for name in works}
    for _ in range(times):
        for name, work in works.items():
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            spent[name].append(Spent(1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)))
    return {
        name: Spent(median(one.wall_ms for one in some), median(one.cpu_ms for one in some))
        for name, some in spent.items()
    }


def client_of(transport: Any, base: str | None = None) -> stripe.StripeClient:
    addresses: Any = {"api": base} if base else {}
    return stripe.StripeClient(KEY, http_client=transport, base_addresses=addresses, max_network_retries=0)


def story(client: stripe.StripeClient, pay: Callable[[str], object]) -> list[stripe.StripeObject]:
    """A purchase and its refund: three calls of the client, one form of the buyer; gives the answers."""
    session = client.v1.checkout.sessions.create(params=SESSION)
    pay(session.id)
    paid = client.v1.checkout.sessions.retrieve(session.id, params={"expand": ["payment_intent.latest_charge"]})
    assert paid.payment_status == "paid"
    refund = client.v1.refunds.create(params={"payment_intent": paid["payment_intent"]["id"]})
    return [session, paid, refund]


def start_server() -> tuple[subprocess.Popen[bytes], str]:
    """The sandbox as a process of its own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "stripe_sandbox", "--port", str(port)], stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    url = f"http://127.0.0.1:{port}"
    for _ in range(500):
        try:
            httpx.get(f"{url}/_sandbox/health", trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.02)
        else:
            break
    return server, url


def main() -> None:
    stripe.enable_telemetry = False
    box = InProcess(seed=1)
    inside = client_of(box.http_client(stripe))
    customer = inside.v1.customers.create(params={"email": "anna@example.com"})
    overhead = replaying([str(customer)])

    def pay_inside(made: str) -> object:
        return box.call("POST", f"/c/pay/{made}", data=CARD)

    told = replaying([str(made) for made in story(inside, pay_inside)])
    server, url = start_server()
    sockets = stripe.RequestsClient(timeout=20)
    outside = client_of(sockets, url)
    try:
        with httpx.Client(base_url=url, trust_env=False) as browser:
            rows = timed(
                {
                    ALONE: lambda: overhead.v1.customers.create(params={"name": "A"}),
                    INSIDE: lambda: inside.v1.customers.create(params={"name": "A"}),
                    OUTSIDE: lambda: outside.v1.customers.create(params={"name": "A"}),
                },
                CALLS,
            )
            stories = timed(
                {
                    ALONE: lambda: story(told, str),
                    INSIDE: lambda: story(inside, pay_inside),
                    OUTSIDE: lambda: story(outside, lambda made: browser.post(f"/c/pay/{made}", data=CARD)),
                },
                STORIES,
            )
    finally:
        server.terminate()
        server.wait(10)
        sockets.close()
        box.close()
    print(f"{platform()}, {os.cpu_count()} processors, Python {python_version()}, load {os.getloadavg()[0]:.1f}")
    for name, spent in rows.items():
        rate = 1000 / spent.wall_ms
        print(f"customer, {name}: {spent.wall_ms:.2f} ms, {rate:.0f} requests/s, {ratio(spent, rows)}")
    for name, spent in stories.items():
        print(f"purchase story, {name}: {spent.wall_ms:.1f} ms median, {ratio(spent, stories)}")
    work_ms = stories[INSIDE].cpu_ms
    print(f"work in a story in process: {work_ms:.1f} ms; on an idle machine its median is to be under {STORY_MS} ms")


def ratio(spent: Spent, row: Mapping[str, Spent]) -> str:
    return f"{spent.wall_ms / row[ALONE].wall_ms:.1f} x the client alone"


if __name__ == "__main__":
    main()
