"""The bank as a person or a test plays it: POST bank/{id}/{act}, where the id says what the act is done to."""

from collections.abc import Callable
from dataclasses import dataclass

from stripe_sandbox.control.request import NOT_FOUND, Control, Refused
from stripe_sandbox.dispute_cases import NETWORK_CODES, REASONS, DisputeCase
from stripe_sandbox.flows.bank import fail_debit, settle_debit
from stripe_sandbox.flows.checkout import answer_challenge
from stripe_sandbox.flows.disputes import (
    INQUIRIES,
    close_inquiry,
    escalate_inquiry,
    lose_dispute,
    open_dispute,
    win_dispute,
)
from stripe_sandbox.flows.early_warnings import open_warning
from stripe_sandbox.flows.payouts import PayoutWish, available_entries, fail_payout, open_payout, pay_payout
from stripe_sandbox.flows.refunds import ask_buyer, end_refund, settle_refund
from stripe_sandbox.state.work import Doc, Work, open_work, public

CONFLICT = 409


@dataclass(frozen=True)
class Act:
    """What is done, and the statuses in which it can be."""

    statuses: tuple[str, ...]
    do: Callable[[Work, Doc, Control], object]


def _dispute(work: Work, charge: Doc, control: Control) -> None:
    """With the body `{"reason": "fraudulent", "amount": 700, "inquiry": false}`, all of it optional."""
    reason = control.body.get("reason", "fraudulent")
    amount = control.body.get("amount", charge["amount_captured"])
    inquiry = control.body.get("inquiry", False)
    if set(control.body) - {"reason", "amount", "inquiry"} or reason not in REASONS or not isinstance(inquiry, bool):
        raise Refused(f"Send reason ({', '.join(REASONS)}), amount and inquiry (true or false).")
    if isinstance(amount, bool) or not isinstance(amount, int) or not 1 <= amount <= charge["amount_captured"]:
        raise Refused(f"amount must be a number from 1 to {charge['amount_captured']}.")
    open_dispute(work, charge, DisputeCase(reason, NETWORK_CODES.get(reason), inquiry), amount)


_PAYMENT = {
    "settle": Act(("processing",), lambda work, intent, _: settle_debit(work, intent)),
    "fail": Act(("processing",), lambda work, intent, _: fail_debit(work, intent)),
    "authenticate": Act(("requires_action",), lambda work, intent, _: answer_challenge(work, intent, passed=True)),
    "refuse": Act(("requires_action",), lambda work, intent, _: answer_challenge(work, intent, passed=False)),
}
_SETUP = {
    "authenticate": Act(("requires_action",), lambda work, setup, _: answer_challenge(work, setup, passed=True)),
    "refuse": Act(("requires_action",), lambda work, setup, _: answer_challenge(work, setup, passed=False)),
}
_UNDER_WAY = ("pending", "requires_action")
_REFUND = {
    "succeed": Act(_UNDER_WAY, lambda work, refund, _: settle_refund(work, refund)),
    "fail": Act((*_UNDER_WAY, "succeeded"), lambda work, refund, _: end_refund(work, refund, "failed")),
    "ask_buyer": Act(("pending",), lambda work, refund, _: ask_buyer(work, refund)),
    "cancel": Act(_UNDER_WAY, lambda work, refund, _: end_refund(work, refund, "canceled")),
}
_CHARGE = {
    "dispute": Act(("succeeded",), _dispute),
    "warn": Act(("succeeded",), lambda work, charge, _: open_warning(work, charge)),
}
_CHARGEBACKS = ("needs_response", "under_review")
_DISPUTE = {
    "win": Act(_CHARGEBACKS, lambda work, dispute, _: win_dispute(work, dispute)),
    "lose": Act(_CHARGEBACKS, lambda work, dispute, _: lose_dispute(work, dispute)),
    "escalate": Act(INQUIRIES, lambda work, dispute, _: escalate_inquiry(work, dispute)),
    "close": Act(INQUIRIES, lambda work, dispute, _: close_inquiry(work, dispute)),
}
_PAYOUT = {
    "pay": Act(("pending", "in_transit"), lambda work, payout, _: pay_payout(work, payout)),
    "fail": Act(("pending", "in_transit", "paid"), lambda work, payout, _: fail_payout(work, payout)),
}
# The prefix of an id says what it names.
PLAYS: dict[str, tuple[str, dict[str, Act]]] = {
    "pi": ("payment_intent", _PAYMENT),
    "seti": ("setup_intent", _SETUP),
    "ch": ("charge", _CHARGE),
    "py": ("charge", _CHARGE),
    "du": ("dispute", _DISPUTE),
    "po": ("payout", _PAYOUT),
    "re": ("refund", _REFUND),
    "pyr": ("refund", _REFUND),
}


def play_bank(control: Control) -> Doc:
    """POST bank/{id}/{act}.

    PaymentIntent: `settle` or `fail` a bank debit, `authenticate` or `refuse` a challenge (SetupIntent too). Refund:
    `succeed`, `fail` (also long after it succeeded), `ask_buyer` (requires_action), `cancel`. Charge: `dispute`, `warn`
    (early fraud warning). Dispute: `win`, `lose`, and for an inquiry `escalate`, `close`. Payout: `pay`, `fail`.
    """
    object_id = control.path["id"]
    kind, acts = PLAYS.get(object_id.partition("_")[0], PLAYS["pi"])
    act = acts.get(control.path["act"])
    if act is None:
        raise Refused(f"The bank can {', '.join(acts)} a {kind}.", NOT_FOUND)
    with open_work(control.sandbox.store, control.account) as work:
        doc = work.find(kind, object_id)
        if doc is None:
            raise Refused(f"No such {kind} in this account.", NOT_FOUND)
        if doc["status"] not in act.statuses:
            raise Refused(f"The {kind} is {doc['status']}, not {' or '.join(act.statuses)}.", CONFLICT)
        act.do(work, doc, control)
        return public(doc)


def pay_out(control: Control) -> Doc:
    """POST payouts: an automatic payout per currency of all that is available; `payouts` are those that were made."""
    with open_work(control.sandbox.store, control.account) as work:
        made: list[Doc] = []
        for currency in sorted({entry["currency"] for entry in available_entries(work)}):
            entries = available_entries(work, currency)
            amount = sum(entry["net"] for entry in entries)
            if amount > 0:
                names = tuple(entry["id"] for entry in entries)
                made.append(public(open_payout(work, PayoutWish(amount, currency, entries=names))))
        return {"payouts": made}
