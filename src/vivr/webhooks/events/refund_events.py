"""What all events about refunds share: settle the payment first, then apply Stripe's word on all its refunds."""

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.payments.apply_snapshot import apply_snapshot
from vivr.payments.apply_stray import apply_stray
from vivr.payments.read_target import Foreign, StrayRead
from vivr.refunds.apply_refunds import apply_refunds, apply_stray_refunds, lock_refunds_of
from vivr.refunds.read_target import RefundsRead, RefundTarget
from vivr.webhooks.model import EventState, Handled, InboxEvent, StaleRead


def refund_target(event: InboxEvent) -> RefundTarget:
    """The refund that the event is about."""
    return RefundTarget(refund_id=event.object_id)


def charge_target(event: InboxEvent) -> RefundTarget:
    """The charge that the event is about."""
    return RefundTarget(charge_id=event.object_id)


async def apply_refund(tx: Tx, clock: Clock, caller: Caller, event: InboxEvent, read: RefundsRead | Foreign) -> Handled:
    """Apply what was read, and say in one sentence what came of it.

    Raises:
        StaleRead: a later reader was quicker; read again.
        Unavailable: a refund of ours is on its way; what was made at Stripe fits when that is known.
    """
    if isinstance(read, Foreign):
        return Handled(EventState.IGNORED, read.reason)
    of = read.payment
    if isinstance(of, StrayRead):
        held = await apply_stray(tx, clock, caller, of)
        said = await apply_stray_refunds(tx, clock, caller, of, read.refunds)
        return Handled(EventState.PROCESSED, f"{held} {said}", of.order_id, of.payment_id)
    payment = of.payment
    await lock_refunds_of(tx, payment.id, payment.order_id)
    settlement = await apply_snapshot(tx, clock, caller, payment.id, payment.order_id, of.snapshot)
    if settlement.is_stale:
        raise StaleRead(event.id)
    said = await apply_refunds(tx, clock, caller, payment.id, payment.order_id, read.refunds)
    said = f"{settlement.explanation} {said}" if settlement.changed else said
    return Handled(EventState.PROCESSED, said, payment.order_id, payment.id)
