"""PaymentIntents without a hosted page: one open way to pay, whatever route made it, and one end for all."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from capture_kit import payment_of
from flows.fault_kit import AFTER, BEFORE, Dead, death_at, recover_until_rest
from money_probe import arm, broken_rules, calls, nothing_changes, rows
from shop_kit import GUEST, Kit, open_kit
from vivr.clock import SetClock
from vivr.crash_points import POINTS
from vivr.errors import Conflict, Unavailable
from vivr.orders.model import OrderState
from vivr.payments.model import PaymentState

INTENTS = "POST /v1/payment_intents"


@pytest.fixture
def clock() -> SetClock:
    """The shop's clock; the sandbox has its own, so both begin at the true time."""
    return SetClock(datetime.now(UTC))


@pytest.fixture
async def kit(database_url: str, sandbox_url: str, clock: SetClock) -> AsyncGenerator[Kit]:
    """A shop with a threshold for 3-D Secure; its client does not repeat calls by itself."""
    settings = {"PAYMENT_3DS_THRESHOLD_AMOUNT": "54.70", "PAYMENT_STATEMENT_DESCRIPTOR": "ESSAI"}
    async with open_kit(database_url, sandbox_url, clock=clock, STRIPE_MAX_RETRIES="0", **settings) as opened:
        yield opened


async def confirm(kit: Kit, intent_id: str, method: str = "pm_card_visa") -> None:
    """Confirm as the browser would."""
    form = {"payment_method": method, "return_url": "http://127.0.0.1:8000/"}
    await kit.sandbox.post(f"/v1/payment_intents/{intent_id}/confirm", data=form)


async def test_it_is_paid_settled_and_told_like_every_payment(kit: Kit) -> None:
    product = await kit.add_product()
    order = await kit.place(product)
    link = await kit.shop.start_intent(GUEST, order.id)
    assert (link.amount.amount_minor, link.amount.currency, link.order_id) == (2980, "EUR", order.id)
    async with nothing_changes(kit):
        assert await kit.shop.start_intent(GUEST, order.id) == link
    assert await calls(kit, INTENTS) == (1, 1)
    made = await kit.api("GET", f"/v1/payment_intents/{link.intent_id}")
    card = made["payment_method_options"]["card"]
    assert (made["capture_method"], made["statement_descriptor_suffix"], card["request_three_d_secure"]) == (
        "automatic_async",
        "ESSAI",
        "automatic",
    )
    await confirm(kit, link.intent_id, "pm_card_chargeDeclined")
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PENDING
    await confirm(kit, link.intent_id)
    await kit.deliver_all()
    payment = await payment_of(kit, order.id)
    assert (payment.kind, payment.state, payment.settles, payment.captured_minor) == (
        "intent",
        PaymentState.CAPTURED,
        True,
        2980,
    )
    assert (await kit.stock(product), await broken_rules(kit)) == ((9, 0), {})
    with pytest.raises(Conflict, match="order_already_paid"):
        await kit.shop.start_intent(GUEST, order.id)


async def test_from_the_threshold_on_a_card_is_challenged_by_both_routes(kit: Kit) -> None:
    product = await kit.add_product()
    for quantity, asked in ((1, "automatic"), (2, "challenge")):
        order = await kit.place(product, quantity)
        link = await kit.shop.start_intent(GUEST, order.id)
        made = await kit.api("GET", f"/v1/payment_intents/{link.intent_id}")
        assert made["payment_method_options"]["card"]["request_three_d_secure"] == asked
        page = await kit.shop.start_checkout(GUEST, order.id)
        session = await kit.api("GET", f"/v1/checkout/sessions/{page.session_id}")
        assert session["payment_method_options"]["card"]["request_three_d_secure"] == asked


async def test_page_and_intent_exclude_each_other_and_are_seen_closed(kit: Kit) -> None:
    order = await kit.place(await kit.add_product())
    page = await kit.shop.start_checkout(GUEST, order.id)
    link = await kit.shop.start_intent(GUEST, order.id)
    assert (await kit.api("GET", f"/v1/checkout/sessions/{page.session_id}"))["status"] == "expired"
    again = await kit.shop.start_checkout(GUEST, order.id)
    assert (await kit.api("GET", f"/v1/payment_intents/{link.intent_id}"))["status"] == "canceled"
    states = await rows(kit, "SELECT kind, state FROM payment")
    assert sorted((row["kind"], row["state"]) for row in states) == [
        ("intent", "CANCELLED"),
        ("session", "CANCELLED"),
        ("session", "REQUIRES_PAYMENT"),
    ]
    await kit.pay(again.url)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await broken_rules(kit) == {}


async def test_cancelling_the_order_cancels_what_could_still_be_confirmed(kit: Kit) -> None:
    product = await kit.add_product()
    order = await kit.place(product)
    link = await kit.shop.start_intent(GUEST, order.id)
    assert (await kit.shop.cancel_order(GUEST, order.id)).state == OrderState.CANCELLED
    await confirm(kit, link.intent_id)
    await kit.deliver_all()
    assert (await kit.stock(product), await broken_rules(kit)) == ((10, 0), {})


async def test_what_was_confirmed_before_the_cancel_pays_the_order(kit: Kit) -> None:
    order = await kit.place(await kit.add_product())
    link = await kit.shop.start_intent(GUEST, order.id)
    await confirm(kit, link.intent_id)
    with pytest.raises(Conflict, match="order_already_paid"):
        await kit.shop.cancel_order(GUEST, order.id)
    assert (await kit.order(order.id)).state == OrderState.PAID


@pytest.mark.parametrize("fault", [BEFORE[0], *AFTER])
async def test_one_of_which_nobody_knows_is_settled_and_never_doubled(
    kit: Kit, clock: SetClock, fault: dict[str, Any]
) -> None:
    order = await kit.place(await kit.add_product())
    await arm(kit, route=INTENTS, **fault)
    with suppress(Unavailable):
        await kit.shop.start_intent(GUEST, order.id)
    await recover_until_rest(kit, clock)
    link = await kit.shop.start_intent(GUEST, order.id)
    assert (await calls(kit, INTENTS))[1] == 1
    await confirm(kit, link.intent_id)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("point", [name for name in POINTS if name.startswith("intent.")])
async def test_what_dies_on_the_way_is_finished_or_never_was(kit: Kit, clock: SetClock, point: str) -> None:
    order = await kit.place(await kit.add_product())
    with death_at(point), pytest.raises(Dead):
        await kit.shop.start_intent(GUEST, order.id)
    await recover_until_rest(kit, clock)
    link = await kit.shop.start_intent(GUEST, order.id)
    assert (await calls(kit, INTENTS))[1] == 1
    await confirm(kit, link.intent_id)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await broken_rules(kit) == {}
