"""Refunds from end to end: whole, in parts, by lines, pending, failed weeks later, made at Stripe, and their echoes."""

from typing import Any

import pytest

from money_probe import broken_rules, calls, cancel_here_alone, control, nothing_changes, open_checkout, rows, run
from refund_kit import (
    OTHER_STAFF,
    PENDING_REFUND,
    STAFF,
    asked,
    balances,
    messages,
    paid_order,
    payment_sums,
    refund,
    refund_at_stripe,
    refund_row,
)
from shop_kit import GUEST, WORKER, Kit
from vivr.caller import Caller
from vivr.errors import Conflict, Forbidden, InvalidInput, NotFound, Refusal
from vivr.ids import OrderId, RefundId, RequestId
from vivr.orders.model import OrderState
from vivr.refunds.model import RefundState, Wish, WishedUnits
from vivr.refunds.poll_refunds import poll_refunds

REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed", "charge.refunded")
VIEWER = Caller("staff:per_vi", "viewer", RequestId("req_viewer"))


async def bank(kit: Kit, refund_id: str | None, act: str) -> None:
    """Let the bank ``succeed``, ``fail``, ``cancel`` or ``ask_buyer`` about a refund, and hear of it twice."""
    await control(kit, "POST", f"bank/{refund_id}/{act}")
    await kit.deliver_all(*REFUND_EVENTS)


async def test_staff_refunds_an_order_whole(kit: Kit) -> None:
    order, product = await paid_order(kit, quantity=2)
    made = await refund(kit, order.id)
    assert (made.state, made.amount_minor, made.origin) == (RefundState.SUCCEEDED, 5470, "staff")
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    assert await payment_sums(kit, order.id) == (5470, 5470, 0)
    assert await balances(kit) == {}
    assert await messages(kit, order.id) == ["refunded"]
    assert await kit.stock(product) == (8, 0)
    async with nothing_changes(kit):
        await kit.deliver_all(*REFUND_EVENTS)
    assert await kit.count("SELECT count(*) FROM inbox_event WHERE state = 'DEAD'") == 0
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="refund_nothing_left"):
            await refund(kit, order.id)


