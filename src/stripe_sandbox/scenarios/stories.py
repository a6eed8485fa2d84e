"""Whole stories in one call: what happens rarely, in an order that takes days to come about by itself.

Each is told about an object of a payment, whichever; what it needs is found from there.
"""

from collections.abc import Callable
from typing import Any

from stripe_sandbox.dispute_cases import FRAUDULENT
from stripe_sandbox.flows.checkout import expire_session, open_intent, pay_session
from stripe_sandbox.flows.confirmation import Confirming, confirm_intent
from stripe_sandbox.flows.disputes import open_dispute
from stripe_sandbox.flows.refunds import RefundWish, issue_refund, unrefunded
from stripe_sandbox.resources.payment_methods import billing_details, resolve_payment_method
from stripe_sandbox.scenarios.family import relative
from stripe_sandbox.scenarios.refusal import CONFLICT, NOT_FOUND, Refused
from stripe_sandbox.scenarios.steps import arm_step
from stripe_sandbox.state.work import Doc, Work

DAY_S = 24 * 3600
REFUND_FAILS_S = 21 * DAY_S
DISPUTE_S = 2 * DAY_S
# Nobody comes back from a story's payment, and no challenge is shown.
NOWHERE = Confirming(base_url="")

Fields = dict[str, Any]


def late_success(work: Work, on: str, fields: Fields) -> None:
    """The money comes although the session expired.

    An open session expires first. It stays expired, and only the PaymentIntent tells of the money; with
    `{"completes": true}` the session is completed after all, as if the expiry had lost a race.
    """
    _check(fields, completes=bool)
    session = _need(work, on, "checkout.session")
    if session["mode"] != "payment" or session["status"] == "complete" or not session["amount_total"]:
        raise Refused("The session must wait for a payment, or have expired without one.", CONFLICT)
    if session["status"] == "open":
        expire_session(work, session)
    left = relative(work, session["id"], "payment_intent")
    if left is not None and left["status"] == "canceled":
        session.update(_intent=None, payment_intent=None)
    if fields.get("completes", False):
        pay_session(work, session, _card(work, session), "")
    else:
        intent = open_intent(work, session)
        confirm_intent(work, intent, _card(work, session), NOWHERE)


def double_payment(work: Work, on: str, fields: Fields) -> None:
    """The buyer pays one order twice, in two tabs.

    The same session's money comes by a second PaymentIntent, which the session doesn't name. With
    `{"second": "cs_..."}` both sessions are paid instead. A session that is still open is paid first.
    """
    _check(fields, second=str)
    session = _need(work, on, "checkout.session")
    if session["mode"] != "payment" or not session["amount_total"]:
        raise Refused("The session must be one that takes a payment.", CONFLICT)
    second = fields.get("second")
    if second is not None:
        other = _need(work, second, "checkout.session")
        if {session["status"], other["status"]} - {"open", "complete"}:
            raise Refused("Both sessions must be open or complete.", CONFLICT)
        for one in (session, other):
            _pay_if_open(work, one)
        return
    if session["status"] == "expired":
        raise Refused("The session has expired; late_success is for that.", CONFLICT)
    _pay_if_open(work, session)
    named: Doc = {name: session[name] for name in ("_intent", "payment_intent")}
    session.update(_intent=None)
    again = open_intent(work, session)
    session.update(named)
    work.save(session)
    confirm_intent(work, again, _card(work, session), NOWHERE)


def refund_fails_late(work: Work, on: str, fields: Fields) -> None:
    """A refund that succeeded fails `{"after_s": ...}` later, by itself three weeks on the account's clock."""
    _check(fields, after_s=(int, float))
    refund = _need(work, on, "refund")
    if refund["status"] in ("failed", "canceled"):
        raise Refused(f"The refund is {refund['status']}.", CONFLICT)
    arm_step(work, {"bank": "fail", "on": refund["id"], "after_s": fields.get("after_s", REFUND_FAILS_S)})


def dispute_after_refund(work: Work, on: str, fields: Fields) -> None:
    """All that is left is refunded, and `{"after_s": ...}` later (two days) the bank takes the money as well."""
    _check(fields, after_s=(int, float))
    charge = _need_charge(work, on)
    left = unrefunded(work, charge)
    if left > 0:
        issue_refund(work, charge, RefundWish(left, "requested_by_customer"))
    arm_step(work, {"bank": "dispute", "on": charge["id"], "after_s": fields.get("after_s", DISPUTE_S)})


def dispute_refunded(work: Work, on: str, fields: Fields) -> None:
    """A charge that was refunded, if only in part, is disputed now; a refund of the last minute is recalled by that."""
    _check(fields)
    charge = _need_charge(work, on)
    if unrefunded(work, charge) == charge["amount_captured"]:
        raise Refused("Nothing of the charge was refunded.", CONFLICT)
    open_dispute(work, charge, FRAUDULENT, charge["amount_captured"])


STORIES: dict[str, Callable[[Work, str, Fields], None]] = {
    "late_success": late_success,
    "double_payment": double_payment,
    "refund_fails_late": refund_fails_late,
    "dispute_after_refund": dispute_after_refund,
    "dispute_refunded": dispute_refunded,
}


def _check(fields: Fields, **types: type | tuple[type, ...]) -> None:
    for name, value in fields.items():
        if (
            name not in types
            or not isinstance(value, types[name])
            or (isinstance(value, bool) != (types[name] is bool))
        ):
            raise Refused(f"This story takes {', '.join(types) or 'nothing'} with it, not {name}={value!r}.")
        if isinstance(value, int | float) and value < 0:
            raise Refused(f"{name} cannot be negative.")


def _need(work: Work, on: str, kind: str) -> Doc:
    found = relative(work, on, kind)
    if found is None:
        raise Refused(f"This story needs a {kind}, and {on} leads to none.", NOT_FOUND)
    return found


def _need_charge(work: Work, on: str) -> Doc:
    charge = _need(work, on, "charge")
    if charge["status"] != "succeeded" or not charge["amount_captured"]:
        raise Refused("The charge must have succeeded and be captured.", CONFLICT)
    return charge


def _pay_if_open(work: Work, session: Doc) -> None:
    if session["status"] == "open":
        pay_session(work, session, _card(work, session), "")


def _card(work: Work, session: Doc) -> Doc:
    """The buyer's card, with his address on it."""
    method = resolve_payment_method(work, "pm_card_visa")
    customer = work.find("customer", session["customer"] or "") or {}
    email = session["customer_email"] or customer.get("email") or "buyer@example.com"
    method["billing_details"] = {**method["billing_details"], **billing_details(email=email, name="A. Buyer")}
    return work.save(method)
