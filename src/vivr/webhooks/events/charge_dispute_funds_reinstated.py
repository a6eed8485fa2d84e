"""``charge.dispute.funds_reinstated``: The bank gave the disputed sum back."""

from typing import Final

from vivr.webhooks.events.dispute_events import apply_dispute, dispute_target

EVENT: Final = "charge.dispute.funds_reinstated"
target = dispute_target
apply = apply_dispute
