"""``charge.updated``: A charge changed: its balance transaction is known, or it is disputed."""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, latest_charge_target

EVENT: Final = "charge.updated"
target = latest_charge_target
apply = apply_payment
