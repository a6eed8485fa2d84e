"""A refund's life, and what it does to its charge and to the balance.

    succeeded -> failed                                    (a card: at once, and never for certain)
    pending -> succeeded | failed | requires_action | canceled
    requires_action -> succeeded | failed | canceled       (the buyer must say where the money goes)

The money leaves the balance when the refund is made and comes back as `refund_failure` when it fails or is canceled.
Fees are not returned. Source: Stripe docs, refunds; recorded sequences.
"""

from dataclasses import dataclass, field

from stripe_sandbox.cards import RefundManner, card_by_fingerprint
from stripe_sandbox.events import emit
from stripe_sandbox.flows.balance import new_balance_transaction
from stripe_sandbox.flows.early_warnings import retire_warnings
from stripe_sandbox.flows.reviews import close_review
from stripe_sandbox.ids import scramble, stem_of
from stripe_sandbox.state.work import Doc, Work

# When a pending refund arrives, when a failing one comes back, and when the bank names its reference.
SETTLE_S = 60
FAIL_S = 60
REFERENCE_S = 60
# A setting of the account: whether charge.amount_refunded falls again when a refund fails. No recording says so.
FAILED_REFUND_SETTING = "failed_refund"
ENDED = ("failed", "canceled")


@dataclass(frozen=True)
class RefundWish:
    """How much is to go back, in minor units, and why."""

    amount: int
    reason: str | None = None
    metadata: dict[str, str] = field(default_factory=dict[str, str])


def refunds_of(work: Work, charge_id: str) -> list[Doc]:
    """All refunds of a charge, newest first."""
    return work.select("refund", "json_extract(body, '$.charge') = ?", [charge_id])


def unrefunded(work: Work, charge: Doc) -> int:
    """What may still be refunded: the captured sum without the refunds that did not end."""
    given = sum(refund["amount"] for refund in refunds_of(work, charge["id"]) if refund["status"] not in ENDED)
    return charge["amount_captured"] - given


def issue_refund(work: Work, charge: Doc, wish: RefundWish) -> Doc:
    """Makes a refund that was checked; how it goes on is the card's or the bank's."""
    manner = _manner(charge)
    refund = _new_refund(work, charge, wish, pending=manner == "pending")
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += wish.amount
    charge["refunded"] = charge["amount_refunded"] >= charge["amount_captured"]
    work.save(charge)
    if manner == "pending":
        work.set_timer(SETTLE_S, "settle_refund", refund["id"])
    elif manner == "failing":
        work.set_timer(FAIL_S, "fail_refund", refund["id"])
    else:
        work.set_timer(REFERENCE_S, "give_reference", refund["id"])
    emit(work, "refund.created", refund)
    emit(work, "charge.refunded", charge, {name: value for name, value in before.items() if charge[name] != value})
    if charge["refunded"]:
        retire_warnings(work, charge)
        close_review(work, charge, "refunded_as_fraud" if wish.reason == "fraudulent" else "refunded")
    return refund


def settle_refund(work: Work, refund: Doc) -> None:
    """The money arrived."""
    before: Doc = {"status": refund["status"]}
    _forget_timers(work, refund)
    refund["status"] = "succeeded"
    refund.pop("pending_reason", None)
    refund.pop("next_action", None)
    work.save(refund)
    work.set_timer(REFERENCE_S, "give_reference", refund["id"])
    say_updated(work, refund, before)


def end_refund(work: Work, refund: Doc, status: str, reason: str = "unknown") -> None:
    """The money comes back: the refund `failed`, which a succeeded one may even after weeks, or was `canceled`."""
    before: Doc = {"status": refund["status"]}
    _forget_timers(work, refund)
    entry = new_balance_transaction(work, source=refund, amount=refund["amount"], fee=0, kind="refund_failure")
    refund.update(status=status, failure_balance_transaction=entry["id"])
    refund.pop("pending_reason", None)
    refund.pop("next_action", None)
    charge = work.get("charge", refund["charge"])
    if status == "failed":
        refund["failure_reason"] = reason
    if status == "canceled" or work.account.settings.get(FAILED_REFUND_SETTING, "restored") == "restored":
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
    work.save(refund)
    work.save(charge)
    if status == "failed":
        emit(work, "refund.failed", refund)
    say_updated(work, refund, before)


def ask_buyer(work: Work, refund: Doc) -> None:
    """The bank does not know where the money goes: the buyer is asked by e-mail."""
    before: Doc = {"status": refund["status"]}
    _forget_timers(work, refund)
    refund["status"] = "requires_action"
    refund.pop("pending_reason", None)
    email_sent: Doc = {"email_sent_at": work.now, "email_sent_to": "buyer@example.com"}
    refund["next_action"] = {
        "display_details": {"email_sent": email_sent, "expires_at": work.now + 45 * 24 * 3600},
        "type": "display_details",
    }
    work.save(refund)
    say_updated(work, refund, before)


def settle_due_refund(work: Work, refund_id: str) -> None:
    """The timer: a pending refund succeeds."""
    settle_refund(work, work.get("refund", refund_id))


def fail_due_refund(work: Work, refund_id: str) -> None:
    """The timer: a refund that had succeeded fails."""
    end_refund(work, work.get("refund", refund_id), "failed")


def give_reference(work: Work, refund_id: str) -> None:
    """The timer: the bank tells the number by which the buyer can trace the money."""
    refund = work.get("refund", refund_id)
    details: Doc | None = refund.get("destination_details")
    if details is None or refund["status"] != "succeeded":
        return
    card: Doc = details["card"]
    digits = str(int(scramble("arn", refund_id, length=14).encode().hex(), 16))
    before: Doc = {"destination_details": {"card": {"reference_status": card["reference_status"]}}}
    card.update(reference=digits[:23], reference_status="available")
    work.save(refund)
    say_updated(work, refund, before)


def _manner(charge: Doc) -> RefundManner:
    details: Doc = charge["payment_method_details"]
    if details["type"] != "card":
        return "pending"
    return card_by_fingerprint(details["card"]["fingerprint"]).refund


def _new_refund(work: Work, charge: Doc, wish: RefundWish, *, pending: bool) -> Doc:
    card = charge["payment_method_details"]["type"] == "card"
    refund: Doc = {
        "id": work.mint("re" if card else "pyr", stem_of(charge["id"])),
        "object": "refund",
        "amount": wish.amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": work.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "metadata": wish.metadata,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": wish.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if pending else "succeeded",
        "transfer_reversal": None,
    }
    if card:
        shown = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
        refund["destination_details"] = {"card": shown, "type": "card"}
    if pending:
        refund["pending_reason"] = "processing"
    work.insert(refund)
    kind = "refund" if card else "payment_refund"
    entry = new_balance_transaction(work, source=refund, amount=-wish.amount, fee=0, kind=kind)
    refund["balance_transaction"] = entry["id"]
    return work.save(refund)


def _forget_timers(work: Work, refund: Doc) -> None:
    for act in ("settle_refund", "fail_refund", "give_reference"):
        work.clear_timers(act, refund["id"])


def say_updated(work: Work, refund: Doc, before: Doc) -> None:
    """The two events of a changed refund; `before` holds the old values."""
    emit(work, "charge.refund.updated", refund, before)
    emit(work, "refund.updated", refund, before)
