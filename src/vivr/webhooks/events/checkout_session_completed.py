"""``checkout.session.completed``: The customer finished the hosted page.

Whether money came is the PaymentIntent's word: ``completed`` with ``unpaid`` is an async method on its way.
"""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, session_target

EVENT: Final = "checkout.session.completed"
target = session_target
apply = apply_payment
