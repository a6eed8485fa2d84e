"""``refund.updated``: A refund moved on: it arrived, waits, or was canceled."""

from typing import Final

from vivr.webhooks.events.refund_events import apply_refund, refund_target

EVENT: Final = "refund.updated"
target = refund_target
apply = apply_refund
