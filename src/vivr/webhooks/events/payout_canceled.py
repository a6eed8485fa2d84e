"""``payout.canceled``: A payout was canceled before it left."""

from typing import Final

from vivr.webhooks.events.payout_events import apply_payout_event, payout_target

EVENT: Final = "payout.canceled"
target = payout_target
apply = apply_payout_event
