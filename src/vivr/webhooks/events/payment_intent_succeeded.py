"""``payment_intent.succeeded``: The money is captured."""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, intent_target

EVENT: Final = "payment_intent.succeeded"
target = intent_target
apply = apply_payment
