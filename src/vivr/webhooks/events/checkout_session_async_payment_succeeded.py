"""``checkout.session.async_payment_succeeded``: An async method (SEPA debit) brought its money.

Days after the session was completed.
"""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, session_target

EVENT: Final = "checkout.session.async_payment_succeeded"
target = session_target
apply = apply_payment
