"""``charge.expired``: Authorised money lapsed before anybody captured it."""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, latest_charge_target

EVENT: Final = "charge.expired"
target = latest_charge_target
apply = apply_payment
