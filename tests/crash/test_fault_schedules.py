"""All 512 ways in which eight faults fall on the three Stripe writes of an order that is paid and refunded.

The shop's own use cases and gateway run on a real database, with the sandbox behind the official client in process; a
fault hits the first try of its call. A client that makes a new key for every try shows that duplicates would be found.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import pytest
import stripe

from money_probe import broken_rules
from refund_kit import refund
from shop_kit import GUEST, WORKER, Kit, open_kit
from stripe_sandbox.in_process import InProcess
from vivr.clock import SetClock
from vivr.errors import Unavailable
from vivr.orders.model import Order
from vivr.recovery import recover_operations
from vivr.refunds.model import RefundState
from vivr.stripe_gateway.requests import API_VERSION
from vivr.stripe_gateway.traffic import Traffic
from vivr.stripe_gateway.turns import Turns

FAULTS: Final = (
    "none",
    "refuse",
    "reset_before",
    "reset_after",
    "slow",
    "truncate",
    "duplicate",
    "error_after",
)
CALLS: Final = ("/v1/customers", "/v1/checkout/sessions", "/v1/refunds")
CARD: Final = {"number": "4242424242424242", "expiry": "12 / 34", "cvc": "123", "name": "Anna Martin"}
TURNS_MAX: Final = 30

T = TypeVar("T")
Answer = tuple[bytes, int, Mapping[str, str]]
Send = Callable[[], Awaitable[Answer]]


class ShopTime:
    """The sandbox's clock shows the shop's time."""

    def __init__(self, clock: SetClock) -> None:
        self.clock = clock

    def now(self) -> float:
        """Seconds since 1970."""
        return self.clock.now().timestamp()


class Wire:
    """The way from the official client to the sandbox, with one fault planned for the first try of each write."""

    def __init__(self, box: InProcess, key: str) -> None:
        self.box = box
        self.key = key
        self.plan: dict[str, str] = {}
        self.late: list[asyncio.Task[Answer]] = []
        self.transport = box.http_client(stripe)
        self._pass_on = self.transport.request_async
        self.transport.request_async = self.request

    async def request(self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None) -> Answer:
        """Send one call, spoilt if that was planned."""
        ending = next((name for name in CALLS if url.endswith(name)), "") if method.lower() == "post" else ""

        async def send() -> Answer:
            return await self._pass_on(method, url, headers, post_data)

        return await self._spoilt(self.plan.pop(ending, "none"), send)

    async def _spoilt(self, fault: str, send: Send) -> Answer:
        match fault:
            case "refuse":
                raise stripe.APIConnectionError("refused", should_retry=True)
            case "reset_before" | "reset_after" | "error_after":
                await self.arm({"reset_before": "reset", "reset_after": "lose_answer"}.get(fault, fault))
                return await send()
            case "slow":
                # The client's patience ends first: Stripe is still at it, or done, when the call is repeated.
                await self.arm("slow", ms=30)
                self.late.append(asyncio.ensure_future(send()))
                await asyncio.sleep(0)
                raise stripe.APIConnectionError("timed out", should_retry=True)
            case "truncate":
                body, status, headers = await send()
                return body[: len(body) // 2], status, headers
            case "duplicate":
                await send()
                return await send()
            case _:
                return await send()

    async def arm(self, kind: str, **more: int) -> None:
        """Let the sandbox spoil the next write."""
        headers = {"Authorization": f"Bearer {self.key}"}
        fault = {"kind": kind, "route": "POST *", **more}
        assert (await self.box.call_async("POST", "/_sandbox/faults", json=fault, headers=headers)).status_code == 200


@pytest.fixture
def clock() -> SetClock:
    return SetClock(datetime.now(UTC))


@pytest.fixture
async def kit(database_url: str, clock: SetClock) -> AsyncGenerator[Kit]:
    async with open_kit(database_url, "http://127.0.0.1:1", clock=clock, STRIPE_MAX_RETRIES="0") as opened:
        yield opened


@pytest.fixture
async def wire(kit: Kit, clock: SetClock) -> AsyncGenerator[Wire]:
    """The shop's gateway with its way to the sandbox exchanged."""
    box = InProcess(seed=1, clock=ShopTime(clock))
    key = kit.shop.settings.stripe_secret_key.reveal()
    opened = Wire(box, key)
    client = stripe.StripeClient(key, stripe_version=API_VERSION, max_network_retries=0, http_client=opened.transport)
    # The breaker rests in the shop's time too; between two schedules there is time enough for it.
    kit.shop.stripe._traffic = Traffic(Turns(None), repeats_max=0, now_s=lambda: clock.now().timestamp())
    kit.shop.stripe._raw = client.raw_request_async  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
    yield opened
    await asyncio.gather(*opened.late)
    box.close()


async def insist(kit: Kit, clock: SetClock, act: Callable[[], Awaitable[T]]) -> T:
    """Repeat an act as a buyer and the worker would, until it is done; what it gave."""
    for _ in range(TURNS_MAX):
        try:
            return await act()
        except Unavailable:
            clock.advance(seconds=61)
            shop = kit.shop
            await recover_operations(shop.database, shop.stripe, shop.clock, shop.seals, WORKER)
    raise AssertionError("never done")


