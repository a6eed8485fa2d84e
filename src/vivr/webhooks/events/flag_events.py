"""What events about fraud warnings and reviews share: settle the payment, then hold or release its order."""

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.disputes.apply_flag import apply_flag
from vivr.disputes.read_flag import FlagRead, FlagTarget
from vivr.payments.read_target import Foreign, PaymentRead
from vivr.webhooks.events.payment_events import apply_payment
from vivr.webhooks.model import EventState, Handled, InboxEvent


def warning_target(event: InboxEvent) -> FlagTarget:
    """The warning that the event is about."""
    return FlagTarget(warning_id=event.object_id)


def review_target(event: InboxEvent) -> FlagTarget:
    """The review that the event is about."""
    return FlagTarget(review_id=event.object_id)


async def apply_doubt(tx: Tx, clock: Clock, caller: Caller, event: InboxEvent, read: FlagRead | Foreign) -> Handled:
    """Apply what was read, and say in one sentence what came of it.

    Raises:
        StaleRead: a later reader was quicker; read again.
    """
    if isinstance(read, Foreign):
        return Handled(EventState.IGNORED, read.reason)
    before = await apply_payment(tx, clock, caller, event, read.of)
    if not isinstance(read.of, PaymentRead):
        return before
    said = await apply_flag(tx, clock, caller, read.of.payment, read.flag)
    return Handled(EventState.PROCESSED, f"{said} {before.reason}", before.order_id, before.payment_id)
