"""``charge.dispute.funds_withdrawn``: The bank took the disputed sum."""

from typing import Final

from vivr.webhooks.events.dispute_events import apply_dispute, dispute_target

EVENT: Final = "charge.dispute.funds_withdrawn"
target = dispute_target
apply = apply_dispute
