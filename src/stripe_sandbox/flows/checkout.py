"""A Checkout Session's life: open, then complete (paid, or unpaid while a bank debit runs) or expired.

The PaymentIntent is made when the buyer first confirms, and a retry after a decline uses the same one (since API
2022-08-01).
"""

from stripe_sandbox.events import emit
from stripe_sandbox.flows.capture import cancel_intent
from stripe_sandbox.flows.confirmation import Confirming, confirm_intent, finish_challenge
from stripe_sandbox.flows.discounts import redeem
from stripe_sandbox.resources.customers import new_customer
from stripe_sandbox.resources.intent_shape import new_intent
from stripe_sandbox.resources.payment_methods import blank_address
from stripe_sandbox.state.work import Doc, Work

# A setting of the account: what payment_status says when manual capture has only authorised. No recording of Stripe's
# answer exists.
MANUAL_CAPTURE_SETTING = "manual_capture_payment_status"


def pay_session(work: Work, session: Doc, method: Doc, base_url: str) -> Doc | None:
    """The buyer presses Pay.

    Gives the error of a decline. A challenge leaves the session open and the PaymentIntent requires_action.
    """
    intent = open_intent(work, session)
    method["customer"] = session["customer"] if intent["setup_future_usage"] else None
    work.save(method)
    how = Confirming(base_url=base_url, return_url=session_page_url(base_url, session))
    error = confirm_intent(work, intent, method, how)
    if error is None:
        _complete_if_paid(work, session, intent, method)
    return error


def finish_session_challenge(work: Work, session: Doc, intent: Doc, *, passed: bool) -> Doc | None:
    """The buyer comes back from the challenge; gives the error of a failure or decline."""
    method = work.get("payment_method", intent["payment_method"])
    error = finish_challenge(work, intent, passed=passed)
    if error is None:
        _complete_if_paid(work, session, intent, method)
    return error


def open_intent(work: Work, session: Doc) -> Doc:
    """The session's PaymentIntent, made at its first use."""
    existing = work.find("payment_intent", session["_intent"]) if session["_intent"] else None
    if existing is not None:
        return existing
    data: Doc = session["_payment_intent_data"]
    if session["customer"] is None and (session["customer_creation"] == "always" or data.get("setup_future_usage")):
        session["customer"] = new_customer(work, {"email": session["customer_email"]})["id"]
    intent = new_intent(
        work,
        {
            **data,
            "amount": session["amount_total"],
            "currency": session["currency"],
            "customer": session["customer"],
            "payment_method_types": session["payment_method_types"],
            "payment_method_options": session["payment_method_options"],
        },
    )
    intent["_session"] = session["id"]
    work.save(intent)
    session["_intent"] = intent["id"]
    session["payment_intent"] = intent["id"]
    work.save(session)
    emit(work, "payment_intent.created", intent)
    return intent


def expire_session(work: Work, session: Doc) -> None:
    """Closes an open session; a PaymentIntent that a failed attempt left behind is cancelled with it."""
    work.clear_timers("expire_session", session["id"])
    session.update(status="expired", url=None)
    work.save(session)
    emit(work, "checkout.session.expired", session)
    intent = work.find("payment_intent", session["_intent"]) if session["_intent"] else None
    if intent is not None and intent["status"] not in ("canceled", "succeeded", "processing"):
        cancel_intent(work, intent, "automatic")


def expire_due_session(work: Work, session_id: str) -> None:
    """The timer: expires_at has come."""
    session = work.get("checkout.session", session_id)
    if session["status"] == "open":
        expire_session(work, session)


def session_page_url(base_url: str, session: Doc) -> str:
    """The hosted page."""
    return f"{base_url}/c/pay/{session['id']}"


def _complete_if_paid(work: Work, session: Doc, intent: Doc, method: Doc) -> None:
    status = intent["status"]
    if status not in ("succeeded", "requires_capture", "processing"):
        return
    paid = "unpaid"
    if status == "succeeded":
        paid = "paid"
    elif status == "requires_capture":
        paid = work.account.settings.get(MANUAL_CAPTURE_SETTING, "unpaid")
    _complete(work, session, paid, method["billing_details"])


def complete_free_session(work: Work, session: Doc, billing: Doc) -> None:
    """The buyer confirms an order that costs nothing: no payment is made."""
    if session["customer"] is None and session["customer_creation"] == "always":
        session["customer"] = new_customer(work, {"email": session["customer_email"] or billing["email"]})["id"]
    _complete(work, session, "no_payment_required", billing)


def _complete(work: Work, session: Doc, payment_status: str, billing: Doc) -> None:
    work.clear_timers("expire_session", session["id"])
    customer = work.find("customer", session["customer"]) if session["customer"] else None
    session.update(
        status="complete",
        payment_status=payment_status,
        url=None,
        customer_details={
            "address": {**blank_address(), **billing["address"]},
            "business_name": None,
            "email": billing["email"] or (customer or {}).get("email"),
            "individual_name": None,
            "name": billing["name"],
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
    )
    work.save(session)
    redeem(work, session)
    event = emit(work, "checkout.session.completed", session)
    session["_completed_event"] = event["id"]
    work.save(session)
