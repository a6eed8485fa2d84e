"""Authorised money: captured whole or in part, released by cancelling, or lapsed after seven days."""

from stripe_sandbox.cards import card_by_fingerprint
from stripe_sandbox.events import emit
from stripe_sandbox.flows.balance import book_charge
from stripe_sandbox.flows.disputes import trouble_charge
from stripe_sandbox.flows.reviews import close_review
from stripe_sandbox.state.work import Doc, Work


def capture_intent(work: Work, intent: Doc, amount: int) -> None:
    """Takes `amount` of what is authorised and releases the rest; amount_refunded stays 0, as recorded at dahlia."""
    work.clear_timers("lapse_authorization", intent["id"])
    charge = work.get("charge", intent["latest_charge"])
    charge.update(captured=True, amount_captured=amount)
    book_charge(work, charge)
    intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
    work.save(intent)
    emit(work, "charge.captured", charge)
    trouble_charge(work, charge, card_by_fingerprint(charge["payment_method_details"]["card"]["fingerprint"]))
    emit(work, "payment_intent.succeeded", intent)


def cancel_intent(work: Work, intent: Doc, reason: str | None) -> None:
    """Cancels a PaymentIntent; an authorisation is released, which shows on its charge as refunded."""
    held = intent["status"] == "requires_capture"
    _close(work, intent, reason)
    if held:
        charge = work.get("charge", intent["latest_charge"])
        charge.update(refunded=True, amount_refunded=charge["amount"])
        work.save(charge)
        emit(work, "charge.refunded", charge)
        close_review(work, charge, "canceled")
    emit(work, "payment_intent.canceled", intent)


def lapse_authorization(work: Work, intent_id: str) -> None:
    """The timer: an authorisation that nobody captured expires."""
    intent = work.get("payment_intent", intent_id)
    _close(work, intent, "automatic")
    charge = work.get("charge", intent["latest_charge"])
    charge.update(refunded=True, amount_refunded=charge["amount"])
    work.save(charge)
    emit(work, "charge.expired", charge)
    close_review(work, charge, "canceled")
    emit(work, "payment_intent.canceled", intent)


def _close(work: Work, intent: Doc, reason: str | None) -> None:
    work.clear_timers("lapse_authorization", intent["id"])
    intent.update(
        status="canceled",
        canceled_at=work.now,
        cancellation_reason=reason,
        amount_capturable=0,
        next_action=None,
        processing=None,
    )
    work.save(intent)
