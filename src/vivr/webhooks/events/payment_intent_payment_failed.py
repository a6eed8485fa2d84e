"""``payment_intent.payment_failed``: A try failed: the bank declined, or the customer did not authenticate.

The session stays open for another one.
"""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, intent_target

EVENT: Final = "payment_intent.payment_failed"
target = intent_target
apply = apply_payment
