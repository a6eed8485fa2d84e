"""A dispute's life.

    needs_response -> under_review -> won | lost          needs_response -> lost (closed, or the deadline passed)
    warning_needs_response -> warning_under_review -> warning_closed | needs_response (escalated)

A chargeback takes the money and a fee at once; winning gives the money back and keeps the fee. An inquiry moves
nothing. The bank decides by the evidence's text, by an act of the control routes, or by time. Sequences as recorded.
"""

from stripe_sandbox.cards import Card
from stripe_sandbox.dispute_cases import ESCALATING, LOSING, WINNING, DisputeCase
from stripe_sandbox.events import emit
from stripe_sandbox.flows.balance import Adjustment, book_adjustment
from stripe_sandbox.flows.early_warnings import open_warning, retire_warnings
from stripe_sandbox.flows.refunds import end_refund, refunds_of
from stripe_sandbox.flows.reviews import close_review
from stripe_sandbox.resources.dispute_shape import due_by, new_dispute
from stripe_sandbox.state.work import Doc, Work, public

FEE = 1500
# How long the bank thinks about a decisive evidence, and after which an inquiry is closed.
DECISION_S = 5
INQUIRY_S = 120 * 24 * 3600
# A refund this young has not left for the bank yet when the chargeback comes.
REFUND_RECALL_S = 60
OPEN_STATUSES = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
INQUIRIES = ("warning_needs_response", "warning_under_review")


