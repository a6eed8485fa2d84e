"""The payment page of a Checkout Session as the official command line drives it.

`stripe trigger checkout.session.completed` reads the page and confirms it, where a buyer would fill in the form.
Source: the fixtures of Stripe CLI 1.52.0.
"""

from stripe_sandbox.call import Call
from stripe_sandbox.flows.checkout import complete_free_session, confirm_session, intent_of
from stripe_sandbox.ids import scramble
from stripe_sandbox.resources.payment_methods import resolve_payment_method
from stripe_sandbox.state.work import Doc, public
from stripe_sandbox.wire.errors import declined, missing_object, refused


def _in_path(call: Call) -> Doc:
    found = call.work.find("checkout.session", call.path["id"])
    if found is None:
        raise missing_object("payment_page", call.path["id"], param="session")
    return found


def _page(session: Doc) -> Doc:
    return {
        "id": "ppage_" + scramble(session["id"], "payment_page", length=24),
        "object": "payment_page",
        "amount_total": session["amount_total"],
        "currency": session["currency"],
        "livemode": False,
        "mode": session["mode"],
        "payment_intent": session["payment_intent"],
        "payment_method_types": session["payment_method_types"],
        "payment_status": session["payment_status"],
        "session_id": session["id"],
        "status": session["status"],
        "success_url": session["success_url"],
    }


def retrieve_page(call: Call) -> Doc:
    """GET /v1/payment_pages/{session}."""
    return _page(_in_path(call))


def confirm_page(call: Call) -> Doc:
    """POST /v1/payment_pages/{session}/confirm: pays an open session with a payment method.

    A decline is answered 402 and leaves the session open, as on the page itself.
    """
    session = _in_path(call)
    if session["status"] != "open":
        raise refused(f"This Checkout Session is {session['status']} and can no longer be confirmed.", param="session")
    total: int = session["amount_total"] or 0
    if call.params["expected_amount"] != total:
        raise refused(
            f"The expected amount ({call.params['expected_amount']}) is not the session's total amount ({total}).",
            code="checkout_amount_mismatch",
            param="expected_amount",
        )
    method = resolve_payment_method(call.work, call.params["payment_method"])
    if method["type"] not in session["payment_method_types"]:
        offered = ", ".join(session["payment_method_types"])
        raise refused(f"A {method['type']} is not among what the session offers: {offered}.", param="payment_method")
    if session["mode"] == "payment" and total == 0:
        complete_free_session(call.work, session, method["billing_details"])
        return _page(session)
    error = confirm_session(call.work, session, method, call.base_url)
    if error is not None:
        intent = intent_of(call.work, session)
        raise declined(error if intent is None else {**error, intent["object"]: public(intent)})
    return _page(session)
