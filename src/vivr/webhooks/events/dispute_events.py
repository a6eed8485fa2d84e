"""What all events about disputes share: settle the payment, apply its refunds, then all its disputes."""

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.disputes.apply_disputes import apply_disputes, apply_stray_disputes, lock_disputes_of
from vivr.disputes.read_target import DisputesRead, DisputeTarget
from vivr.payments.read_target import Foreign, PaymentRead, StrayRead
from vivr.webhooks.events.refund_events import apply_refund
from vivr.webhooks.model import EventState, Handled, InboxEvent, StaleRead


def dispute_target(event: InboxEvent) -> DisputeTarget:
    """The dispute that the event is about."""
    return DisputeTarget(event.object_id)


async def apply_dispute(
    tx: Tx, clock: Clock, caller: Caller, event: InboxEvent, read: DisputesRead | Foreign
) -> Handled:
    """Apply what was read, and say in one sentence what came of it.

    Raises:
        StaleRead: a later reader was quicker; read again.
        Unavailable: a refund of ours is on its way; what was made at Stripe fits when that is known.
    """
    if isinstance(read, Foreign):
        return Handled(EventState.IGNORED, read.reason)
    of = read.of.payment
    if isinstance(of, PaymentRead):
        await lock_disputes_of(tx, of.payment.id, of.payment.order_id)
    before = await apply_refund(tx, clock, caller, event, read.of)
    if isinstance(of, StrayRead):
        said = await apply_stray_disputes(tx, clock, caller, of, read.of.refunds, read.disputes)
    else:
        ticket = of.snapshot.ticket
        applied = await apply_disputes(tx, clock, caller, of.payment.id, of.payment.order_id, ticket, read.disputes)
        if applied.is_stale:
            raise StaleRead(event.id)
        said = applied.said
    return Handled(EventState.PROCESSED, f"{said} {before.reason}", before.order_id, before.payment_id)
