"""Authorised money from end to end: captured whole or in part, released, lapsed, warned of, and acted on by policy."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from capture_kit import at_stripe, authorized_order, capture, mails, payment_of, whole, without
from flows.fault_kit import AFTER, BEFORE, STORED, Dead, death_at, recover_until_rest
from money_probe import arm, broken_rules, calls, control, disarm, nothing_changes, rows, run
from refund_kit import STAFF, balances, payment_sums, refund
from shop_kit import GUEST, WORKER, Kit, open_kit
from vivr.checkout.expire_orders import expire_orders
from vivr.checkout.watch_authorizations import LapseTerms, watch_authorizations
from vivr.clock import SetClock
from vivr.crash_points import POINTS
from vivr.errors import Conflict, Forbidden, InvalidInput, Refusal, Unavailable
from vivr.ids import OrderId, ProductId
from vivr.orders.model import OrderState
from vivr.payments.model import PaymentState
from vivr.payments.poll_payments import poll_payments
from vivr.refunds.model import Wish, WishedUnits
from vivr.settings import LapsePolicy

WEEK_S = 7 * 86_400


CAPTURE = "POST /v1/payment_intents/*/capture"


@pytest.fixture
def clock() -> SetClock:
    """The shop's clock; the sandbox has its own, so both begin at the true time."""
    return SetClock(datetime.now(UTC))


@pytest.fixture
async def kit(database_url: str, sandbox_url: str, clock: SetClock) -> AsyncGenerator[Kit]:
    """A shop that captures by hand; its client does not repeat calls by itself."""
    async with open_kit(
        database_url, sandbox_url, clock=clock, STRIPE_MAX_RETRIES="0", PAYMENT_CAPTURE_METHOD="manual"
    ) as opened:
        yield opened


async def poll(kit: Kit) -> None:
    """The poller asks Stripe about what is due."""
    shop = kit.shop
    await poll_payments(
        shop.database, shop.stripe, shop.clock, WORKER, first=timedelta(seconds=1), longest=timedelta(minutes=5)
    )


async def watch(kit: Kit, policy: LapsePolicy) -> int:
    """One turn of the watch on authorisations, with leads of two days and half a day."""
    shop, terms = kit.shop, LapseTerms(policy, timedelta(hours=48), timedelta(hours=12))
    return await watch_authorizations(shop.database, shop.stripe, shop.clock, shop.seals, WORKER, terms)


async def ends_in(kit: Kit, order_id: OrderId, hours: int) -> None:
    """Let the authorisation end in so many hours."""
    await run(
        kit,
        "UPDATE payment SET capture_before = now() + make_interval(hours => %(hours)s) WHERE order_id = %(id)s",
        hours=hours,
        id=order_id,
    )


async def test_authorised_money_waits_for_staff_and_is_captured_whole(kit: Kit) -> None:
    order, product = await authorized_order(kit, quantity=2)
    payment = await payment_of(kit, order.id)
    assert (order.state, payment.state, payment.captured_minor) == (OrderState.PROCESSING, PaymentState.AUTHORIZED, 0)
    assert payment.capture_before is not None
    left = payment.capture_before - kit.shop.clock.now()
    assert timedelta(days=6, hours=23) < left < timedelta(days=7, minutes=1)
    assert (await kit.stock(product), await balances(kit), await mails(kit, order.id)) == ((10, 2), {}, [])
    captured = await capture(kit, whole(order.id))
    assert (captured.state, captured.captured_minor, captured.settles) == (PaymentState.CAPTURED, 5470, True)
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert (await at_stripe(kit, order.id))["amount_received"] == 5470
    assert (await kit.stock(product), await mails(kit, order.id)) == ((8, 0), ["order_confirmation"])
    assert await broken_rules(kit) == {}
    async with nothing_changes(kit):
        await kit.deliver_all()
        with pytest.raises(Conflict, match="order_already_paid"):
            await capture(kit, whole(order.id))


