"""What the bank can do to an object, and the statuses in which it can."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
from stripe_sandbox.flows.payouts import fail_payout, pay_payout
from stripe_sandbox.flows.refunds import ask_buyer, end_refund, settle_refund
from stripe_sandbox.scenarios.family import relative
from stripe_sandbox.scenarios.refusal import CONFLICT, NOT_FOUND, Refused
from stripe_sandbox.state.work import Doc, Work


@dataclass(frozen=True)
class Act:
    """What is done with which fields, and the statuses in which it can be."""

    statuses: tuple[str, ...]
    do: Callable[[Work, Doc, dict[str, Any]], object]


def _dispute(work: Work, charge: Doc, fields: dict[str, Any]) -> None:
    """With `{"reason": "fraudulent", "amount": 700, "inquiry": false}`, all of it optional."""
    reason = fields.get("reason", "fraudulent")
    amount = fields.get("amount", charge["amount_captured"])
    inquiry = fields.get("inquiry", False)
    if set(fields) - {"reason", "amount", "inquiry"} or reason not in REASONS or not isinstance(inquiry, bool):
        raise Refused(f"Send reason ({', '.join(REASONS)}), amount and inquiry (true or false).")
    if isinstance(amount, bool) or not isinstance(amount, int) or not 1 <= amount <= charge["amount_captured"]:
        raise Refused(f"amount must be a number from 1 to {charge['amount_captured']}.")
    open_dispute(work, charge, DisputeCase(reason, NETWORK_CODES.get(reason), inquiry), amount)


def _win(work: Work, dispute: Doc, fields: dict[str, Any]) -> None:
    """With `{"amount": 700}` only a part comes back."""
    amount = fields.get("amount", dispute["amount"])
    if set(fields) - {"amount"} or isinstance(amount, bool) or not isinstance(amount, int):
        raise Refused("Send amount, a number, or nothing.")
    if not 1 <= amount <= dispute["amount"]:
        raise Refused(f"amount must be a number from 1 to {dispute['amount']}.")
    win_dispute(work, dispute, amount)


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
    "win": Act(_CHARGEBACKS, _win),
    "reverse": Act(("lost",), _win),
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
ACT_NAMES = frozenset(name for _, acts in PLAYS.values() for name in acts)


def acts_for(doc: Doc) -> list[str]:
    """What the bank can do to an object as it is now."""
    acts = PLAYS.get(doc["id"].partition("_")[0], ("", {}))[1]
    return [name for name, act in acts.items() if doc["status"] in act.statuses]


def play_act(work: Work, object_id: str, name: str, fields: dict[str, Any]) -> Doc:
    """Does it to the object; gives the object. Raises Refused."""
    kind, acts = PLAYS.get(object_id.partition("_")[0], PLAYS["pi"])
    act = acts.get(name)
    if act is None:
        raise Refused(f"The bank can {', '.join(acts)} a {kind}.", NOT_FOUND)
    doc = work.find(kind, object_id)
    if doc is None:
        raise Refused(f"No such {kind} in this account.", NOT_FOUND)
    if doc["status"] not in act.statuses:
        raise Refused(f"The {kind} is {doc['status']}, not {' or '.join(act.statuses)}.", CONFLICT)
    act.do(work, doc, fields)
    return doc


def play_act_around(work: Work, object_id: str, name: str, fields: dict[str, Any]) -> Doc:
    """The same, but to the object of the same payment that the act is for: `dispute` on a session means its charge."""
    if name in PLAYS.get(object_id.partition("_")[0], ("", {}))[1]:
        return play_act(work, object_id, name, fields)
    for kind, acts in PLAYS.values():
        found = relative(work, object_id, kind) if name in acts else None
        if found is not None:
            return play_act(work, found["id"], name, fields)
    raise Refused(f"The bank cannot {name} anything of {object_id}.", NOT_FOUND)
