"""``refund.created``: A refund was made, by us or at Stripe."""

from typing import Final

from vivr.webhooks.events.refund_events import apply_refund, refund_target

EVENT: Final = "refund.created"
target = refund_target
apply = apply_refund