async def test_in_part_only_what_remains_is_sold_and_the_rest_is_free(kit: Kit) -> None:
    order, product = await authorized_order(kit, quantity=3, stock=3)
    captured = await capture(kit, without(order.id, {product: 1}))
    assert (captured.amount_minor, captured.captured_minor) == (7960, 5470)
    amended = await kit.order(order.id)
    assert (amended.state, amended.payable_minor, amended.total_minor) == (OrderState.PAID, 5470, 5470)
    assert (amended.subtotal_minor, amended.shipping_minor, amended.tax_minor) == (4980, 490, 912)
    assert await kit.stock(product) == (1, 0)
    assert await balances(kit) == {
        "fx_clearing": 5470,
        "sales": -4150,
        "shipping_sales": -408,
        "vat_payable": -912,
    }
    history = await rows(
        kit, "SELECT to_state, reason FROM order_history WHERE order_id = %(id)s ORDER BY id", id=order.id
    )
    assert [row["reason"] for row in history] == ["placed", "payment_authorized", "payment_captured_in_part"]
    assert await broken_rules(kit) == {}
    async with nothing_changes(kit):
        await kit.deliver_all()
    with pytest.raises(InvalidInput):
        await refund(kit, order.id, Wish(items=(WishedUnits(product, 3),)))
    await refund(kit, order.id, Wish(items=(WishedUnits(product, 2, restock=True),), shipping=True))
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    assert (await kit.stock(product), await balances(kit)) == ((3, 0), {})
    assert await broken_rules(kit) == {}


async def test_what_can_not_be_left_out_is_refused_and_nothing_changes(kit: Kit) -> None:
    order, product = await authorized_order(kit, quantity=2)
    refusals = (
        (without(order.id, {product: 2}), "nothing_to_capture"),
        (without(order.id, {product: 3}), "validation_failed"),
        (without(order.id, {ProductId("prd_other"): 1}), "validation_failed"),
        (without(order.id, {}), "validation_failed"),
    )
    async with nothing_changes(kit):
        for request, code in refusals:
            with pytest.raises((Refusal, InvalidInput)) as refused:
                await capture(kit, request)
            assert refused.value.code == code
        with pytest.raises(Forbidden):
            await kit.shop.capture_payment(GUEST, whole(order.id))
        with pytest.raises(Forbidden):
            await kit.shop.release_order(GUEST, order.id)
    assert await calls(kit, "POST /v1/payment_intents/{id}/capture") == (0, 0)


async def test_nothing_is_captured_while_a_hold_is_open(kit: Kit) -> None:
    order, _ = await authorized_order(kit)
    await run(
        kit,
        "INSERT INTO order_hold (id, order_id, cause, object_id, placed_by, placed_at)"
        " SELECT 'hld_1', id, 'review', 'prv_1', 'system:radar', now() FROM orders",
    )
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="order_on_hold"):
            await capture(kit, whole(order.id))


async def test_a_capture_that_never_happened_restores_the_order(kit: Kit, clock: SetClock) -> None:
    order, product = await authorized_order(kit, quantity=2)
    await arm(kit, route=CAPTURE, **STORED)
    await kit.shop.capture_payment(STAFF, without(order.id, {product: 1}))
    assert (await kit.order(order.id)).payable_minor == 2980
    await recover_until_rest(kit, clock)
    restored = await kit.order(order.id)
    assert (restored.state, restored.payable_minor, restored.amendment) == (OrderState.PROCESSING, 5470, 0)
    assert (restored.subtotal_minor, restored.tax_minor) == (order.subtotal_minor, order.tax_minor)
    assert (await kit.stock(product), await balances(kit)) == ((10, 2), {})
    assert await broken_rules(kit) == {}
    await disarm(kit)
    assert (await capture(kit, without(order.id, {}, shipping=True))).captured_minor == 4980
    assert (await kit.order(order.id)).shipping_minor == 0
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
async def test_a_capture_of_which_nobody_knows_is_settled_by_the_worker(
    kit: Kit, clock: SetClock, fault: dict[str, Any]
) -> None:
    order, product = await authorized_order(kit, quantity=2)
    await arm(kit, route=CAPTURE, **fault)
    with suppress(Unavailable):
        await kit.shop.capture_payment(STAFF, without(order.id, {product: 1}))
    for act in (capture(kit, whole(order.id)), kit.shop.cancel_order(GUEST, order.id)):
        with pytest.raises(Conflict):
            await act
    await recover_until_rest(kit, clock)
    await poll(kit)
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert (await payment_of(kit, order.id)).captured_minor == 2980
    assert (await kit.stock(product), (await at_stripe(kit, order.id))["amount_received"]) == ((9, 0), 2980)
    assert await broken_rules(kit) == {}


