"""``checkout.session.expired``: Nobody can pay through this session any more.

The payment ends, the order keeps its deadline.
"""

from typing import Final

from vivr.webhooks.events.payment_events import apply_payment, session_target

EVENT: Final = "checkout.session.expired"
target = session_target
apply = apply_payment
