"""``charge.captured``: Authorised money was captured."""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, latest_charge_target

EVENT: Final = "charge.captured"
target = latest_charge_target
apply = apply_payment