async def test_parts_leave_the_order_paid_and_the_last_takes_the_rest(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    for amount in (1, 999):
        await refund(kit, order.id, Wish(amount_minor=amount))
        assert (await kit.order(order.id)).state == OrderState.PAID
    assert await payment_sums(kit, order.id) == (2980, 1000, 0)
    assert (await refund(kit, order.id)).amount_minor == 1980
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    left = "SELECT count(*) FROM refunded_line WHERE amount_minor <> line_amount_minor OR tax_minor <> line_tax_minor"
    assert await kit.count(left) == 0
    assert await balances(kit) == {}
    await kit.deliver_all(*REFUND_EVENTS)
    assert await kit.count("SELECT count(*) FROM refund") == 3
    assert await messages(kit, order.id) == ["refunded"] * 3
    assert await broken_rules(kit) == {}


async def test_units_and_shipping_go_back_and_the_units_return_to_the_shelf_once(kit: Kit) -> None:
    order, product = await paid_order(kit, quantity=3)
    one = Wish(items=(WishedUnits(product, 1, restock=True),), shipping=True)
    first = await refund(kit, order.id, one)
    assert (first.amount_minor, await kit.stock(product)) == (2980, (8, 0))
    await bank(kit, first.stripe_id, "fail")
    assert await kit.stock(product) == (8, 0)
    every = Wish(items=(WishedUnits(product, 3, restock=True),))
    assert (await refund(kit, order.id, every)).amount_minor == 7470
    assert await kit.stock(product) == (10, 0)
    assert await payment_sums(kit, order.id) == (7960, 7470, 0)
    assert await broken_rules(kit) == {}


async def test_a_pending_refund_is_reserved_until_it_arrives(kit: Kit) -> None:
    order, _ = await paid_order(kit, card=PENDING_REFUND)
    made = await refund(kit, order.id)
    assert (made.state, await payment_sums(kit, order.id)) == (RefundState.PENDING, (2980, 0, 2980))
    assert (await kit.order(order.id)).state == OrderState.PAID
    with pytest.raises(Conflict, match="refund_nothing_left"):
        await refund(kit, order.id, Wish(amount_minor=1))
    await bank(kit, made.stripe_id, "succeed")
    assert (await refund_row(kit, made.id)).state == RefundState.SUCCEEDED
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    assert await messages(kit, order.id) == ["refunded"]
    assert await broken_rules(kit) == {}


async def test_a_pending_refund_is_asked_about_when_no_webhook_comes(kit: Kit) -> None:
    order, _ = await paid_order(kit, card=PENDING_REFUND)
    made = await refund(kit, order.id)
    shop = kit.shop
    assert await poll_refunds(shop.database, shop.stripe, shop.clock, WORKER) == 0
    await control(kit, "POST", f"bank/{made.stripe_id}/succeed")
    await run(kit, "UPDATE refund SET poll_at = now() - interval '1 minute'")
    await control(kit, "POST", "faults", {"kind": "error_before", "route": "GET /v1/refunds", "count": 9})
    assert await poll_refunds(shop.database, shop.stripe, shop.clock, WORKER) == 1
    assert (await refund_row(kit, made.id)).polls == 1
    await control(kit, "DELETE", "faults")
    await run(kit, "UPDATE refund SET poll_at = now() - interval '1 minute'")
    assert await poll_refunds(shop.database, shop.stripe, shop.clock, WORKER) == 1
    assert (await refund_row(kit, made.id)).poll_at is None
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize(("act", "state"), [("cancel", RefundState.CANCELED), ("fail", RefundState.FAILED)])
async def test_a_pending_refund_that_ends_frees_its_sum_and_is_told(kit: Kit, act: str, state: RefundState) -> None:
    order, _ = await paid_order(kit, card=PENDING_REFUND)
    made = await refund(kit, order.id, Wish(amount_minor=500))
    await bank(kit, made.stripe_id, "ask_buyer")
    assert (await refund_row(kit, made.id)).state == RefundState.PENDING
    before = await balances(kit)
    await bank(kit, made.stripe_id, act)
    assert ((await refund_row(kit, made.id)).state, await payment_sums(kit, order.id)) == (state, (2980, 0, 0))
    assert (await balances(kit))["fx_clearing"] == before["fx_clearing"] + 500 == 2980
    assert await messages(kit, order.id) == ["refund_failed", "refund_failed_staff", "refunded"]
    assert await broken_rules(kit) == {}


async def test_a_refund_that_fails_weeks_later_brings_everything_back(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    books = await balances(kit)
    made = await refund(kit, order.id)
    await kit.deliver_all(*REFUND_EVENTS)
    await bank(kit, made.stripe_id, "fail")
    ended = await refund_row(kit, made.id)
    assert (ended.state, ended.failure_code) == (RefundState.FAILED, "unknown")
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert (await payment_sums(kit, order.id), await balances(kit)) == ((2980, 0, 0), books)
    assert await messages(kit, order.id) == ["refund_failed", "refund_failed_staff", "refunded"]
    assert (await refund(kit, order.id)).state == RefundState.SUCCEEDED
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    assert await broken_rules(kit) == {}


async def test_refunds_made_at_stripe_are_booked_once(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    await refund(kit, order.id, Wish(amount_minor=980))
    theirs = [await refund_at_stripe(kit, order.id, amount) for amount in (333, 667)]
    await kit.deliver_all(*REFUND_EVENTS)
    await kit.deliver_all(*REFUND_EVENTS)
    found = await rows(
        kit, "SELECT stripe_id, amount_minor, origin, reason FROM refund WHERE origin = 'stripe' ORDER BY 2"
    )
    assert [(row["stripe_id"], row["amount_minor"], row["reason"]) for row in found] == [
        (made["id"], made["amount"], "other") for made in theirs
    ]
    assert await payment_sums(kit, order.id) == (2980, 1980, 0)
    await refund_at_stripe(kit, order.id)
    await kit.deliver_all(*REFUND_EVENTS)
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    assert await balances(kit) == {}
    assert await broken_rules(kit) == {}


async def test_a_refund_made_at_stripe_that_failed_unseen_is_posted_twice_and_counts_nowhere(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    theirs = await refund_at_stripe(kit, order.id)
    await control(kit, "POST", f"bank/{theirs['id']}/fail")
    ours = await refund(kit, order.id)
    await kit.deliver_all(*REFUND_EVENTS)
    assert ours.state == RefundState.SUCCEEDED
    assert await rows(kit, "SELECT state, failure_code FROM refund WHERE origin = 'stripe'") == [
        {"state": "FAILED", "failure_code": "unknown"}
    ]
    assert (await payment_sums(kit, order.id), await balances(kit)) == ((2980, 2980, 0), {})
    assert await broken_rules(kit) == {}


async def test_what_stripe_refuses_is_free_again(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    await refund_at_stripe(kit, order.id, 2000)
    request = asked(kit, order.id)
    for _ in range(2):
        with pytest.raises(Refusal, match="refund_refused"):
            await kit.shop.request_refund(STAFF, request)
    ended = await refund_row(kit, request.refund_id)
    assert (ended.state, ended.stripe_id) == (RefundState.FAILED, None)
    assert (await payment_sums(kit, order.id), await messages(kit, order.id)) == ((2980, 0, 0), [])
    await kit.deliver_all(*REFUND_EVENTS)
    assert await payment_sums(kit, order.id) == (2980, 2000, 0)
    assert (await refund(kit, order.id)).amount_minor == 980
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize(
    ("wish", "caller", "error", "code"),
    [
        (Wish(amount_minor=2981), STAFF, Refusal, "refund_over_remaining"),
        (Wish(amount_minor=0), STAFF, InvalidInput, "validation_failed"),
        (Wish(amount_minor=1, shipping=True), STAFF, InvalidInput, "validation_failed"),
        (Wish(), VIEWER, Forbidden, "forbidden"),
    ],
)
async def test_what_breaks_a_rule_changes_nothing(
    kit: Kit, wish: Wish, caller: Caller, error: type[Exception], code: str
) -> None:
    order, _ = await paid_order(kit)
    async with nothing_changes(kit):
        with pytest.raises(error, match=code):
            await refund(kit, order.id, wish, caller)
    assert await calls(kit, "POST /v1/refunds") == (0, 0)


async def test_unpaid_and_unknown_orders_are_not_refunded(kit: Kit) -> None:
    unpaid, _, _ = await open_checkout(kit)
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="payment_not_captured"):
            await refund(kit, unpaid.id)
        with pytest.raises(NotFound, match="order_not_found"):
            await refund(kit, OrderId("ord_" + "0" * 26))
    order, _ = await paid_order(kit)
    with pytest.raises(NotFound, match="payment_not_found"):
        await refund(kit, order.id, payment_id="pay_of_another")


async def test_the_same_id_is_the_same_refund(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    request = asked(kit, order.id, Wish(amount_minor=100))
    first = await kit.shop.request_refund(STAFF, request)
    assert await kit.shop.request_refund(STAFF, request) == first
    with pytest.raises(NotFound, match="refund_not_found"):
        await kit.shop.request_refund(OTHER_STAFF, request)
    assert await calls(kit, "POST /v1/refunds") == (1, 1)


async def test_late_money_goes_back_without_moving_its_order(kit: Kit) -> None:
    order, link, _ = await open_checkout(kit)
    await cancel_here_alone(kit)
    await kit.pay(link.url)
    await kit.deliver_all()
    held = (await rows(kit, "SELECT payment_id FROM money_exception WHERE kind = 'late'"))[0]["payment_id"]
    with pytest.raises(Conflict, match="payment_not_captured"):
        await refund(kit, order.id)
    with pytest.raises(InvalidInput):
        await refund(kit, order.id, Wish(shipping=True), payment_id=held)
    made = await refund(kit, order.id, caller=WORKER, payment_id=held)
    assert (made.state, made.origin, await balances(kit)) == (RefundState.SUCCEEDED, "system", {})
    assert (await kit.order(order.id)).state == OrderState.CANCELLED
    await bank(kit, made.stripe_id, "fail")
    assert await balances(kit) == {"fx_clearing": 2980, "held_for_customers": -2980}
    theirs = await kit.api("POST", "/v1/refunds", {"payment_intent": await _intent(kit, held)})
    await kit.deliver_all(*REFUND_EVENTS)
    assert (await balances(kit), theirs["amount"]) == ({}, 2980)
    assert (await kit.order(order.id)).state == OrderState.CANCELLED
    assert await broken_rules(kit) == {}


async def _intent(kit: Kit, payment_id: str) -> str:
    found: list[dict[str, Any]] = await rows(kit, "SELECT intent_id FROM payment WHERE id = %(id)s", id=payment_id)
    return str(found[0]["intent_id"])


async def test_a_customers_wish_waits_for_staff(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    first = await refund(kit, order.id, Wish(amount_minor=100), GUEST)
    second = await refund(kit, order.id, Wish(amount_minor=200), GUEST)
    assert (first.state, first.origin, await payment_sums(kit, order.id)) == (
        *(RefundState.REQUESTED, "customer"),
        (2980, 0, 0),
    )
    with pytest.raises(Forbidden):
        await kit.shop.accept_refund(VIEWER, first.id)
    with pytest.raises(Forbidden):
        await kit.shop.decline_refund(GUEST, second.id)
    assert (await kit.shop.accept_refund(STAFF, first.id)).state == RefundState.SUCCEEDED
    declined = await kit.shop.decline_refund(STAFF, second.id)
    assert (declined.state, declined.failure_code, declined.decided_by) == (
        *(RefundState.CANCELED, "declined"),
        STAFF.actor,
    )
    for decided in (first.id, second.id):
        with pytest.raises(Conflict, match="refund_already_decided"):
            await kit.shop.accept_refund(STAFF, decided)
        with pytest.raises(Conflict, match="refund_already_decided"):
            await kit.shop.decline_refund(STAFF, decided)
    with pytest.raises(NotFound, match="refund_not_found"):
        await kit.shop.accept_refund(STAFF, RefundId("rfd_nobody"))
    assert await payment_sums(kit, order.id) == (2980, 100, 0)
    assert await broken_rules(kit) == {}


async def test_a_customer_asks_five_times_at_most_before_staff_has_looked(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    wishes = [await refund(kit, order.id, Wish(amount_minor=1), GUEST) for _ in range(5)]
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="too_many_refund_requests"):
            await refund(kit, order.id, Wish(amount_minor=1), GUEST)
    await refund(kit, order.id, Wish(amount_minor=1))
    await kit.shop.decline_refund(STAFF, wishes[0].id)
    await refund(kit, order.id, Wish(amount_minor=1), GUEST)


async def test_a_wish_that_no_longer_fits_is_not_accepted(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    wish = await refund(kit, order.id, caller=GUEST)
    over = await refund(kit, order.id, Wish(amount_minor=2980), GUEST)
    await refund(kit, order.id, Wish(amount_minor=1))
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="refund_changed"):
            await kit.shop.accept_refund(STAFF, wish.id)
        with pytest.raises(Refusal, match="refund_over_remaining"):
            await kit.shop.accept_refund(STAFF, over.id)
