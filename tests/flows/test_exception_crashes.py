"""A process dies at any point of a resolution: the next word, or the worker, ends it, once."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from exception_kit import (
    SUPPORT,
    deliver_refunds,
    held_in_ledger,
    late_money,
    pay_beside,
    refunds_at_stripe,
    the_exception,
    unknown_money,
)
from flows.fault_kit import recover, recover_until_rest
from money_probe import arm, broken_rules, disarm, open_checkout, run
from refund_kit import STAFF
from shop_kit import Kit
from vivr import crash_points
from vivr.clock import SetClock
from vivr.orders.model import OrderState

GIVE_BACK_POINTS = tuple(
    point for point in crash_points.POINTS if point.startswith("exception.") and "accept" not in point
)
REFUND_POINTS = tuple(point for point in crash_points.POINTS if point.startswith("refund."))
ACCEPT_POINTS = tuple(point for point in crash_points.POINTS if point.startswith("exception.") and "accept" in point)


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def killed_at(name: str) -> Generator[None]:
    """Die when a point is reached; the block ends there."""

    def hear(point: str) -> None:
        if point == name:
            crash_points.listen(None)
            raise Killed

    crash_points.listen(hear)
    try:
        with pytest.raises(Killed):
            yield
    finally:
        crash_points.listen(None)


pytestmark = pytest.mark.set_clock(STRIPE_MAX_RETRIES="0")


async def rest(kit: Kit, clock: SetClock) -> None:
    """Somebody says it again, the worker recovers, and Stripe's words arrive."""
    held = await the_exception(kit)
    await kit.shop.give_back(STAFF, held.id)
    clock.advance(minutes=2)
    await recover(kit)
    for _ in range(2):
        await deliver_refunds(kit, held.object_id)
    given = await the_exception(kit)
    assert (given.state, given.resolution) == ("resolved", "refunded")
    assert [made["amount"] for made in await refunds_at_stripe(kit, held.object_id)] == [2980]
    assert await held_in_ledger(kit) == 0
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("point", GIVE_BACK_POINTS)
async def test_money_that_came_beside_goes_back_once_wherever_the_process_died(
    kit: Kit, clock: SetClock, point: str
) -> None:
    await unknown_money(kit)
    with killed_at(point):
        await kit.shop.give_back(SUPPORT, (await the_exception(kit)).id)
    await rest(kit, clock)


@pytest.mark.parametrize("point", [point for point in REFUND_POINTS if point != "refund.before_reserve"])
async def test_money_of_a_payment_goes_back_once_wherever_the_process_died(
    kit: Kit, clock: SetClock, point: str
) -> None:
    await late_money(kit)
    with killed_at(point):
        await kit.shop.give_back(SUPPORT, (await the_exception(kit)).id)
    await rest(kit, clock)


@pytest.mark.parametrize("point", ACCEPT_POINTS)
async def test_late_money_pays_one_new_order_wherever_the_process_died(kit: Kit, point: str) -> None:
    _, product = await late_money(kit)
    held = await the_exception(kit)
    with killed_at(point):
        await kit.shop.accept_money(SUPPORT, held.id)
    accepted = await kit.shop.accept_money(SUPPORT, held.id)
    assert accepted.accepted_order_id is not None
    assert (await kit.order(accepted.accepted_order_id)).state == OrderState.PAID
    assert await kit.count("SELECT count(*) FROM orders") == 2
    assert await kit.stock(product) == (9, 0)
    assert await broken_rules(kit) == {}


async def test_a_lost_answer_is_settled_under_the_same_key(kit: Kit, clock: SetClock) -> None:
    intent_id = await unknown_money(kit)
    await arm(kit, "lose_answer", "POST /v1/refunds")
    waiting = await kit.shop.give_back(SUPPORT, (await the_exception(kit)).id)
    assert waiting.state == "resolving"
    assert (await kit.shop.give_back(STAFF, waiting.id)).state == "resolving"
    await recover_until_rest(kit, clock)
    assert (await the_exception(kit)).resolution == "refunded"
    assert len(await refunds_at_stripe(kit, intent_id)) == 1


async def test_after_the_life_of_its_key_a_refund_is_read_and_not_repeated(kit: Kit, clock: SetClock) -> None:
    intent_id = await unknown_money(kit)
    await arm(kit, "lose_answer", "POST /v1/refunds")
    held = await kit.shop.give_back(SUPPORT, (await the_exception(kit)).id)
    clock.advance(hours=21)
    await recover(kit)
    assert (await the_exception(kit)).resolved_by == SUPPORT.actor
    assert len(await refunds_at_stripe(kit, intent_id)) == 1
    assert held.rounds == 1


async def test_a_refund_that_never_happened_opens_the_exception_again(kit: Kit, clock: SetClock) -> None:
    intent_id = await unknown_money(kit)
    await arm(kit, "error_before", "POST /v1/refunds", stored=True)
    await kit.shop.give_back(SUPPORT, (await the_exception(kit)).id)
    await recover_until_rest(kit, clock)
    await disarm(kit)
    held = await the_exception(kit)
    assert (held.state, await refunds_at_stripe(kit, intent_id)) == ("open", [])
    assert (await kit.shop.give_back(SUPPORT, held.id)).resolution == "refunded"


@pytest.mark.parametrize("at_stripe", ["canceled", "succeeded", "requires_capture"])
async def test_a_release_whose_answer_was_lost_is_settled_by_what_stripe_shows(
    kit: Kit, clock: SetClock, at_stripe: str
) -> None:
    order, _, _ = await open_checkout(kit)
    intent_id = await pay_beside(kit, order, capture_method="manual")
    await arm(kit, "lose_answer" if at_stripe == "canceled" else "error_before", "POST /v1/payment_intents/*/cancel")
    held = await the_exception(kit)
    assert (await kit.shop.give_back(SUPPORT, held.id)).state == "resolving"
    if at_stripe == "succeeded":
        await kit.api("POST", f"/v1/payment_intents/{intent_id}/capture")
    await run(kit, "UPDATE operation SET error_code = 'read_once' WHERE outcome = 'unknown'")
    await recover_until_rest(kit, clock)
    expected = {"canceled": "resolved", "succeeded": "open", "requires_capture": "open"}
    assert (await the_exception(kit)).state == expected[at_stripe]
