"""A Checkout Session's life: open, then complete (paid, or unpaid while a bank debit runs) or expired.

The PaymentIntent is made when the buyer first confirms, and a retry after a decline uses the same one (since API
2022-08-01). In mode setup a SetupIntent, made with the session, stands in its place.
"""

from stripe_sandbox.call import part
from stripe_sandbox.events import emit
from stripe_sandbox.flows.capture import cancel_intent
from stripe_sandbox.flows.completion import complete_session, shipping_of
from stripe_sandbox.flows.confirmation import Confirming, confirm_intent, finish_challenge
from stripe_sandbox.flows.setup import cancel_setup, confirm_setup, finish_setup_challenge
from stripe_sandbox.resources.customers import new_customer
from stripe_sandbox.resources.intent_shape import new_intent
from stripe_sandbox.state.work import Doc, Work

# A setting of the account: what payment_status says when manual capture has only authorised. No recording of Stripe's
# answer exists.
MANUAL_CAPTURE_SETTING = "manual_capture_payment_status"
RECOVERY_S = 30 * 24 * 3600


def confirm_session(work: Work, session: Doc, method: Doc, base_url: str) -> Doc | None:
    """The buyer presses the button.

    Gives the error of a decline. A challenge leaves the session open and its intent requires_action.
    """
    if session["mode"] == "setup":
        return _set_up(work, session, method, base_url)
    return pay_session(work, session, method, base_url)


def pay_session(work: Work, session: Doc, method: Doc, base_url: str) -> Doc | None:
    """Pays with the method; gives the error of a decline."""
    intent = open_intent(work, session)
    how = Confirming(base_url=base_url, return_url=session_page_url(base_url, session))
    error = confirm_intent(work, intent, method, how)
    if error is None:
        _complete_if_paid(work, session, intent, method)
    return error


def _set_up(work: Work, session: Doc, method: Doc, base_url: str) -> Doc | None:
    setup = work.get("setup_intent", session["setup_intent"])
    if session["customer"] is None and session["customer_creation"] == "always":
        session["customer"] = new_customer(work, {"email": method["billing_details"]["email"]})["id"]
        setup["customer"] = session["customer"]
        work.save(session)
    error = confirm_setup(work, setup, method, Confirming(base_url, session_page_url(base_url, session)))
    if setup["status"] == "succeeded":
        complete_session(work, session, "no_payment_required", method["billing_details"])
    return error


def intent_of(work: Work, session: Doc) -> Doc | None:
    """The PaymentIntent or SetupIntent that the session has by now."""
    if session["setup_intent"] is not None:
        return work.get("setup_intent", session["setup_intent"])
    return work.find("payment_intent", session["_intent"] or "")


def answer_challenge(work: Work, intent: Doc, *, passed: bool) -> None:
    """The bank has decided about the buyer: what becomes of his PaymentIntent or SetupIntent, and of its session."""
    session = work.find("checkout.session", intent.get("_session") or "")
    method = work.get("payment_method", intent["payment_method"])
    if intent["object"] == "setup_intent":
        error = finish_setup_challenge(work, intent, passed=passed)
        if session is not None and error is None:
            complete_session(work, session, "no_payment_required", method["billing_details"])
        return
    error = finish_challenge(work, intent, passed=passed)
    if session is not None and error is None:
        _complete_if_paid(work, session, intent, method)


def open_intent(work: Work, session: Doc) -> Doc:
    """The session's PaymentIntent, made at its first use."""
    data: Doc = session["_payment_intent_data"]
    shipping = shipping_of(session) or data.get("shipping")
    existing = intent_of(work, session)
    if existing is not None:
        existing["shipping"] = shipping or existing["shipping"]
        return work.save(existing)
    named = session["customer_creation"] == "always" or session["invoice_creation"]["enabled"]
    kept = data.get("setup_future_usage") or session["payment_method_options"]["card"].get("setup_future_usage")
    if session["customer"] is None and (named or kept):
        session["customer"] = new_customer(work, {"email": session["customer_email"]})["id"]
    intent = new_intent(
        work,
        {
            **data,
            "shipping": shipping,
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
    offer_recovery(work, session)
    session.update(status="expired", url=None)
    work.save(session)
    emit(work, "checkout.session.expired", session)
    intent = intent_of(work, session)
    if intent is None or intent["status"] in ("canceled", "succeeded", "processing"):
        return
    if intent["object"] == "setup_intent":
        cancel_setup(work, intent, None)
    else:
        cancel_intent(work, intent, "automatic")


def offer_recovery(work: Work, session: Doc) -> None:
    """Where it was asked for, an address at which the buyer gets a copy of the session (Stripe docs: for 30 days)."""
    recovery = part(part(session, "after_expiration"), "recovery")
    if recovery.get("enabled"):
        base_url = str(session["url"]).partition("/c/pay/")[0]
        url = f"{base_url}/c/recover/{session['id']}"
        session["after_expiration"]["recovery"] |= {"expires_at": work.now + RECOVERY_S, "url": url}


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
    complete_session(work, session, paid, method["billing_details"])


def complete_free_session(work: Work, session: Doc, billing: Doc) -> None:
    """The buyer confirms an order that costs nothing: no payment is made, and one that he tried before is given up."""
    left = intent_of(work, session)
    if left is not None:
        cancel_intent(work, left, "automatic")
    if session["customer"] is None and session["customer_creation"] == "always":
        session["customer"] = new_customer(work, {"email": session["customer_email"] or billing["email"]})["id"]
    complete_session(work, session, "no_payment_required", billing)
