"""``radar.early_fraud_warning.updated``: Nothing is to be done about a warning any more."""

from typing import Final

from vivr.webhooks.events.flag_events import apply_doubt, warning_target

EVENT: Final = "radar.early_fraud_warning.updated"
target = warning_target
apply = apply_doubt
