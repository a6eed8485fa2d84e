"""``review.opened``: Radar lets a person look at a payment."""

from typing import Final

from vivr.webhooks.events.flag_events import apply_doubt, review_target

EVENT: Final = "review.opened"
target = review_target
apply = apply_doubt
