"""What all events about payouts share."""

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.payments.read_target import Foreign
from vivr.reconciliation.apply_payout import apply_payout
from vivr.reconciliation.read_target import PayoutRead, PayoutTarget
from vivr.webhooks.model import EventState, Handled, InboxEvent


def payout_target(event: InboxEvent) -> PayoutTarget:
    """The payout that the event is about."""
    return PayoutTarget(event.object_id)


async def apply_payout_event(
    tx: Tx, clock: Clock, caller: Caller, event: InboxEvent, read: PayoutRead | Foreign
) -> Handled:
    """Apply what was read, and say in one sentence what came of it."""
    del event
    if isinstance(read, Foreign):
        return Handled(EventState.IGNORED, read.reason)
    return Handled(EventState.PROCESSED, await apply_payout(tx, clock, caller, read))
