"""``charge.refunded``: A charge was refunded, in part or whole, or an authorisation was released."""

from typing import Final

from vivr.webhooks.events.refund_events import apply_refund, charge_target

EVENT: Final = "charge.refunded"
target = charge_target
apply = apply_refund
