"""A dispute beside refunds, and readers that overtake each other: one truth at the end, and every cent of it booked."""

from contextlib import suppress
from typing import Any, Final

import pytest

from dispute_kit import bank, charge_of, decide, dispute_charge, dispute_sums, disputes_at_stripe, stored
from money_probe import broken_rules, nothing_changes, rows
from races.interleaving import OtherProcess, at_point
from races.test_refunds import paid_orders, recover
from refund_kit import STAFF, asked, payment_sums
from shop_kit import WORKER, Kit
from vivr.disputes.apply_disputes import apply_disputes
from vivr.errors import VivrError
from vivr.ids import OrderId, PaymentId
from vivr.orders.model import OrderState
from vivr.refunds.model import Wish
from vivr.stripe_gateway.objects import StripeDispute

POINTS: Final = ("refund.after_reserve", "refund.after_call")
ENDS: Final = ("win", "lose", None)


@pytest.mark.parametrize("point", POINTS)
async def test_a_dispute_between_two_steps_of_a_refund(kit: Kit, other: OtherProcess, point: str) -> None:
    for order_id, end in zip(await paid_orders(kit, len(ENDS)), ENDS, strict=True):
        charge = await charge_of(kit, order_id)
        request = asked(kit, order_id, Wish(amount_minor=2000))

        async def interfere(theirs: Kit, charge: str = charge, end: str | None = end) -> None:
            dispute = await dispute_charge(theirs, charge)
            if end is not None:
                await decide(theirs, dispute, end)

        with (
            at_point(point, lambda interfere=interfere: other.run(interfere)) as reached,
            suppress(VivrError),
        ):
            await kit.shop.request_refund(STAFF, request)
        assert point in reached
        for _ in range(2):
            await recover(kit, request)
            await kit.deliver_all()
        captured, refunded, pending = await payment_sums(kit, order_id)
        held, lost = await dispute_sums(kit, order_id)
        assert (captured, pending) == (2980, 0)
        assert (held, lost) == {"win": (0, 0), "lose": (0, 2980), None: (2980, 0)}[end]
        assert refunded in {0, 2000}
        known = (await stored(kit, (await disputes_at_stripe(kit, charge))[0]["id"])).state
        assert known == {"win": "won", "lose": "lost", None: "needs_response"}[end]
    assert await broken_rules(kit) == {}


async def listed(kit: Kit, charge: str) -> list[StripeDispute]:
    """What a reader reads now."""
    intent = (await disputes_at_stripe(kit, charge))[0]["payment_intent"]
    return await kit.shop.stripe.list_disputes(intent)


async def overtaken(kit: Kit, order_id: OrderId, ticket: int | None = None) -> Any:
    """One reads that the answer is awaited; the dispute is lost and that applied; then the first one applies."""
    charge = await charge_of(kit, order_id)
    dispute = await dispute_charge(kit, charge)
    payment = (await rows(kit, "SELECT id, ticket_taken FROM payment WHERE order_id = %(id)s", id=order_id))[0]
    old = await listed(kit, charge)
    await bank(kit, dispute, "lose")
    await kit.deliver_all()
    assert (await kit.order(order_id)).state == OrderState.REFUNDED
    taken = payment["ticket_taken"] if ticket is None else ticket
    async with kit.shop.database.transaction() as tx:
        return await apply_disputes(tx, kit.shop.clock, WORKER, PaymentId(payment["id"]), order_id, taken, old)


async def test_a_reader_that_was_overtaken_changes_nothing(kit: Kit) -> None:
    (order_id,) = await paid_orders(kit, 1)
    applied = await overtaken(kit, order_id)
    assert applied.is_stale
    assert (await kit.order(order_id)).state == OrderState.REFUNDED
    async with nothing_changes(kit):
        await kit.deliver_all()


async def test_without_tickets_it_would_bring_the_old_word_back(kit: Kit) -> None:
    (order_id,) = await paid_orders(kit, 1)
    applied = await overtaken(kit, order_id, ticket=1_000_000)
    assert not applied.is_stale
    assert (await kit.order(order_id)).state == OrderState.DISPUTED
