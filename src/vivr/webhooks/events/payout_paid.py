"""``payout.paid``: Money arrived at the bank."""

from typing import Final

from vivr.webhooks.events.payout_events import apply_payout_event, payout_target

EVENT: Final = "payout.paid"
target = payout_target
apply = apply_payout_event
