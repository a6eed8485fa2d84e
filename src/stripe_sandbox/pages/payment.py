"""The hosted payment page of a Checkout Session.

Shows the order, takes the card or the IBAN, and ends at the shop's success_url.
"""

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stripe_sandbox.declines import localized
from stripe_sandbox.flows.checkout import complete_free_session, pay_session
from stripe_sandbox.ibans import BankAccount
from stripe_sandbox.money import show_amount
from stripe_sandbox.pages.entries import EntryProblem, is_email, read_card, read_iban
from stripe_sandbox.pages.rendering import render
from stripe_sandbox.pages.wording import Language, choose_language, words
from stripe_sandbox.resources.payment_methods import billing_details, new_bank_method, new_card_method
from stripe_sandbox.sandbox import Sandbox
from stripe_sandbox.state.work import Doc, Work, open_work
from stripe_sandbox.timers import run_due
from stripe_sandbox.wire.forms import decode_fields

SEE_OTHER = 303


@dataclass(frozen=True)
class Typed:
    """What the buyer typed, without what must not be kept; shown again after a problem."""

    email: str = ""
    name: str = ""
    method: str = "card"


@dataclass(frozen=True)
class Notice:
    """A problem to be shown: its text and the field it belongs to."""

    text: str
    field: str = ""


@dataclass(frozen=True)
class View:
    """One showing of the page."""

    session: Doc
    language: Language
    typed: Typed = field(default_factory=Typed)
    notice: Notice | None = None


def not_found(language: Language = "en") -> Response:
    """The page for an address that names nothing."""
    return _message("not_found", language, None, status=404)


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


def _last_failure(work: Work, session: Doc, language: Language) -> Notice | None:
    """What the buyer is told when he comes back from a challenge that went wrong."""
    intent = work.find("payment_intent", session["payment_intent"] or "")
    if intent is None or intent["last_payment_error"] is None:
        return None
    return Notice(localized(intent["last_payment_error"]["message"], language))


async def submit_payment_page(sandbox: Sandbox, request: Request) -> Response:
    """POST: the buyer pays."""
    session_id: str = request.path_params["session"]
    account = sandbox.store.account_of(session_id)
    if account is None:
        return not_found()
    fields = decode_fields(await request.body())
    run_due(sandbox.store, account)
    with open_work(sandbox.store, account) as work:
        session = work.get("checkout.session", session_id)
        language = choose_language(session["locale"], request.headers.get("accept-language", ""))
        if session["status"] == "open":
            page = _pay(work, session, fields, language, str(request.base_url).rstrip("/"))
            if page is not None:
                sandbox.courier.wake()
                return page
        elif session["status"] == "expired":
            return show_view(work, View(session, language))
    sandbox.courier.wake()
    return await leave_for_shop(sandbox, session)


async def leave_for_shop(sandbox: Sandbox, session: Doc) -> Response:
    """Sends the buyer to the shop, once the shop was told of the completion or did not take it in time."""
    if session["_completed_event"] is not None:
        await sandbox.courier.wait_for_first_attempt(session["_completed_event"])
    return RedirectResponse(success_url(session), SEE_OTHER)


def success_url(session: Doc) -> str:
    """Where the shop wants the buyer, with the session's id in its place."""
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _pay(work: Work, session: Doc, fields: dict[str, str], language: Language, base_url: str) -> Response | None:
    """Tries to pay; gives the page to show instead, or None when the session is complete."""
    method = fields.get("method", "card")
    typed = Typed(
        email=fields.get("email", "").strip(),
        name=fields.get("name", "").strip(),
        method=method if method in session["payment_method_types"] else "card",
    )
    if session["amount_total"] == 0:
        return _confirm_free(work, session, language, typed)
    made = _read_method(work, session, fields, typed)
    if isinstance(made, EntryProblem):
        notice = Notice(words(language)[made.words], made.field)
        return show_view(work, View(session, language, typed, notice), status=422)
    error = pay_session(work, session, made, base_url)
    if error is not None:
        return show_view(
            work, View(session, language, typed, Notice(localized(error["message"], language))), status=402
        )
    if session["status"] == "open":
        return RedirectResponse(f"/c/authenticate/{session['payment_intent']}", SEE_OTHER)
    return None


def _confirm_free(work: Work, session: Doc, language: Language, typed: Typed) -> Response | None:
    """An order that costs nothing needs an address to write to, and no card."""
    email = known_email(work, session) or typed.email
    if not is_email(email):
        notice = Notice(words(language)["email_invalid"], "email")
        return show_view(work, View(session, language, typed, notice), status=422)
    complete_free_session(work, session, billing_details(email=email, name=typed.name or None))
    return None


def _read_method(work: Work, session: Doc, fields: dict[str, str], typed: Typed) -> Doc | EntryProblem:
    """Checks the fields and makes the payment method."""
    known = known_email(work, session)
    email = known or typed.email
    if known is None and not is_email(email):
        return EntryProblem("email", "email_invalid")
    if typed.method == "sepa_debit":
        source = read_iban(fields.get("iban", ""))
    else:
        source = read_card(fields.get("number", ""), fields.get("expiry", ""), fields.get("cvc", ""), work.now)
    if isinstance(source, EntryProblem):
        return source
    if not typed.name:
        return EntryProblem("name", "name_missing")
    if isinstance(source, BankAccount):
        return new_bank_method(work, source, billing=billing_details(email=email, name=typed.name))
    billing = billing_details(email=email, name=typed.name, address={"country": source.card.country})
    return new_card_method(work, source.card, expiry=source.expiry, billing=billing, cvc_sent=True)


def known_email(work: Work, session: Doc) -> str | None:
    """The buyer's address where the shop gave it, so that the page does not ask."""
    if session["customer"] is not None:
        customer = work.find("customer", session["customer"])
        return None if customer is None else customer.get("email")
    email: str | None = session["customer_email"]
    return email


def show_view(work: Work, view: View, *, status: int = 200) -> Response:
    """The form while the session is open, else the page that says what became of it."""
    session, language = view.session, view.language
    if session["status"] != "open":
        complete = session["status"] == "complete"
        shop = success_url(session) if complete else session["cancel_url"]
        return _message("complete" if complete else "expired", language, shop, status=200 if complete else 410)
    currency: str = session["currency"]
    taken: int = session["total_details"]["amount_discount"]
    values = {
        "t": words(language),
        "language": language,
        "merchant": session["branding_settings"]["display_name"],
        "lines": [
            {
                "name": line["description"],
                "quantity": line["quantity"],
                "unit": show_amount(line["price"]["unit_amount"], currency, language),
                "amount": show_amount(line["amount_subtotal"], currency, language),
            }
            for line in session["_line_items"]
        ],
        "discount": show_amount(-taken, currency, language) if taken else None,
        "total": show_amount(session["amount_total"], currency, language),
        "submit": session["submit_type"] if session["submit_type"] in ("book", "donate", "subscribe") else "pay",
        "action": f"/c/pay/{session['id']}",
        "cancel_url": session["cancel_url"],
        "known_email": known_email(work, session),
        "free": session["amount_total"] == 0,
        "methods": [name for name in ("card", "sepa_debit") if name in session["payment_method_types"]],
        "typed": view.typed,
        "notice": view.notice,
    }
    return render("payment.html", values, status=status, leads_to=session["success_url"])


def _message(name: str, language: Language, shop_url: str | None, *, status: int) -> Response:
    spoken = words(language)
    values = {
        "t": spoken,
        "language": language,
        "title": spoken[f"{name}_title"],
        "text": spoken[f"{name}_text"],
        "shop_url": shop_url,
    }
    return render("message.html", values, status=status)
