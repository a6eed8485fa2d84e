"""Units that refunds put back onto the shelf: each once, whatever fails while another refund is on its way."""

import pytest

from flows.fault_kit import recover_until_rest
from money_probe import arm, broken_rules, control
from refund_kit import STAFF, asked, paid_order, refund, refund_at_stripe, refund_row
from shop_kit import Kit
from vivr.clock import SetClock
from vivr.errors import Refusal
from vivr.ids import ProductId
from vivr.refunds.model import RefundState, Wish, WishedUnits

REFUNDS = "POST /v1/refunds"


pytestmark = pytest.mark.set_clock(STRIPE_MAX_RETRIES="0")


def unit_of(product: ProductId) -> Wish:
    """One unit that returns to the shelf."""
    return Wish(items=(WishedUnits(product, 1, restock=True),))


async def test_a_refund_on_its_way_keeps_its_room_on_the_shelf(kit: Kit, clock: SetClock) -> None:
    order, product = await paid_order(kit, quantity=2)
    await arm(kit, "reset", REFUNDS)
    under_way = await refund(kit, order.id, unit_of(product))
    failed = await refund(kit, order.id, unit_of(product))
    await control(kit, "POST", f"bank/{failed.stripe_id}/fail")
    await kit.deliver_all("refund.created", "refund.failed")
    assert (await refund_row(kit, failed.id)).state == RefundState.FAILED
    # Both units have their place by now: the one that is back, and the one that is on its way.
    assert (await refund(kit, order.id, unit_of(product))).state == RefundState.SUCCEEDED
    await recover_until_rest(kit, clock)
    assert (await refund_row(kit, under_way.id)).state == RefundState.SUCCEEDED
    assert await kit.stock(product) == (10, 0)
    assert await broken_rules(kit) == {}


async def test_a_refund_that_stripe_refused_puts_nothing_back_and_leaves_its_room(kit: Kit) -> None:
    order, product = await paid_order(kit)
    theirs = await refund_at_stripe(kit, order.id)
    with pytest.raises(Refusal, match="refund_refused"):
        await kit.shop.request_refund(STAFF, asked(kit, order.id, unit_of(product)))
    assert await kit.stock(product) == (9, 0)
    await control(kit, "POST", f"bank/{theirs['id']}/fail")
    await refund(kit, order.id, unit_of(product))
    assert await kit.stock(product) == (10, 0)
    assert await broken_rules(kit) == {}
