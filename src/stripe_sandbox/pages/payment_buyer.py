"""What the buyer says about himself on the payment page: how he pays, where the goods go, what he agrees to."""

from dataclasses import dataclass, field

from stripe_sandbox.call import part
from stripe_sandbox.ibans import BankAccount
from stripe_sandbox.pages.entries import EntryProblem, is_email, read_card, read_iban
from stripe_sandbox.resources.payment_methods import billing_details, new_bank_method, new_card_method
from stripe_sandbox.state.work import Doc, Work

_ADDRESS = ("line1", "line2", "postal_code", "city", "country")


@dataclass(frozen=True)
class Typed:
    """What the buyer typed, without what must not be kept; shown again after a problem."""

    email: str = ""
    name: str = ""
    method: str = "card"
    shipping: dict[str, str] = field(default_factory=dict[str, str])
    terms: bool = False
    promotions: bool = False


def read_typed(session: Doc, fields: dict[str, str]) -> Typed:
    """What was typed into the form."""
    method = fields.get("method", "card")
    return Typed(
        email=fields.get("email", "").strip(),
        name=fields.get("name", "").strip(),
        method=method if method in session["payment_method_types"] else "card",
        shipping={name: fields.get(f"shipping_{name}", "").strip() for name in ("name", *_ADDRESS)},
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
    if isinstance(source, BankAccount):
        return new_bank_method(work, source, billing=billing_details(email=email, name=typed.name))
    billing = billing_details(email=email, name=typed.name, address={"country": source.card.country})
    return new_card_method(work, source.card, expiry=source.expiry, billing=billing, cvc_sent=True)


def keep_answers(session: Doc, typed: Typed) -> EntryProblem | None:
    """Writes the delivery address and the consents into the session, or names the first that is missing."""
    allowed: list[str] | None = part(session, "shipping_address_collection").get("allowed_countries")
    if allowed is not None:
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
