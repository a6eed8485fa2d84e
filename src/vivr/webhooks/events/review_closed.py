"""``review.closed``: A review ended: the payment was approved, refunded or disputed."""

from typing import Final

from vivr.webhooks.events.flag_events import apply_doubt, review_target

EVENT: Final = "review.closed"
target = review_target
apply = apply_doubt
