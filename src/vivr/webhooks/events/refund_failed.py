"""``refund.failed``: A refund failed, perhaps weeks after it had succeeded."""

from typing import Final

from vivr.webhooks.events.refund_events import apply_refund, refund_target

EVENT: Final = "refund.failed"
target = refund_target
apply = apply_refund