def trouble_charge(work: Work, charge: Doc, card: Card) -> None:
    """What the test card brings upon a charge once its money is taken."""
    if card.fraud_warning:
        open_warning(work, charge)
    for case in card.disputes:
        open_dispute(work, charge, case, charge["amount_captured"] // case.parts)


def open_dispute(work: Work, charge: Doc, case: DisputeCase, amount: int) -> Doc:
    """The buyer's bank disputes a charge; a bank debit is lost at once, because there is no appeal."""
    debit = charge["payment_method_details"]["type"] != "card"
    dispute = new_dispute(work, charge, case, amount)
    charge.update(disputed=True, dispute=charge["dispute"] or dispute["id"])
    work.save(charge)
    if case.inquiry:
        work.set_timer(INQUIRY_S, "close_inquiry", dispute["id"])
    else:
        _withdraw(work, dispute)
    if debit:
        dispute["status"] = "lost"
    else:
        _set_deadline(work, dispute)
    work.save(dispute)
    emit(work, "charge.dispute.created", dispute)
    if not case.inquiry:
        emit(work, "charge.dispute.funds_withdrawn", dispute)
        _recall_refunds(work, charge)
    if debit:
        emit(work, "charge.dispute.closed", dispute)
    retire_warnings(work, charge)
    close_review(work, charge, "disputed")
    return dispute


def disputes_of(work: Work, charge_id: str) -> list[Doc]:
    """All disputes of a charge, newest first."""
    return work.select("dispute", "json_extract(body, '$.charge') = ?", [charge_id])


def submit_evidence(work: Work, dispute: Doc) -> None:
    """Sends the staged evidence to the bank; some texts make it decide within seconds."""
    before: Doc = {"status": dispute["status"], "evidence_details": {**dispute["evidence_details"]}}
    dispute["status"] = "warning_under_review" if dispute["status"] in INQUIRIES else "under_review"
    dispute["evidence_details"]["submission_count"] += 1
    work.clear_timers("dispute_deadline", dispute["id"])
    work.clear_timers("decide_dispute", dispute["id"])
    work.save(dispute)
    if any(text in _text(dispute) for text in (WINNING, LOSING, ESCALATING)):
        work.set_timer(DECISION_S, "decide_dispute", dispute["id"])
    emit(work, "charge.dispute.updated", dispute, before)
    emit(work, "charge.updated", work.get("charge", dispute["charge"]))


def win_dispute(work: Work, dispute: Doc, amount: int | None = None) -> None:
    """The bank decides for the shop: the money (or `amount` of it) comes back, the fee does not."""
    _forget_timers(work, dispute)
    note = Adjustment(f"Chargeback reversal for {dispute['charge']}", "dispute_reversal")
    entry = book_adjustment(work, dispute, amount or dispute["amount"], 0, note)
    dispute.update(status="won", is_charge_refundable=True)
    dispute["balance_transactions"].append(public(entry))
    work.save(dispute)
    emit(work, "charge.dispute.funds_reinstated", dispute)
    emit(work, "charge.dispute.closed", dispute)


def lose_dispute(work: Work, dispute: Doc) -> None:
    """The bank decides for the buyer, or the shop did not answer."""
    _forget_timers(work, dispute)
    dispute["status"] = "lost"
    work.save(dispute)
    emit(work, "charge.dispute.closed", dispute)


def close_inquiry(work: Work, dispute: Doc) -> None:
    """An inquiry ends without a chargeback."""
    _forget_timers(work, dispute)
    dispute["status"] = "warning_closed"
    work.save(dispute)
    emit(work, "charge.dispute.closed", dispute)


def escalate_inquiry(work: Work, dispute: Doc) -> None:
    """An inquiry becomes a chargeback: now the money goes, and a new answer is due."""
    before: Doc = {"status": dispute["status"], "is_charge_refundable": dispute["is_charge_refundable"]}
    _forget_timers(work, dispute)
    dispute.update(status="needs_response", is_charge_refundable=False)
    dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    dispute["evidence_details"].update(due_by=due_by(work.now), past_due=False)
    _withdraw(work, dispute)
    _set_deadline(work, dispute)
    work.save(dispute)
    emit(work, "charge.dispute.updated", dispute, before)
    emit(work, "charge.dispute.funds_withdrawn", dispute)
    _recall_refunds(work, work.get("charge", dispute["charge"]))


def give_up(work: Work, dispute: Doc) -> None:
    """The shop accepts the dispute."""
    if dispute["status"] in INQUIRIES:
        close_inquiry(work, dispute)
    else:
        lose_dispute(work, dispute)
    emit(work, "charge.updated", work.get("charge", dispute["charge"]))


def decide_dispute(work: Work, dispute_id: str) -> None:
    """The timer: the bank has read the evidence."""
    dispute = work.get("dispute", dispute_id)
    inquiry = dispute["status"] in INQUIRIES
    if inquiry and ESCALATING in _text(dispute):
        escalate_inquiry(work, dispute)
    elif inquiry:
        close_inquiry(work, dispute)
    elif WINNING in _text(dispute):
        win_dispute(work, dispute)
    else:
        lose_dispute(work, dispute)


def pass_deadline(work: Work, dispute_id: str) -> None:
    """The timer: nobody answered in time; a chargeback is lost, an inquiry stays open a while longer."""
    dispute = work.get("dispute", dispute_id)
    dispute["evidence_details"]["past_due"] = True
    if dispute["status"] == "needs_response":
        lose_dispute(work, dispute)
        return
    work.save(dispute)
    emit(work, "charge.dispute.updated", dispute, {"evidence_details": {"past_due": False}})


def close_due_inquiry(work: Work, dispute_id: str) -> None:
    """The timer: the time in which an inquiry may escalate is over."""
    close_inquiry(work, work.get("dispute", dispute_id))


def _withdraw(work: Work, dispute: Doc) -> None:
    note = Adjustment(f"Chargeback withdrawal for {dispute['charge']}", "dispute")
    entry = book_adjustment(work, dispute, -dispute["amount"], FEE, note)
    dispute["balance_transaction"] = entry["id"]
    dispute["balance_transactions"].append(public(entry))


def _recall_refunds(work: Work, charge: Doc) -> None:
    """Money on its way back to the buyer stays here; what has arrived is lost twice."""
    for refund in refunds_of(work, charge["id"]):
        young = work.now - refund["created"] < REFUND_RECALL_S and refund["status"] == "succeeded"
        if young or refund["status"] in ("pending", "requires_action"):
            end_refund(work, refund, "failed", "charge_for_pending_refund_disputed")


def _set_deadline(work: Work, dispute: Doc) -> None:
    due: int = dispute["evidence_details"]["due_by"]
    work.set_timer(due + 1 - work.exact_now, "dispute_deadline", dispute["id"])


def _forget_timers(work: Work, dispute: Doc) -> None:
    for act in ("dispute_deadline", "decide_dispute", "close_inquiry"):
        work.clear_timers(act, dispute["id"])


def _text(dispute: Doc) -> str:
    text: str = dispute["evidence"]["uncategorized_text"] or ""
    return text
