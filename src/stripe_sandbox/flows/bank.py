"""SEPA Direct Debit: the payment is `processing` until the bank answers.

It answers by itself after a while, or by an act of the control routes. The Checkout Session was completed unpaid
meanwhile; the end of the debit is told by checkout.session.async_payment_succeeded or _failed.
"""

from stripe_sandbox import declines
from stripe_sandbox.dispute_cases import DEBIT
from stripe_sandbox.events import emit
from stripe_sandbox.flows.balance import FILL_DELAY_S
from stripe_sandbox.flows.disputes import open_dispute
from stripe_sandbox.flows.invoicing import invoice_session
from stripe_sandbox.ibans import bank_account_by_fingerprint
from stripe_sandbox.resources.charges import bank_details, new_charge, outcome
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import DOCS_URL


def start_debit(work: Work, intent: Doc, method: Doc) -> None:
    """Hands the debit to the bank."""
    account = bank_account_by_fingerprint(method["sepa_debit"]["fingerprint"])
    parts: Doc = {
        "outcome": outcome(None),
        "payment_method_details": bank_details(method, intent.get("_mandate")),
        "amount_captured": intent["amount"],
    }
    charge = new_charge(work, intent, method, prefix="py", parts=parts)
    intent.update(status="processing", latest_charge=charge["id"])
    work.save(intent)
    work.set_timer(account.delay_s, "answer_debit", intent["id"])
    emit(work, "charge.pending", charge)
    emit(work, "payment_intent.processing", intent)


def answer_debit(work: Work, intent_id: str) -> None:
    """The timer: the bank answers as the test account says."""
    intent = work.get("payment_intent", intent_id)
    method = work.get("payment_method", intent["payment_method"])
    account = bank_account_by_fingerprint(method["sepa_debit"]["fingerprint"])
    if account.decline is None:
        settle_debit(work, intent)
    else:
        fail_debit(work, intent, account.decline)


def settle_debit(work: Work, intent: Doc) -> None:
    """The money came."""
    work.clear_timers("answer_debit", intent["id"])
    charge = work.get("charge", intent["latest_charge"])
    charge.update(status="succeeded", paid=True, receipt_url=f"https://pay.stripe.com/receipts/{intent['id']}")
    work.save(charge)
    intent.update(status="succeeded", amount_received=intent["amount"])
    work.save(intent)
    work.set_timer(FILL_DELAY_S, "fill_balance", charge["id"])
    emit(work, "charge.succeeded", charge)
    emit(work, "payment_intent.succeeded", intent)
    session = _session_of(work, intent)
    if session is not None:
        session["payment_status"] = "paid"
        work.save(session)
        invoice_session(work, session)
        emit(work, "checkout.session.async_payment_succeeded", session)
    method = work.get("payment_method", intent["payment_method"])
    if bank_account_by_fingerprint(method["sepa_debit"]["fingerprint"]).scenario == "disputed":
        open_dispute(work, charge, DEBIT, charge["amount_captured"])


def fail_debit(work: Work, intent: Doc, decline: declines.Decline = declines.BANK_DEBIT_FAILED) -> None:
    """The bank refused; the session stays complete and unpaid."""
    work.clear_timers("answer_debit", intent["id"])
    charge = work.get("charge", intent["latest_charge"])
    method = work.get("payment_method", intent["payment_method"])
    charge.update(
        status="failed",
        amount_captured=0,
        failure_code=decline.code,
        failure_message=decline.message,
        outcome=outcome(decline),
    )
    work.save(charge)
    error: Doc = {
        "charge": charge["id"],
        "code": decline.code,
        "doc_url": DOCS_URL + decline.code.replace("_", "-"),
        "message": decline.message,
        "payment_method": public(method),
        "payment_method_type": method["type"],
        "type": "card_error",
    }
    intent.update(status="requires_payment_method", payment_method=None, last_payment_error=error)
    work.save(intent)
    emit(work, "charge.failed", charge)
    emit(work, "payment_intent.payment_failed", intent)
    session = _session_of(work, intent)
    if session is not None:
        emit(work, "checkout.session.async_payment_failed", session)


def _session_of(work: Work, intent: Doc) -> Doc | None:
    session_id = intent.get("_session")
    return None if session_id is None else work.get("checkout.session", session_id)
