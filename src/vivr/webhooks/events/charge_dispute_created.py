"""``charge.dispute.created``: A customer disputes a charge at the bank, or the bank asks about one (an inquiry)."""

from typing import Final

from vivr.webhooks.events.dispute_events import apply_dispute, dispute_target

EVENT: Final = "charge.dispute.created"
target = dispute_target
apply = apply_dispute
