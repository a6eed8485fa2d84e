"""Balance transactions: what a payment leaves in the merchant's balance.

Known a few seconds after the charge (capture `automatic_async`).
"""

from dataclasses import dataclass

from stripe_sandbox.cards import card_by_fingerprint
from stripe_sandbox.events import emit
from stripe_sandbox.flows.exchange import settle
from stripe_sandbox.ids import stem_of
from stripe_sandbox.state.work import Doc, Work

FILL_DELAY_S = 2.5
AVAILABLE_AFTER_S = 7 * 24 * 3600
# The fee of a European card: 1.5 % and 25 minor units, rounded half up.
FEE_BASIS_POINTS = 150
FEE_FIXED = 25


def fee_of(amount: int) -> int:
    """Stripe's fee on an amount, both in minor units."""
    return (amount * FEE_BASIS_POINTS + 5000) // 10000 + FEE_FIXED


def book_charge(work: Work, charge: Doc) -> Doc:
    """Makes the balance transaction of a captured charge and names it there."""
    entry = new_balance_transaction(
        work,
        source=charge,
        amount=charge["amount_captured"],
        fee=fee_of(settle(work, charge["amount_captured"], charge["currency"]).amount),
        kind="charge" if charge["id"].startswith("ch_") else "payment",
    )
    charge["balance_transaction"] = entry["id"]
    work.save(charge)
    details: Doc = charge["payment_method_details"]
    if details["type"] == "card" and card_by_fingerprint(details["card"]["fingerprint"]).funds_at_once:
        entry["available_on"] = work.now
        free_funds(work, entry["id"])
    return entry


def free_funds(work: Work, entry_id: str) -> None:
    """The timer: money that was pending can be paid out."""
    entry = work.get("balance_transaction", entry_id)
    entry["status"] = "available"
    work.save(entry)


def fill_balance(work: Work, charge_id: str) -> None:
    """The timer: the balance transaction arrives and charge.updated says so."""
    charge = work.get("charge", charge_id)
    if charge["balance_transaction"] is not None:
        return
    book_charge(work, charge)
    emit(work, "charge.updated", charge, previous={"balance_transaction": None})


def new_balance_transaction(work: Work, *, source: Doc, amount: int, fee: int, kind: str) -> Doc:
    """Stores one movement of the balance; `amount` is in the source's currency, `fee` in the one it is settled in."""
    entry = _insert_entry(
        work,
        source,
        (amount, fee, "Stripe processing fees"),
        {
            "id": work.mint("txn", stem_of(source["id"])),
            "available_on": work.now + AVAILABLE_AFTER_S,
            "description": source.get("description"),
            "reporting_category": {"payment": "charge", "payment_refund": "refund"}.get(kind, kind),
            "status": "pending",
            "type": kind,
        },
    )
    work.set_timer(AVAILABLE_AFTER_S, "free_funds", entry["id"])
    return entry


@dataclass(frozen=True)
class Adjustment:
    """What a movement that no payment made says of itself."""

    description: str
    reporting_category: str


def book_adjustment(work: Work, dispute: Doc, amount: int, fee: int, note: Adjustment) -> Doc:
    """Stores what a dispute takes or gives back, at once."""
    return _insert_entry(
        work,
        dispute,
        (amount, fee, "Dispute fee"),
        {
            "id": work.mint("txn"),
            "available_on": work.now,
            "description": note.description,
            "reporting_category": note.reporting_category,
            "status": "available",
            "type": "adjustment",
        },
    )


def book_payout(work: Work, payout: Doc, amount: int, note: Adjustment) -> Doc:
    """Stores what a payout takes from the balance, or what comes back of it; the type is its category."""
    parts: Doc = {
        "id": work.mint("txn"),
        "available_on": work.now,
        "description": note.description,
        "reporting_category": "payout" if note.reporting_category == "payout" else "payout_reversal",
        "status": "available",
        "type": note.reporting_category,
    }
    return _insert_entry(work, payout, (amount, 0, ""), parts)


def _insert_entry(work: Work, source: Doc, money: tuple[int, int, str], parts: Doc) -> Doc:
    """`money` is the amount in the source's currency, the fee in the settled one, and what the fee is for."""
    amount, fee, fee_name = money
    settled = settle(work, amount, source["currency"])
    details = {
        "amount": fee,
        "application": None,
        "currency": settled.currency,
        "description": fee_name,
        "type": "stripe_fee",
    }
    entry: Doc = {
        "object": "balance_transaction",
        "amount": settled.amount,
        "balance_type": "payments",
        "created": work.now,
        "currency": settled.currency,
        "exchange_rate": settled.rate,
        "fee": fee,
        "fee_details": [details] if fee else [],
        "net": settled.amount - fee,
        "source": source["id"],
    }
    return work.insert({**entry, **parts})
