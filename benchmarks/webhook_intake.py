"""Taking in signed events, against two references in the same run: bare inserts, and the SDK's own verifier.

Every event is fresh and signed; an acknowledged event is committed. The first ratio says how much of what this database
can do with single-row transactions is left after HTTP parsing, verification and our rules; the second compares the
verifier alone with ``stripe.Webhook.construct_event``.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx
import stripe
import structlog
from starlette.types import Receive, Scope, Send

from vivr.bootstrap import Shop, open_shop
from vivr.caller import system_caller
from vivr.embedded_postgres import temporary_cluster
from vivr.ids import new_request_id
from vivr.migrate import migrate
from vivr.operations.model import StripeScope
from vivr.settings import read_settings
from vivr.web.webhook import PATH, WebhookPath
from vivr.webhooks.model import is_signed, read_envelope
from vivr.webhooks.receive_event import receive_event

SECRET = "whsec_benchmark0001"  # noqa: S105 - made for this run
EVENTS = 1500
CLIENTS = 16
ROUNDS = 3


def event_body(number: int) -> bytes:
    """An event of about Stripe's size, pretty-printed as Stripe's are."""
    intent = {"id": f"pi_{number}", "object": "payment_intent", "amount": 4900, "padding": "x" * 1700}
    event = {
        "id": f"evt_{number}",
        "object": "event",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "api_version": "2026-05-27.dahlia",
        "data": {"object": intent},
    }
    return json.dumps(event, indent=2).encode()


def signature(body: bytes) -> str:
    """A fresh header."""
    stamp = str(int(time.time()))
    return f"t={stamp},v1={hmac.new(SECRET.encode(), stamp.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


async def rate_of(call: Callable[[int], Awaitable[None]], first: int) -> float:
    """Calls a second with CLIENTS at a time."""
    numbers = iter(range(first, first + EVENTS))

    async def client() -> None:
        for number in numbers:
            await call(number)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return EVENTS / (time.perf_counter() - began)


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive, send


async def compare_intake(shop: Shop) -> None:
    """Through the door, and the same insert without one."""
    stripe_scope = StripeScope("acct_benchmark", livemode=False)

    class Known:
        async def scope(self) -> StripeScope:
            return stripe_scope

    object.__setattr__(shop, "account", Known())
    transport = httpx.ASGITransport(WebhookPath(_nothing, shop))

    async def bare(number: int) -> None:
        body = event_body(number)
        envelope = read_envelope(body)
        assert envelope is not None
        caller = system_caller("benchmark", new_request_id(shop.clock.now()))
        await receive_event(shop.database, shop.clock, caller, stripe_scope, envelope, body)

    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

        async def through_door(number: int) -> None:
            body = event_body(number)
            answer = await client.post(PATH, content=body, headers={"Stripe-Signature": signature(body)})
            assert answer.status_code == httpx.codes.OK

        ratios: list[float] = []
        for turn in range(ROUNDS):
            reference = await rate_of(bare, turn * 2 * EVENTS)
            ours = await rate_of(through_door, (turn * 2 + 1) * EVENTS)
            ratios.append(ours / reference)
            print(f"intake: {ours:7.0f}/s, the insert alone {reference:7.0f}/s, ratio {ours / reference:.2f}")
    print(f"intake, median ratio of {ROUNDS} rounds, httpx client included: {median(ratios):.2f}")


def compare_verifiers() -> None:
    """The verifier with its parse, against the SDK's."""
    body = event_body(0)
    header = signature(body)
    turns = 2000
    began = time.perf_counter()
    for _ in range(turns):
        assert is_signed(
            body, header.encode(), [SECRET.encode()], now=datetime.now(UTC), tolerance=timedelta(minutes=5)
        )
        assert read_envelope(body) is not None
    ours = (time.perf_counter() - began) / turns
    began = time.perf_counter()
    for _ in range(turns):
        stripe.Webhook.construct_event(body, header, SECRET)
    sdk = (time.perf_counter() - began) / turns
    print(f"verifier: {ours * 1e6:.1f} us, the SDK's {sdk * 1e6:.1f} us, ratio {sdk / ours:.1f}")


async def main() -> None:
    """Both comparisons on a temporary database."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    settings = read_settings(
        {
            "SHOP_ID": "benchmark",
            "SECRET_KEY": "00112233445566778899aabbccddeeff" * 2,
            "STRIPE_SECRET_KEY": "sk_test_benchmark0001",
            "STRIPE_WEBHOOK_SECRET": SECRET,
        }
    )
    with tempfile.TemporaryDirectory() as folder, temporary_cluster(Path(folder)) as url:
        migrate(url)
        async with open_shop(settings, url) as shop:
            await compare_intake(shop)
    compare_verifiers()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
