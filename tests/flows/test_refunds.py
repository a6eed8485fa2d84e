"""Refunds from end to end: full, in parts, by lines, pending, failed weeks later, made at Stripe, and their echoes."""

from money_probe import broken_rules
from refund_kit import STAFF, balances, messages, paid_order, payment_sums, refund, refund_row
from shop_kit import Kit
from vivr.orders.model import OrderState
from vivr.refunds.model import RefundState

REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed", "charge.refunded")


async def test_staff_refunds_an_order_whole(kit: Kit) -> None:
    order, product = await paid_order(kit, quantity=2)
    made = await refund(kit, order.id)
    assert (made.state, made.amount_minor, made.origin) == (RefundState.SUCCEEDED, 5470, "staff")
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    assert await payment_sums(kit, order.id) == (5470, 5470, 0)
    assert await balances(kit) == {}
    assert await messages(kit, order.id) == ["refunded"]
    assert await kit.stock(product) == (8, 0)
    before = await refund_row(kit, made.id)
    await kit.deliver_all(*REFUND_EVENTS)
    assert await refund_row(kit, made.id) == before
    assert await kit.count("SELECT count(*) FROM refund") == 1
    assert await broken_rules(kit) == {}
    assert STAFF.actor == made.requested_by
