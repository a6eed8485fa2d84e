"""``radar.early_fraud_warning.created``: The card's issuer suspects fraud; a dispute often follows."""

from typing import Final

from vivr.webhooks.events.flag_events import apply_doubt, warning_target

EVENT: Final = "radar.early_fraud_warning.created"
target = warning_target
apply = apply_doubt