async def buy_and_refund(kit: Kit, clock: SetClock, wire: Wire, order: Order, plan: tuple[str, ...]) -> None:
    """Start the checkout, pay it and give it all back, with a fault on each of the three writes."""
    wire.plan = dict(zip(CALLS, plan, strict=True))
    link = await insist(kit, clock, lambda: kit.shop.start_checkout(GUEST, order.id))
    paid = await wire.box.call_async("POST", urlsplit(link.url).path, data=CARD)
    assert paid.status_code == 303
    assert await kit.shop.settle_session(GUEST, link.session_id) is not None
    made = await refund(kit, order.id)
    assert wire.plan == {}
    assert made.state in {RefundState.SUCCEEDED, RefundState.SUBMITTED}


async def unsettled(kit: Kit) -> int:
    return await kit.count("SELECT count(*) FROM operation WHERE outcome NOT IN ('succeeded', 'failed')")


async def settle_all(kit: Kit, clock: SetClock) -> None:
    """Let the worker finish what was left behind."""
    shop = kit.shop
    for _ in range(TURNS_MAX):
        if not await unsettled(kit):
            return
        clock.advance(minutes=5, seconds=1)
        await recover_operations(shop.database, shop.stripe, shop.clock, shop.seals, WORKER)


@pytest.mark.parametrize("first", FAULTS)
async def test_no_schedule_of_faults_leaves_a_duplicate_or_an_unknown(
    kit: Kit, clock: SetClock, wire: Wire, first: str
) -> None:
    product_id = await kit.add_product(stock=100)
    for second, third in itertools.product(FAULTS, repeat=2):
        plan = (first, second, third)
        clock.advance(minutes=2)
        order = await kit.place(product_id)
        await buy_and_refund(kit, clock, wire, order, plan)
    await settle_all(kit, clock)
    assert await unsettled(kit) == 0
    customers = [made.metadata["owner"] for made in await kit.shop.stripe.list_customers(0)]
    assert (len(customers), len(set(customers))) == (64, 64)
    for kind, owner in (("checkout/sessions", "order"), ("refunds", "order"), ("refunds", "refund")):
        listed = await wire.box.call_async(
            "GET", f"/v1/{kind}?limit=100", headers={"Authorization": f"Bearer {wire.key}"}
        )
        made = listed.json()["data"]
        assert (len(made), len({one["metadata"][owner] for one in made})) == (64, 64)
    assert await kit.count("SELECT count(*) FROM orders WHERE state = 'REFUNDED'") == 64
    assert await kit.count("SELECT count(*) FROM refund WHERE state = 'SUCCEEDED'") == 64
    assert await broken_rules(kit) == {}
    assert await kit.stock(product_id) == (36, 0)


async def careless(client: stripe.StripeClient, path: str, params: dict[str, Any]) -> stripe.StripeObject:
    """What a client does that makes a new key for every try, until an answer comes."""
    for _ in range(TURNS_MAX):
        try:
            answer = await client.raw_request_async("post", path, **params)  # pyright: ignore[reportUnknownMemberType]
        except (stripe.APIError, stripe.APIConnectionError):
            continue
        return client.deserialize(answer, api_mode="V1")  # pyright: ignore[reportUnknownMemberType]
    raise AssertionError("never answered")


async def paid_intent(box: InProcess, key: str) -> str:
    """A payment that can be refunded, made by somebody whose calls meet no fault."""
    form = {"amount": 2490, "currency": "eur", "confirm": "true", "payment_method": "pm_card_visa"}
    form["return_url"] = "http://127.0.0.1:9/ok"
    made = await box.call_async("POST", "/v1/payment_intents", data=form, headers={"Authorization": f"Bearer {key}"})
    return str(made.json()["id"])


async def test_a_new_key_for_every_try_is_found_by_its_duplicates(clock: SetClock) -> None:
    box = InProcess(seed=1, clock=ShopTime(clock))
    wire = Wire(box, "sk_test_careless0001")
    client = stripe.StripeClient(
        wire.key, stripe_version=API_VERSION, max_network_retries=0, http_client=wire.transport
    )
    line = {"price_data": {"currency": "eur", "unit_amount": 2490, "product_data": {"name": "Bol"}}, "quantity": 1}
    session: dict[str, Any] = {"mode": "payment", "success_url": "http://127.0.0.1:9/ok", "line_items": [line]}
    schedules = ["-".join(plan) for plan in itertools.product(FAULTS, repeat=3)]
    for schedule in schedules:
        wire.plan = dict(zip(CALLS, schedule.split("-"), strict=True))
        await careless(client, "/v1/customers", {"name": schedule})
        await careless(client, "/v1/checkout/sessions", {**session, "client_reference_id": schedule})
        part = {"payment_intent": await paid_intent(box, wire.key), "amount": 500, "metadata": {"schedule": schedule}}
        await careless(client, "/v1/refunds", part)
    await asyncio.gather(*wire.late)
    customers = box.store.connection.execute(
        "SELECT json_extract(body, '$.name') AS schedule FROM object WHERE kind = 'customer'"
    ).fetchall()
    sessions = box.store.connection.execute(
        "SELECT json_extract(body, '$.client_reference_id') AS schedule FROM object WHERE kind = 'checkout.session'"
    ).fetchall()
    refunds = box.store.connection.execute(
        "SELECT json_extract(body, '$.metadata.schedule') AS schedule FROM object WHERE kind = 'refund'"
    ).fetchall()
    box.close()
    made_twice = {
        schedule
        for rows in (customers, sessions, refunds)
        for schedule, count in Counter(row["schedule"] for row in rows).items()
        if count > 1
    }
    # Four of the eight faults lose the answer of a call that had its effect: 4 x 4 x 4 schedules have none of them.
    assert (len(schedules), len(made_twice)) == (512, 512 - 4 * 4 * 4)
