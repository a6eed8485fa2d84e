"""The hosted page of a Checkout Session.

Shows the order, takes the buyer's choices and his card or IBAN, and ends at the shop's success_url.
"""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stripe_sandbox.declines import localized
from stripe_sandbox.flows.checkout import complete_free_session, confirm_session, intent_of
from stripe_sandbox.flows.recovery import recover_session
from stripe_sandbox.pages.entries import EntryProblem, is_email
from stripe_sandbox.pages.payment_buyer import Typed, keep_answers, known_email, read_method, read_typed
from stripe_sandbox.pages.payment_choices import ChoiceRefusedError, change_order
from stripe_sandbox.pages.payment_view import Notice, View, notice_of, show_message, show_view, success_url
from stripe_sandbox.pages.wording import Language, choose_language, words
from stripe_sandbox.resources.payment_methods import billing_details
from stripe_sandbox.sandbox import Sandbox
from stripe_sandbox.state.work import Doc, Work, open_work
from stripe_sandbox.timers import run_due
from stripe_sandbox.wire.errors import StripeError
from stripe_sandbox.wire.forms import decode_fields

SEE_OTHER = 303


def not_found(language: Language = "en") -> Response:
    """The page for an address that names nothing."""
    return show_message("not_found", language, None, status=404)


async def show_payment_page(sandbox: Sandbox, request: Request) -> Response:
    """GET: the form while the session is open, else what became of it."""
    session_id: str = request.path_params["session"]
    account = sandbox.store.account_of(session_id)
    if account is None:
        return not_found()
    run_due(sandbox.store, account)
    sandbox.courier.wake()
    with open_work(sandbox.store, account) as work:
        session = work.get("checkout.session", session_id)
        language = choose_language(session["locale"], request.headers.get("accept-language", ""))
        wanted = request.query_params.get("method", "card")
        method = wanted if wanted in session["payment_method_types"] else "card"
        notice = _last_failure(work, session, language) if "failed" in request.query_params else None
        return show_view(work, View(session, language, Typed(method=method), notice))


async def recover_payment_page(sandbox: Sandbox, request: Request) -> Response:
    """GET: on to the page of a new session, a copy of the expired one."""
    session_id: str = request.path_params["session"]
    account = sandbox.store.account_of(session_id)
    if account is None:
        return not_found()
    run_due(sandbox.store, account)
    language = choose_language(None, request.headers.get("accept-language", ""))
    try:
        with open_work(sandbox.store, account) as work:
            expired = work.get("checkout.session", session_id)
            copy = recover_session(work, expired, str(request.base_url).rstrip("/"))
    except StripeError:
        copy = None
    if copy is None:
        return show_message("expired", language, None, status=410)
    return RedirectResponse(f"/c/pay/{copy['id']}", SEE_OTHER)


def _last_failure(work: Work, session: Doc, language: Language) -> Notice | None:
    """What the buyer is told when he comes back from a challenge that went wrong."""
    intent = intent_of(work, session)
    if intent is None:
        return None
    error: Doc | None = intent["last_setup_error" if intent["object"] == "setup_intent" else "last_payment_error"]
    return None if error is None else Notice(localized(error["message"], language))


async def submit_payment_page(sandbox: Sandbox, request: Request) -> Response:
    """POST: the buyer changes his order (`act=update`), or presses the button."""
    session_id: str = request.path_params["session"]
    account = sandbox.store.account_of(session_id)
    if account is None:
        return not_found()
    fields = decode_fields(await request.body())
    accepted = request.headers.get("accept-language", "")
    base_url = str(request.base_url).rstrip("/")
    run_due(sandbox.store, account)
    try:
        with open_work(sandbox.store, account) as work:
            session = work.get("checkout.session", session_id)
            language = choose_language(session["locale"], accepted)
            page = _answer(work, session, fields, language, base_url)
    except ChoiceRefusedError as refused:
        with open_work(sandbox.store, account) as work:
            session = work.get("checkout.session", session_id)
            language = choose_language(session["locale"], accepted)
            return show_view(work, View(session, language, notice=notice_of(refused.problem, language)), status=422)
    sandbox.courier.wake()
    return page or await leave_for_shop(sandbox, session)


def _answer(work: Work, session: Doc, fields: dict[str, str], language: Language, base_url: str) -> Response | None:
    """The page to show, or None when the session is complete."""
    if session["status"] == "complete":
        return None
    if session["status"] == "expired":
        return show_view(work, View(session, language))
    if fields.get("act") == "update":
        if session["mode"] == "payment":
            change_order(work, session, fields)
        return RedirectResponse(f"/c/pay/{session['id']}", SEE_OTHER)
    return _confirm(work, session, fields, language, base_url)


async def leave_for_shop(sandbox: Sandbox, session: Doc) -> Response:
    """Sends the buyer to the shop, once the shop was told of the completion or did not take it in time."""
    if session["_completed_event"] is not None:
        await sandbox.courier.wait_for_first_attempt(session["_completed_event"])
    return RedirectResponse(success_url(session), SEE_OTHER)


def _confirm(work: Work, session: Doc, fields: dict[str, str], language: Language, base_url: str) -> Response | None:
    """Tries to pay or to set up; gives the page to show instead, or None when the session is complete."""
    typed = read_typed(session, fields)

    def complain(notice: Notice, status: int) -> Response:
        return show_view(work, View(session, language, typed, notice), status=status)

    # Another window of the same buyer may have changed the order meanwhile.
    due = "" if session["amount_total"] is None else str(session["amount_total"])
    if fields.get("expected_amount", due) != due:
        return complain(Notice(words(language)["order_changed"]), 409)
    free = session["amount_total"] == 0
    made = keep_answers(session, typed) or (
        _read_free(work, session, typed) if free else read_method(work, session, fields, typed)
    )
    if isinstance(made, EntryProblem):
        return complain(notice_of(made, language), 422)
    work.save(session)
    if free:
        complete_free_session(work, session, made)
        return None
    error = confirm_session(work, session, made, base_url)
    if error is not None:
        return complain(Notice(localized(error["message"], language)), 402)
    intent = intent_of(work, session)
    if session["status"] == "open" and intent is not None:
        return RedirectResponse(f"/c/authenticate/{intent['id']}", SEE_OTHER)
    return None


def _read_free(work: Work, session: Doc, typed: Typed) -> Doc | EntryProblem:
    """An order that costs nothing needs an address to write to, and no card; gives the buyer's details."""
    email = known_email(work, session) or typed.email
    if not is_email(email):
        return EntryProblem("email", "email_invalid")
    return billing_details(email=email, name=typed.name or None, phone=typed.phone or None)
