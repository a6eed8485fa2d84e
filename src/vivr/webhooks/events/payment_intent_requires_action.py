"""``payment_intent.requires_action``: The customer has to authenticate (3-D Secure)."""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, intent_target

EVENT: Final = "payment_intent.requires_action"
target = intent_target
apply = apply_payment
