"""Early fraud warnings: the card's issuer suspects fraud. No money moves; a dispute often follows."""

from stripe_sandbox.events import emit
from stripe_sandbox.state.work import Doc, Work

KIND = "radar.early_fraud_warning"


def open_warning(work: Work, charge: Doc, fraud_type: str = "unauthorized_use_of_card") -> Doc:
    """Stores a warning about a charge and says so."""
    warning = work.insert(
        {
            "id": work.mint("issfr"),
            "object": KIND,
            "actionable": not charge["disputed"] and not charge["refunded"],
            "charge": charge["id"],
            "created": work.now,
            "fraud_type": fraud_type,
            "livemode": False,
            "payment_intent": charge["payment_intent"],
        }
    )
    emit(work, "radar.early_fraud_warning.created", warning)
    return warning


def retire_warnings(work: Work, charge: Doc) -> None:
    """A charge that is disputed or wholly refunded leaves nothing to be done about its warnings."""
    for warning in work.select(KIND, "json_extract(body, '$.charge') = ?", [charge["id"]]):
        if warning["actionable"]:
            warning["actionable"] = False
            work.save(warning)
            emit(work, "radar.early_fraud_warning.updated", warning, {"actionable": True})