async def test_a_capture_in_the_dashboard_beside_one_of_ours_fits_when_ours_has_failed(
    kit: Kit, clock: SetClock
) -> None:
    order, product = await authorized_order(kit, quantity=2)
    await arm(kit, route=CAPTURE, **BEFORE[0])
    await kit.shop.capture_payment(STAFF, without(order.id, {product: 1}))
    payment = await payment_of(kit, order.id)
    await kit.api("POST", f"/v1/payment_intents/{payment.intent_id}/capture")
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PROCESSING
    await recover_until_rest(kit, clock)
    await poll(kit)
    paid = await kit.order(order.id)
    assert (paid.state, paid.payable_minor, paid.amendment) == (OrderState.PAID, 5470, 0)
    assert await kit.count("SELECT count(*) FROM money_exception") == 0
    assert (await kit.stock(product), await broken_rules(kit)) == ((8, 0), {})


ENDS = tuple(name for name in POINTS if name.startswith("end."))


@pytest.mark.parametrize("point", ["capture.before_reserve", *ENDS, "capture.after_settle"])
async def test_a_capture_that_dies_is_finished_or_never_was(kit: Kit, clock: SetClock, point: str) -> None:
    order, product = await authorized_order(kit, quantity=2)
    with death_at(point), pytest.raises(Dead):
        await kit.shop.capture_payment(STAFF, without(order.id, {product: 1}))
    await finish(kit, clock)
    never_was = point == "capture.before_reserve"
    assert (await kit.order(order.id)).state == (OrderState.PROCESSING if never_was else OrderState.PAID)
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("point", ["release.before_reserve", *ENDS, "release.after_settle"])
async def test_a_release_that_dies_is_finished_or_never_was(kit: Kit, clock: SetClock, point: str) -> None:
    order, product = await authorized_order(kit, quantity=2)
    with death_at(point), pytest.raises(Dead):
        await kit.shop.release_order(STAFF, order.id)
    await finish(kit, clock)
    never_was = point == "release.before_reserve"
    assert (await kit.order(order.id)).state == (OrderState.PROCESSING if never_was else OrderState.CANCELLED)
    assert await kit.stock(product) == (10, 2 * never_was)
    assert await broken_rules(kit) == {}


async def finish(kit: Kit, clock: SetClock) -> None:
    """Let the worker finish what stopped."""
    await recover_until_rest(kit, clock)
    clock.advance(hours=1)
    await poll(kit)


async def test_a_part_captured_in_the_dashboard_is_held(kit: Kit) -> None:
    order, _ = await authorized_order(kit)
    payment = await payment_of(kit, order.id)
    await kit.api("POST", f"/v1/payment_intents/{payment.intent_id}/capture", {"amount_to_capture": "1000"})
    await kit.deliver_all()
    held = await rows(kit, "SELECT kind, amount_minor FROM money_exception")
    assert held == [{"kind": "wrong_amount", "amount_minor": 1000}]
    assert await broken_rules(kit) == {}


async def test_staff_releases_the_money_and_the_order_with_it(kit: Kit) -> None:
    order, product = await authorized_order(kit, quantity=2)
    released = await kit.shop.release_order(STAFF, order.id)
    assert (released.state, (await payment_of(kit, order.id)).state) == (OrderState.CANCELLED, PaymentState.CANCELLED)
    assert (await at_stripe(kit, order.id))["status"] == "canceled"
    assert (await kit.stock(product), await balances(kit)) == ((10, 0), {})
    assert await mails(kit, order.id) == ["order_released"]
    async with nothing_changes(kit):
        await kit.deliver_all()
        with pytest.raises(Conflict, match="payment_not_authorized"):
            await capture(kit, whole(order.id))
    assert await kit.count("SELECT count(*) FROM refund") == 0


async def test_a_customer_cancels_what_is_only_authorised(kit: Kit) -> None:
    order, product = await authorized_order(kit)
    assert (await kit.shop.cancel_order(GUEST, order.id)).state == OrderState.CANCELLED
    assert (await kit.stock(product), await payment_sums(kit, order.id)) == ((10, 0), (0, 0, 0))
    assert await broken_rules(kit) == {}


