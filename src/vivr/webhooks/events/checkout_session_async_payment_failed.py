"""``checkout.session.async_payment_failed``: An async method (SEPA debit) failed.

Days after the session was completed.
"""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, session_target

EVENT: Final = "checkout.session.async_payment_failed"
target = session_target
apply = apply_payment
