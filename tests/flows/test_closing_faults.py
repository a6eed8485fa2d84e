"""Stripe fails while a way to pay is closed: nothing is freed before Stripe has confirmed that nobody can pay there."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from flows.fault_kit import (
    AFTER,
    BEFORE,
    CUSTOMERS,
    EXPIRE,
    SESSIONS,
    at_stripe,
    new_order,
    pay_and_check,
    recover,
    recover_until_rest,
)
from money_probe import arm, broken_rules, calls, disarm, nothing_changes, open_checkout, rows
from shop_kit import GUEST, WORKER, Kit
from vivr.checkout.expire_orders import expire_orders
from vivr.checkout.model import session_parameters
from vivr.clock import SetClock
from vivr.errors import Refusal, Unavailable
from vivr.orders.model import OrderState

pytestmark = pytest.mark.set_clock(STRIPE_MAX_RETRIES="0")


OTHER_MONEY = pytest.mark.parametrize(
    "change", [{"unit_amount": 2491}, {"unit_amount": 99_900}, {"currency": "usd"}], ids=str
)


def ask_for_other_money(patched: pytest.MonkeyPatch, change: dict[str, Any]) -> None:
    """Let the shop ask Stripe for a session of other money than the order's."""

    def other_money(*args: Any, **more: Any) -> Any:
        made: Any = session_parameters(*args, **more)
        for line in made["line_items"]:
            line["price_data"] |= change
        return made

    patched.setattr("vivr.checkout.start_checkout.session_parameters", other_money)


