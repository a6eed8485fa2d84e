"""``payment_intent.amount_capturable_updated``: Funds are authorised and wait for capture."""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, intent_target

EVENT: Final = "payment_intent.amount_capturable_updated"
target = intent_target
apply = apply_payment
