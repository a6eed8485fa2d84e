"""``payment_intent.processing``: An async method is on its way."""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, intent_target

EVENT: Final = "payment_intent.processing"
target = intent_target
apply = apply_payment
