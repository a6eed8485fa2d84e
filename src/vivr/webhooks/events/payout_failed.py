"""``payout.failed``: The bank sent a payout back, perhaps after it had arrived."""

from typing import Final

from vivr.webhooks.events.payout_events import apply_payout_event, payout_target

EVENT: Final = "payout.failed"
target = payout_target
apply = apply_payout_event
