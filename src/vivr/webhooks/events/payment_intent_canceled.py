"""``payment_intent.canceled``: The payment was cancelled, or its authorisation lapsed."""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, intent_target

EVENT: Final = "payment_intent.canceled"
target = intent_target
apply = apply_payment
