"""Doubts about a payment: a fraud warning or a review holds the order until staff decides, or Stripe approves."""

import pytest

from dispute_kit import bank, charge_of, dispute_charge
from money_probe import broken_rules, nothing_changes, rows
from refund_kit import STAFF, balances, paid_order
from shop_kit import Kit
from vivr.caller import Caller
from vivr.disputes.decide_flag import keep_payment
from vivr.errors import Conflict, Forbidden
from vivr.ids import FlagId, OrderId, RequestId
from vivr.orders.hold_order import holds_of, release_hold
from vivr.orders.model import Hold, OrderState

ELEVATED_RISK = "4000000000009235"
VIEWER = Caller("staff:per_vi", "viewer", RequestId("req_viewer"))


async def holds(kit: Kit, order_id: OrderId) -> list[Hold]:
    async with kit.shop.database.transaction() as tx:
        return await holds_of(tx, order_id)


async def warned(kit: Kit) -> tuple[OrderId, FlagId]:
    """A paid order whose payment the issuer warns of."""
    order, _ = await paid_order(kit)
    await bank(kit, await charge_of(kit, order.id), "warn")
    await kit.deliver_all()
    return order.id, FlagId((await rows(kit, "SELECT id FROM fraud_flag"))[0]["id"])


async def test_a_warning_holds_the_order_and_tells_staff_once(kit: Kit) -> None:
    order_id, _ = await warned(kit)
    async with nothing_changes(kit):
        await kit.deliver_all()
    assert [hold.cause for hold in await holds(kit, order_id)] == ["fraud_warning"]
    assert (await kit.order(order_id)).state == OrderState.PAID
    assert await kit.count("SELECT count(*) FROM email_message WHERE kind = 'fraud_warning_staff'") == 1


async def test_a_warned_payment_is_refunded_once(kit: Kit) -> None:
    order_id, flag = await warned(kit)
    async with nothing_changes(kit):
        with pytest.raises(Forbidden):
            await kit.shop.refund_flagged(VIEWER, flag)
    made = await kit.shop.refund_flagged(STAFF, flag)
    assert (made.amount_minor, made.reason) == (2980, "fraudulent")
    assert (await kit.order(order_id)).state == OrderState.REFUNDED
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="flag_already_decided"):
            await kit.shop.refund_flagged(STAFF, flag)
    await kit.deliver_all()
    assert await rows(kit, "SELECT is_open, decision FROM fraud_flag") == [{"is_open": False, "decision": "refund"}]
    assert await balances(kit) == {}
    assert await broken_rules(kit) == {}


async def test_a_payment_that_is_kept_goes_on(kit: Kit) -> None:
    order_id, flag = await warned(kit)
    shop = kit.shop
    await keep_payment(shop.database, shop.clock, STAFF, flag)
    assert await holds(kit, order_id) == []
    with pytest.raises(Conflict, match="flag_already_decided"):
        await keep_payment(shop.database, shop.clock, STAFF, flag)
    await kit.deliver_all()
    assert await holds(kit, order_id) == []


async def test_a_warning_that_a_dispute_overtook_leaves_the_hold_to_staff(kit: Kit) -> None:
    order_id, _ = await warned(kit)
    await dispute_charge(kit, await charge_of(kit, order_id), inquiry=True)
    assert await rows(kit, "SELECT is_open FROM fraud_flag") == [{"is_open": False}]
    # An inquiry moves no order, so only the hold keeps it from being shipped.
    held = await holds(kit, order_id)
    assert [hold.cause for hold in held] == ["fraud_warning"]
    shop = kit.shop
    with pytest.raises(Forbidden):
        await release_hold(shop.database, shop.clock, VIEWER, order_id, held[0].object_id)
    await release_hold(shop.database, shop.clock, STAFF, order_id, held[0].object_id)
    assert await holds(kit, order_id) == []
    with pytest.raises(Conflict, match="hold_already_released"):
        await release_hold(shop.database, shop.clock, STAFF, order_id, held[0].object_id)


async def test_a_review_holds_the_order_until_it_is_approved(kit: Kit) -> None:
    order, _ = await paid_order(kit, card=ELEVATED_RISK)
    held = await holds(kit, order.id)
    assert [hold.cause for hold in held] == ["review"]
    await kit.api("POST", f"/v1/reviews/{held[0].object_id}/approve")
    await kit.deliver_all()
    assert await holds(kit, order.id) == []
    async with nothing_changes(kit):
        await kit.deliver_all("review.opened")
    assert await holds(kit, order.id) == []


async def test_a_review_that_ends_without_approval_keeps_the_hold(kit: Kit) -> None:
    order, _ = await paid_order(kit, card=ELEVATED_RISK)
    await dispute_charge(kit, await charge_of(kit, order.id))
    assert await rows(kit, "SELECT kind, closed_word FROM fraud_flag") == [
        {"kind": "review", "closed_word": "disputed"}
    ]
    assert [hold.cause for hold in await holds(kit, order.id)] == ["review"]
    assert (await kit.order(order.id)).state == OrderState.DISPUTED
