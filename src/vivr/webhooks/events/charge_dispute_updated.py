"""``charge.dispute.updated``: Evidence was sent, a deadline moved, or an inquiry became a chargeback."""

from typing import Final

from vivr.webhooks.events.dispute_events import apply_dispute, dispute_target

EVENT: Final = "charge.dispute.updated"
target = dispute_target
apply = apply_dispute
