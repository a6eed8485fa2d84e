"""``charge.succeeded``: A charge went through, or its money is authorised."""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, latest_charge_target

EVENT: Final = "charge.succeeded"
target = latest_charge_target
apply = apply_payment
