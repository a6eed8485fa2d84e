"""What the buyer says about himself on the payment page: how he pays, where the goods go, what he agrees to."""

import re
from dataclasses import dataclass, field

from stripe_sandbox.call import part
from stripe_sandbox.ibans import BankAccount
from stripe_sandbox.pages.entries import EntryProblem, is_email, read_card, read_iban
from stripe_sandbox.resources.payment_methods import billing_details, new_bank_method, new_card_method
from stripe_sandbox.state.work import Doc, Work

CUSTOM_LENGTH_MAX = 255
_PHONE = re.compile(r"\+?[0-9 ()./-]{5,20}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_ADDRESS = ("line1", "line2", "postal_code", "city", "country")


@dataclass(frozen=True)
class Typed:
    """What the buyer typed, without what must not be kept; shown again after a problem."""

    email: str = ""
    name: str = ""
    method: str = "card"
    phone: str = ""
    shipping: dict[str, str] = field(default_factory=dict[str, str])
    billing: dict[str, str] = field(default_factory=dict[str, str])
    custom: dict[str, str] = field(default_factory=dict[str, str])
    terms: bool = False
    promotions: bool = False


def read_typed(session: Doc, fields: dict[str, str]) -> Typed:
    """What was typed into the form."""
    method = fields.get("method", "card")
    return Typed(
        email=fields.get("email", "").strip(),
        name=fields.get("name", "").strip(),
        method=method if method in session["payment_method_types"] else "card",
        phone=fields.get("phone", "").strip(),
        shipping={name: fields.get(f"shipping_{name}", "").strip() for name in ("name", *_ADDRESS)},
        billing={name: fields.get(f"billing_{name}", "").strip() for name in _ADDRESS},
        custom={asked["key"]: fields.get(f"custom_{asked['key']}", "").strip() for asked in session["custom_fields"]},
        terms="terms" in fields,
        promotions="promotions" in fields,
    )


def read_method(work: Work, session: Doc, fields: dict[str, str], typed: Typed) -> Doc | EntryProblem:
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
    address = {name: value or None for name, value in typed.billing.items()}
    if isinstance(source, BankAccount):
        billing = billing_details(email=email, name=typed.name, address=address, phone=typed.phone or None)
        return new_bank_method(work, source, billing=billing)
    address["country"] = address["country"] or source.card.country
    billing = billing_details(email=email, name=typed.name, address=address, phone=typed.phone or None)
    return new_card_method(work, source.card, expiry=source.expiry, billing=billing, cvc_sent=True)


def keep_answers(session: Doc, typed: Typed) -> EntryProblem | None:
    """Writes addresses, answers and consents into the session, or names the first that is missing."""
    return (
        _keep_delivery(session, typed)
        or _check_billing(session, typed)
        or _keep_custom(session, typed)
        or _keep_consents(session, typed)
    )


def _keep_delivery(session: Doc, typed: Typed) -> EntryProblem | None:
    allowed: list[str] | None = part(session, "shipping_address_collection").get("allowed_countries")
    if allowed is None:
        return None
    for name in ("name", "line1", "city"):
        if not typed.shipping[name]:
            return EntryProblem(f"shipping_{name}", "field_missing")
    if typed.shipping["country"] not in allowed:
        return EntryProblem("shipping_country", "country_invalid")
    address = {name: typed.shipping[name] or None for name in _ADDRESS} | {"state": None}
    session["collected_information"] = {
        "business_name": None,
        "individual_name": None,
        "shipping_details": {"address": address, "name": typed.shipping["name"]},
    }
    return None


def _check_billing(session: Doc, typed: Typed) -> EntryProblem | None:
    if session["phone_number_collection"]["enabled"] and not _PHONE.fullmatch(typed.phone):
        return EntryProblem("phone", "phone_invalid")
    if session["billing_address_collection"] == "required":
        for name in ("line1", "city"):
            if not typed.billing[name]:
                return EntryProblem(f"billing_{name}", "field_missing")
        if not _COUNTRY.fullmatch(typed.billing["country"]):
            return EntryProblem("billing_country", "country_invalid")
    return None


def _keep_custom(session: Doc, typed: Typed) -> EntryProblem | None:
    for asked in session["custom_fields"]:
        kind, answer = asked["type"], typed.custom[asked["key"]]
        details: Doc = asked[kind]
        problem = f"custom_{asked['key']}"
        if not answer and not asked["optional"]:
            return EntryProblem(problem, "field_missing")
        if answer and not _fits(kind, details, answer):
            return EntryProblem(problem, "answer_invalid")
        details["value"] = answer or None
    return None


def _fits(kind: str, details: Doc, answer: str) -> bool:
    if kind == "dropdown":
        return any(option["value"] == answer for option in details["options"])
    if kind == "numeric" and not (answer.isascii() and answer.isdigit()):
        return False
    return (details["minimum_length"] or 0) <= len(answer) <= (details["maximum_length"] or CUSTOM_LENGTH_MAX)


def _keep_consents(session: Doc, typed: Typed) -> EntryProblem | None:
    asked = part(session, "consent_collection")
    if asked.get("terms_of_service") == "required" and not typed.terms:
        return EntryProblem("terms", "terms_missing")
    if asked:
        session["consent"] = {
            "promotions": ("opt_in" if typed.promotions else "opt_out") if asked["promotions"] == "auto" else None,
            "terms_of_service": "accepted" if asked["terms_of_service"] == "required" else None,
        }
    return None


def known_email(work: Work, session: Doc) -> str | None:
    """The buyer's address where the shop gave it, so that the page does not ask."""
    if session["customer"] is not None:
        customer = work.find("customer", session["customer"])
        return None if customer is None else customer.get("email")
    email: str | None = session["customer_email"]
    return email
