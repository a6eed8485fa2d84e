"""``charge.dispute.closed``: A dispute was decided: won, lost, or an inquiry that ended."""

from typing import Final

from vivr.webhooks.events.dispute_events import apply_dispute, dispute_target

EVENT: Final = "charge.dispute.closed"
target = dispute_target
apply = apply_dispute
