"""The bank as a person or a test plays it: POST bank/{id}/{act}, where the id says what the act is done to."""

from collections.abc import Callable
from dataclasses import dataclass

from stripe_sandbox.control.request import NOT_FOUND, Control, Refused
from stripe_sandbox.flows.bank import fail_debit, settle_debit
from stripe_sandbox.flows.checkout import finish_session_challenge
from stripe_sandbox.flows.confirmation import finish_challenge
from stripe_sandbox.flows.refunds import ask_buyer, end_refund, settle_refund
from stripe_sandbox.state.work import Doc, Work, open_work, public

CONFLICT = 409


@dataclass(frozen=True)
class Act:
    """What is done, and the statuses in which it can be."""

    statuses: tuple[str, ...]
    do: Callable[[Work, Doc, Control], object]


def _answer_challenge(work: Work, intent: Doc, *, passed: bool) -> None:
    session = work.find("checkout.session", intent.get("_session") or "")
    if session is None:
        finish_challenge(work, intent, passed=passed)
    else:
        finish_session_challenge(work, session, intent, passed=passed)


_PAYMENT = {
    "settle": Act(("processing",), lambda work, intent, _: settle_debit(work, intent)),
    "fail": Act(("processing",), lambda work, intent, _: fail_debit(work, intent)),
    "authenticate": Act(("requires_action",), lambda work, intent, _: _answer_challenge(work, intent, passed=True)),
    "refuse": Act(("requires_action",), lambda work, intent, _: _answer_challenge(work, intent, passed=False)),
}
_UNDER_WAY = ("pending", "requires_action")
_REFUND = {
    "succeed": Act(_UNDER_WAY, lambda work, refund, _: settle_refund(work, refund)),
    "fail": Act((*_UNDER_WAY, "succeeded"), lambda work, refund, _: end_refund(work, refund, "failed")),
    "ask_buyer": Act(("pending",), lambda work, refund, _: ask_buyer(work, refund)),
    "cancel": Act(_UNDER_WAY, lambda work, refund, _: end_refund(work, refund, "canceled")),
}
# The prefix of an id says what it names.
PLAYS: dict[str, tuple[str, dict[str, Act]]] = {
    "pi": ("payment_intent", _PAYMENT),
    "re": ("refund", _REFUND),
    "pyr": ("refund", _REFUND),
}


def play_bank(control: Control) -> Doc:
    """POST bank/{id}/{act}.

    PaymentIntent: `settle` or `fail` a bank debit, `authenticate` or `refuse` a challenge. Refund: `succeed`, `fail`
    (also long after it succeeded), `ask_buyer` (requires_action), `cancel`.
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
