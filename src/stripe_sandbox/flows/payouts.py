"""Money on its way to the merchant's bank.

    pending -> in_transit -> paid -> failed (even later)      pending -> canceled

An automatic payout takes everything that is available in a currency and names it (`balance_transactions?payout=`) once
it is reconciled; a manual one takes an amount and names nothing.
"""

from dataclasses import dataclass, field

from stripe_sandbox.events import emit
from stripe_sandbox.flows.balance import Adjustment, book_payout
from stripe_sandbox.ids import scramble
from stripe_sandbox.state.work import Doc, Work

DAY_S = 24 * 3600
ARRIVAL_DAYS = 2
SEND_S = 60
RECONCILE_S = 60
FAILURE = ("account_closed", "The bank account has been closed.")


@dataclass(frozen=True)
class PayoutWish:
    """What is to be paid out; `entries` are the balance transactions of an automatic payout."""

    amount: int
    currency: str
    description: str | None = None
    statement_descriptor: str | None = None
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    entries: tuple[str, ...] | None = None


def available_entries(work: Work, currency: str | None = None) -> list[Doc]:
    """What can be paid out and was in no automatic payout yet, newest first."""
    entries = work.select("balance_transaction", "json_extract(body, '$.status') = 'available'")
    return [entry for entry in entries if currency in (None, entry["currency"]) and not entry.get("_payout")]


def open_payout(work: Work, wish: PayoutWish) -> Doc:
    """Stores a payout and takes its money from the balance."""
    automatic = wish.entries is not None
    payout = work.insert(
        {
            "id": work.mint("po"),
            "object": "payout",
            "amount": wish.amount,
            "application_fee": None,
            "application_fee_amount": None,
            "arrival_date": (work.now // DAY_S + ARRIVAL_DAYS) * DAY_S,
            "automatic": automatic,
            "balance_transaction": None,
            "created": work.now,
            "currency": wish.currency,
            "description": wish.description or ("STRIPE PAYOUT" if automatic else None),
            "destination": "ba_1" + scramble(work.account.seed, "bank", wish.currency, length=23),
            "failure_balance_transaction": None,
            "failure_code": None,
            "failure_message": None,
            "livemode": False,
            "metadata": wish.metadata,
            "method": "standard",
            "original_payout": None,
            "payout_method": None,
            "reconciliation_status": "in_progress" if automatic else "not_applicable",
            "reversed_by": None,
            "source_type": "card",
            "statement_descriptor": wish.statement_descriptor,
            "status": "pending",
            "trace_id": None,
            "type": "bank_account",
        }
    )
    entry = book_payout(work, payout, -wish.amount, Adjustment(payout["description"] or "Payout", "payout"))
    payout["balance_transaction"] = entry["id"]
    work.save(payout)
    for name in (*wish.entries, entry["id"]) if wish.entries is not None else ():
        taken = work.get("balance_transaction", name)
        taken["_payout"] = payout["id"]
        work.save(taken)
    work.set_timer(SEND_S, "send_payout", payout["id"])
    work.set_timer(payout["arrival_date"] - work.exact_now, "pay_payout", payout["id"])
    if automatic:
        work.set_timer(RECONCILE_S, "reconcile_payout", payout["id"])
    emit(work, "payout.created", payout)
    return payout


def cancel_payout(work: Work, payout: Doc) -> None:
    """The money stays."""
    _return_money(work, payout, "payout_cancel", "canceled")
    emit(work, "payout.canceled", payout)


def pay_payout(work: Work, payout: Doc) -> None:
    """The money arrived at the merchant's bank."""
    _forget_timers(work, payout)
    payout["status"] = "paid"
    work.save(payout)
    emit(work, "payout.paid", payout)


def fail_payout(work: Work, payout: Doc) -> None:
    """The merchant's bank sends the money back, perhaps after it was paid."""
    payout.update(failure_code=FAILURE[0], failure_message=FAILURE[1])
    _return_money(work, payout, "payout_failure", "failed")
    emit(work, "payout.failed", payout)


def send_due_payout(work: Work, payout_id: str) -> None:
    """The timer: a payout leaves for the bank."""
    payout = work.get("payout", payout_id)
    payout["status"] = "in_transit"
    work.save(payout)
    emit(work, "payout.updated", payout, {"status": "pending"})


def pay_due_payout(work: Work, payout_id: str) -> None:
    """The timer: its arrival date has come."""
    pay_payout(work, work.get("payout", payout_id))


def reconcile_payout(work: Work, payout_id: str) -> None:
    """The timer: what an automatic payout consists of can be listed."""
    payout = work.get("payout", payout_id)
    payout["reconciliation_status"] = "completed"
    work.save(payout)
    emit(work, "payout.reconciliation_completed", payout)


def _return_money(work: Work, payout: Doc, kind: str, status: str) -> None:
    _forget_timers(work, payout)
    entry = book_payout(work, payout, payout["amount"], Adjustment(payout["description"] or "Payout", kind))
    payout.update(status=status, failure_balance_transaction=entry["id"])
    work.save(payout)


def _forget_timers(work: Work, payout: Doc) -> None:
    for act in ("send_payout", "pay_payout"):
        work.clear_timers(act, payout["id"])