@OTHER_MONEY
async def test_a_session_that_asks_for_other_money_is_expired_before_the_buyer_sees_it(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    order = await new_order(kit)
    with monkeypatch.context() as patched:
        ask_for_other_money(patched, change)
        with pytest.raises(Unavailable):
            await kit.shop.start_checkout(GUEST, order.id)
    assert [session["status"] for session in await at_stripe(kit, "checkout/sessions")] == ["expired"]
    assert await rows(kit, "SELECT state, session_url FROM payment") == [{"state": "CANCELLED", "session_url": None}]
    await pay_and_check(kit, order.id)


@OTHER_MONEY
async def test_nobody_is_sent_to_a_session_of_other_money_that_the_worker_found(
    kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    order = await new_order(kit)
    await arm(kit, "lose_answer", SESSIONS)
    with monkeypatch.context() as patched:
        ask_for_other_money(patched, change)
        with pytest.raises(Unavailable):
            await kit.shop.start_checkout(GUEST, order.id)
    clock.advance(seconds=5)
    assert await recover(kit) == 1
    seen = await kit.shop.start_checkout(GUEST, order.id)
    sessions = {session["id"]: session for session in await at_stripe(kit, "checkout/sessions")}
    shown = sessions.pop(seen.session_id)
    assert (shown["status"], shown["amount_total"], shown["currency"]) == ("open", 2980, "eur")
    assert [session["status"] for session in sessions.values()] == ["expired"]
    await pay_and_check(kit, order.id)


@pytest.mark.parametrize("fault", BEFORE, ids=str)
async def test_an_expiry_that_did_not_happen_frees_nothing_until_stripe_confirms(
    kit: Kit, clock: SetClock, fault: dict[str, Any]
) -> None:
    order, link, product = await open_checkout(kit)
    await arm(kit, route="POST /v1/checkout/sessions/*/expire", **fault)
    with pytest.raises(Unavailable):
        await kit.shop.cancel_order(GUEST, order.id)
    assert (await kit.order(order.id)).state == OrderState.PENDING
    assert await kit.stock(product) == (10, 1)
    with pytest.raises(Unavailable):
        await kit.shop.cancel_order(GUEST, order.id)
    clock.advance(seconds=5)
    assert await recover(kit) == 1
    assert (await kit.shop.cancel_order(GUEST, order.id)).state == OrderState.CANCELLED
    assert await kit.stock(product) == (10, 0)
    assert await calls(kit, EXPIRE) == (2, 1)
    await kit.pay(link.url)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.CANCELLED
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("fault", AFTER, ids=str)
async def test_an_expiry_whose_answer_was_lost_is_believed_when_stripe_shows_it(
    kit: Kit, clock: SetClock, fault: dict[str, Any]
) -> None:
    order, _, product = await open_checkout(kit)
    await arm(kit, route="POST /v1/checkout/sessions/*/expire", **fault)
    assert (await kit.shop.cancel_order(GUEST, order.id)).state == OrderState.CANCELLED
    assert await kit.stock(product) == (10, 0)
    assert await kit.count("SELECT count(*) FROM operation WHERE outcome = 'unknown'") == 1
    await recover_until_rest(kit, clock)
    assert (await calls(kit, EXPIRE))[1] == 1
    assert await kit.count("SELECT count(*) FROM operation WHERE outcome = 'succeeded'") == 3
    assert await broken_rules(kit) == {}


async def test_an_order_is_not_cancelled_while_stripe_cannot_be_read(kit: Kit, clock: SetClock) -> None:
    order, link, product = await open_checkout(kit)
    clock.advance(hours=1)
    await arm(kit, "error_before", "GET /v1/checkout/sessions/*", count=None)
    shop = kit.shop
    async with nothing_changes(kit, but=("orders",)):
        assert await expire_orders(shop.database, shop.stripe, clock, shop.seals, WORKER) == 0
    assert (await kit.order(order.id)).deadline_at == clock.now() + timedelta(minutes=2)
    await disarm(kit)
    await kit.pay(link.url)
    clock.advance(minutes=3)
    assert await expire_orders(shop.database, shop.stripe, clock, shop.seals, WORKER) == 0
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.stock(product) == (9, 0)


async def test_an_overdue_order_that_nobody_pays_is_cancelled_and_its_stock_freed(kit: Kit, clock: SetClock) -> None:
    order, link, product = await open_checkout(kit, quantity=3)
    bare = await kit.place(product, 2)
    shop = kit.shop
    clock.advance(minutes=54)
    assert await expire_orders(shop.database, shop.stripe, clock, shop.seals, WORKER) == 0
    clock.advance(minutes=7)
    assert await expire_orders(shop.database, shop.stripe, clock, shop.seals, WORKER) == 2
    assert {(await kit.order(order.id)).state, (await kit.order(bare.id)).state} == {OrderState.CANCELLED}
    assert await kit.stock(product) == (10, 0)
    session = await kit.api("GET", f"/v1/checkout/sessions/{link.session_id}")
    assert session["status"] == "expired"
    assert await broken_rules(kit) == {}


async def test_an_order_that_needs_no_money_or_takes_none_never_reaches_stripe(kit: Kit) -> None:
    free = await kit.place(await kit.add_product(amount=0))
    cancelled = await new_order(kit)
    await kit.shop.cancel_order(GUEST, cancelled.id)
    for order in (free, cancelled):
        with pytest.raises(Refusal, match=r"order_already_paid|order_cancelled"):
            await kit.shop.start_checkout(GUEST, order.id)
    assert await calls(kit, CUSTOMERS) == (0, 0)
    assert await kit.count("SELECT count(*) FROM operation") == 0


async def test_a_session_past_its_end_is_replaced_only_when_it_is_seen_expired(kit: Kit, clock: SetClock) -> None:
    order, first, _ = await open_checkout(kit)
    clock.advance(minutes=46)
    await arm(kit, "reset", "POST /v1/checkout/sessions/*/expire")
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(GUEST, order.id)
    assert len(await at_stripe(kit, "checkout/sessions")) == 1
    clock.advance(seconds=5)
    await recover(kit)
    second = await kit.shop.start_checkout(GUEST, order.id)
    statuses = {session["id"]: session["status"] for session in await at_stripe(kit, "checkout/sessions")}
    assert statuses == {first.session_id: "expired", second.session_id: "open"}
    await pay_and_check(kit, order.id)


@pytest.mark.parametrize("end", ["expired", "complete", "open"])
async def test_an_expiry_whose_key_is_over_is_read_from_the_session(kit: Kit, clock: SetClock, end: str) -> None:
    order, link, product = await open_checkout(kit)
    await arm(kit, "lose_answer" if end == "expired" else "reset", "POST /v1/checkout/sessions/*/expire")
    with suppress(Unavailable):
        await kit.shop.cancel_order(GUEST, order.id)
    await disarm(kit)
    if end == "complete":
        await kit.pay(link.url)
    clock.advance(hours=21)
    assert await recover(kit) == 1
    clock.advance(minutes=11)
    await recover(kit)
    outcome = {"expired": "succeeded", "complete": "failed", "open": "failed"}[end]
    assert await rows(kit, "SELECT outcome FROM operation WHERE kind = 'expire_session'") == [{"outcome": outcome}]
    with suppress(Refusal):
        await kit.shop.cancel_order(GUEST, order.id)
    state, stock = (OrderState.PAID, (9, 0)) if end == "complete" else (OrderState.CANCELLED, (10, 0))
    assert ((await kit.order(order.id)).state, await kit.stock(product)) == (state, stock)
    assert await broken_rules(kit) == {}
