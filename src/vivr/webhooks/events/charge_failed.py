"""``charge.failed``: A try failed: the bank declined. The try is noted, even if another one came since."""

from typing import Final

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Tx
from vivr.payments.note_failures import note_failed_charge
from vivr.payments.read_failed_charge import FailedChargeRead, FailedChargeTarget
from vivr.payments.read_target import Foreign, PaymentRead
from vivr.webhooks.events.payment_events import apply_payment
from vivr.webhooks.model import Handled, InboxEvent

EVENT: Final = "charge.failed"


def target(event: InboxEvent) -> FailedChargeTarget:
    """The charge that the event is about."""
    return FailedChargeTarget(event.object_id)


async def apply(tx: Tx, clock: Clock, caller: Caller, event: InboxEvent, read: FailedChargeRead | Foreign) -> Handled:
    """Apply Stripe's word on the payment, and note the charge."""
    if isinstance(read, Foreign):
        return await apply_payment(tx, clock, caller, event, read)
    handled = await apply_payment(tx, clock, caller, event, read.payment)
    if isinstance(read.payment, PaymentRead):
        await note_failed_charge(tx, read.payment.payment, read.charge)
    return handled
