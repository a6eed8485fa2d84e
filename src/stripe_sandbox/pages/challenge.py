"""The 3-D Secure test page: the person in front of it is the bank."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stripe_sandbox.flows.checkout import answer_challenge
from stripe_sandbox.money import show_amount
from stripe_sandbox.pages.payment import SEE_OTHER, leave_for_shop, not_found
from stripe_sandbox.pages.rendering import render
from stripe_sandbox.pages.wording import Language, choose_language, words
from stripe_sandbox.sandbox import Sandbox
from stripe_sandbox.state.work import Doc, Work, open_work
from stripe_sandbox.timers import run_due
from stripe_sandbox.wire.forms import decode_fields


def _session_of(work: Work, intent: Doc) -> Doc | None:
    return work.find("checkout.session", intent.get("_session") or "")


def _intent_of(work: Work, intent_id: str) -> Doc:
    """A PaymentIntent, or a SetupIntent, which has no amount."""
    return work.get("setup_intent" if intent_id.startswith("seti_") else "payment_intent", intent_id)


def _language(request: Request, session: Doc | None) -> Language:
    return choose_language(session["locale"] if session else None, request.headers.get("accept-language", ""))


async def show_challenge(sandbox: Sandbox, request: Request) -> Response:
    """GET: the amount and two buttons."""
    intent_id: str = request.path_params["intent"]
    account = sandbox.store.account_of(intent_id)
    if account is None:
        return not_found()
    run_due(sandbox.store, account)
    with open_work(sandbox.store, account) as work:
        intent = _intent_of(work, intent_id)
        session = _session_of(work, intent)
        language = _language(request, session)
        if intent["status"] != "requires_action":
            return _over(language)
        card = work.get("payment_method", intent["payment_method"])["card"]
        values = {
            "t": words(language),
            "language": language,
            "amount": show_amount(intent["amount"], intent["currency"], language) if "amount" in intent else None,
            "card": f"{card['display_brand'].capitalize()} •••• {card['last4']}",
        }
        ends_at = session["success_url"] if session else intent.get("_return_url")
        return render("challenge.html", values, leads_to=ends_at)


async def submit_challenge(sandbox: Sandbox, request: Request) -> Response:
    """POST `result=complete|fail`: back to the payment page with a message, or on to the shop."""
    intent_id: str = request.path_params["intent"]
    account = sandbox.store.account_of(intent_id)
    if account is None:
        return not_found()
    passed = decode_fields(await request.body()).get("result") == "complete"
    run_due(sandbox.store, account)
    with open_work(sandbox.store, account) as work:
        intent = _intent_of(work, intent_id)
        session = _session_of(work, intent)
        if intent["status"] == "requires_action":
            answer_challenge(work, intent, passed=passed)
    sandbox.courier.wake()
    if session is None:
        return _return_to_caller(intent, _language(request, None))
    if session["status"] == "complete":
        return await leave_for_shop(sandbox, session)
    return RedirectResponse(f"/c/pay/{session['id']}?failed=1", SEE_OTHER)


def _return_to_caller(intent: Doc, language: Language) -> Response:
    """A PaymentIntent without a session returns to its return_url, with the ids that Stripe adds."""
    return_url: str | None = intent.get("_return_url")
    if return_url is None:
        return _over(language)
    joint, kind = "&" if "?" in return_url else "?", intent["object"]
    return RedirectResponse(
        f"{return_url}{joint}{kind}={intent['id']}&{kind}_client_secret={intent['client_secret']}", SEE_OTHER
    )


def _over(language: Language) -> Response:
    spoken = words(language)
    values = {
        "t": spoken,
        "language": language,
        "title": spoken["challenge_over_title"],
        "text": spoken["challenge_over_text"],
        "shop_url": None,
    }
    return render("message.html", values)