async def test_no_deadline_releases_money_that_was_authorised_just_before(kit: Kit) -> None:
    order, _ = await authorized_order(kit, hears=False)
    assert order.state == OrderState.PENDING
    shop = kit.shop
    await run(kit, "UPDATE orders SET deadline_at = placed_at")
    await expire_orders(shop.database, shop.stripe, shop.clock, shop.seals, WORKER)
    assert (await kit.order(order.id)).state == OrderState.PROCESSING
    assert (await at_stripe(kit, order.id))["status"] == "requires_capture"


async def test_what_lapses_at_stripe_cancels_the_order_and_is_told(kit: Kit) -> None:
    order, product = await authorized_order(kit, quantity=2)
    await control(kit, "POST", "clock", {"advance_s": WEEK_S + 60})
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.CANCELLED
    assert (await kit.stock(product), await balances(kit)) == ((10, 0), {})
    assert await mails(kit, order.id) == ["authorization_lapsed_staff", "order_released"]
    reasons = await rows(kit, "SELECT reason FROM order_history WHERE order_id = %(id)s ORDER BY id", id=order.id)
    assert reasons[-1]["reason"] == "authorization_lapsed"
    async with nothing_changes(kit):
        await kit.deliver_all()
        await poll(kit)


async def test_a_lapse_during_a_capture_puts_back_what_was_struck_and_cancels(kit: Kit, clock: SetClock) -> None:
    order, product = await authorized_order(kit, quantity=2)
    await arm(kit, route=CAPTURE, **BEFORE[0])
    await kit.shop.capture_payment(STAFF, without(order.id, {product: 1}))
    await control(kit, "POST", "clock", {"advance_s": WEEK_S + 60})
    await kit.deliver_all()
    cancelled = await kit.order(order.id)
    assert (cancelled.state, cancelled.amendment, cancelled.total_minor) == (OrderState.CANCELLED, 0, 5470)
    await recover_until_rest(kit, clock)
    assert await kit.order(order.id) == cancelled
    assert (await kit.stock(product), await balances(kit)) == ((10, 0), {})
    assert await broken_rules(kit) == {}


async def test_staff_is_warned_once_before_an_authorisation_ends(kit: Kit) -> None:
    order, _ = await authorized_order(kit)
    assert await watch(kit, LapsePolicy.WARN) == 0
    await ends_in(kit, order.id, 47)
    assert (await watch(kit, LapsePolicy.CAPTURE), await watch(kit, LapsePolicy.CAPTURE)) == (1, 0)
    assert await mails(kit, order.id) == ["authorization_ending_staff"]
    await ends_in(kit, order.id, 1)
    assert await watch(kit, LapsePolicy.WARN) == 0
    assert (await kit.order(order.id)).state == OrderState.PROCESSING


@pytest.mark.parametrize(
    ("policy", "state"), [(LapsePolicy.CAPTURE, OrderState.PAID), (LapsePolicy.RELEASE, OrderState.CANCELLED)]
)
async def test_the_policy_acts_shortly_before_the_end(kit: Kit, policy: LapsePolicy, state: OrderState) -> None:
    order, _ = await authorized_order(kit)
    await ends_in(kit, order.id, 11)
    assert await watch(kit, policy) == 2
    assert (await kit.order(order.id)).state == state
    assert await broken_rules(kit) == {}
    async with nothing_changes(kit):
        assert await watch(kit, policy) == 0


async def test_the_policy_tries_again_what_it_could_not_do(kit: Kit) -> None:
    order, _ = await authorized_order(kit)
    await ends_in(kit, order.id, 11)
    await run(
        kit,
        "INSERT INTO order_hold (id, order_id, cause, object_id, placed_by, placed_at)"
        " SELECT 'hld_1', id, 'review', 'prv_1', 'system:radar', now() FROM orders",
    )
    assert await watch(kit, LapsePolicy.CAPTURE) == 1
    await run(kit, "UPDATE order_hold SET released_by = 'staff:per_sam', released_at = now()")
    assert await watch(kit, LapsePolicy.CAPTURE) == 0
    await run(kit, "UPDATE payment SET lapse_acted_at = lapse_acted_at - interval '11 minutes'")
    assert await watch(kit, LapsePolicy.CAPTURE) == 1
    assert (await kit.order(order.id)).state == OrderState.PAID
