"""Shows the payment page: the order as it stands, the form, and the problem if there is one."""

from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from stripe_sandbox.call import part
from stripe_sandbox.money import show_amount, show_unit_amount
from stripe_sandbox.pages.entries import EntryProblem
from stripe_sandbox.pages.payment_buyer import Typed, known_email
from stripe_sandbox.pages.payment_choices import quantity_field
from stripe_sandbox.pages.rendering import render
from stripe_sandbox.pages.wording import Language, words
from stripe_sandbox.resources.session_lines import lines_of
from stripe_sandbox.state.work import Doc, Work


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


def notice_of(problem: EntryProblem, language: Language) -> Notice:
    """A problem in the buyer's words."""
    return Notice(words(language)[problem.words], problem.field)


def success_url(session: Doc) -> str:
    """Where the shop wants the buyer, with the session's id in its place."""
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def show_view(work: Work, view: View, *, status: int = 200) -> Response:
    """The form while the session is open, else the page that says what became of it."""
    session, language = view.session, view.language
    if session["status"] != "open":
        complete = session["status"] == "complete"
        shop = success_url(session) if complete else session["cancel_url"]
        return show_message("complete" if complete else "expired", language, shop, status=200 if complete else 410)
    setup = session["mode"] == "setup"
    submit: str = session["submit_type"] if session["submit_type"] in ("book", "donate", "subscribe") else "pay"
    values: dict[str, Any] = {
        "t": words(language),
        "language": language,
        "merchant": session["branding_settings"]["display_name"],
        "setup": setup,
        "submit": "save" if setup else submit,
        "action": f"/c/pay/{session['id']}",
        "cancel_url": session["cancel_url"],
        "known_email": known_email(work, session),
        "free": session["amount_total"] == 0,
        "methods": [name for name in ("card", "sepa_debit") if name in session["payment_method_types"]],
        "countries": part(session, "shipping_address_collection").get("allowed_countries"),
        "asks_phone": session["phone_number_collection"]["enabled"],
        "asks_billing": session["billing_address_collection"] == "required",
        "questions": [{**asked, **asked[asked["type"]]} for asked in session["custom_fields"]],
        "consents": part(session, "consent_collection") or {"promotions": "none", "terms_of_service": "none"},
        "typed": view.typed,
        "notice": view.notice,
        **({"total": "", "total_minor": "", "lines": []} if setup else _order(work, session, language)),
    }
    return render("payment.html", values, status=status, leads_to=session["success_url"])


def _order(work: Work, session: Doc, language: Language) -> dict[str, Any]:
    """The left side: lines, delivery, discount, tax and total, and what of them may be changed."""
    currency: str = session["currency"]
    totals: Doc = session["total_details"]
    lines = lines_of(work, session)
    taken, delivery = totals["amount_discount"], totals["amount_shipping"]
    on_top: int = session["amount_total"] - session["amount_subtotal"] + taken - delivery
    return {
        "lines": [_line(line, language) for line in lines],
        "deliveries": [
            {
                "id": option["shipping_rate"],
                "name": work.get("shipping_rate", option["shipping_rate"])["display_name"],
                "amount": show_amount(option["shipping_amount"], currency, language),
                "chosen": option["shipping_rate"] == session["shipping_cost"]["shipping_rate"],
            }
            for option in session["shipping_options"]
        ],
        "takes_codes": bool(session["allow_promotion_codes"]),
        "code": _code(work, session),
        "discount": _shown(-taken, currency, language),
        "delivery": show_amount(delivery, currency, language) if session["shipping_cost"] else None,
        "tax": _shown(on_top, currency, language),
        "tax_included": _shown(totals["amount_tax"] - on_top, currency, language),
        "total": show_amount(session["amount_total"], currency, language),
        "total_minor": session["amount_total"],
    }


def _shown(amount: int, currency: str, language: Language) -> str | None:
    return show_amount(amount, currency, language) if amount else None


def _line(line: Doc, language: Language) -> dict[str, Any]:
    bounds = part(line, "adjustable_quantity")
    currency: str = line["currency"]
    return {
        "name": line["description"],
        "quantity": line["quantity"],
        "field": quantity_field(line),
        "bounds": bounds if bounds.get("enabled") else None,
        "unit": show_unit_amount(line["price"]["unit_amount_decimal"], currency, language),
        "amount": show_amount(line["amount_subtotal"], currency, language),
    }


def _code(work: Work, session: Doc) -> str | None:
    for discount in session["discounts"]:
        code = work.find("promotion_code", discount["promotion_code"] or "")
        if code is not None:
            return str(code["code"])
    return None


def show_message(name: str, language: Language, shop_url: str | None, *, status: int) -> Response:
    """A page without a form."""
    spoken = words(language)
    values = {
        "t": spoken,
        "language": language,
        "title": spoken[f"{name}_title"],
        "text": spoken[f"{name}_text"],
        "shop_url": shop_url,
    }
    return render("message.html", values, status=status)
