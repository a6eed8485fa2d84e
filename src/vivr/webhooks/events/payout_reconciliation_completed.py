"""``payout.reconciliation_completed``: What an automatic payout consists of can be listed."""

from typing import Final

from vivr.webhooks.events.payout_events import apply_payout_event, payout_target

EVENT: Final = "payout.reconciliation_completed"
target = payout_target
apply = apply_payout_event
