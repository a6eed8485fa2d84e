"""Payment methods: made from test cards, test IBANs and their names.

They hold brand, last digits, expiry and fingerprint, no number.
"""

from datetime import UTC, datetime
from typing import Any

from stripe_sandbox.call import Call
from stripe_sandbox.cards import Card, card_by_name
from stripe_sandbox.ibans import BankAccount, bank_account_by_name
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import missing_object

_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def blank_address() -> Doc:
    """An address of which nothing is known."""
    return dict.fromkeys(_ADDRESS)


def billing_details(
    *, email: str | None = None, name: str | None = None, address: Doc | None = None, phone: str | None = None
) -> Doc:
    """Who pays, as far as known."""
    return {
        "address": {**blank_address(), **(address or {})},
        "email": email,
        "name": name,
        "phone": phone,
        "tax_id": None,
    }


def _payment_method(work: Work, kind: str, details: Doc, billing: Doc | None) -> Doc:
    return work.insert(
        {
            "id": work.mint("pm"),
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": billing or billing_details(),
            kind: details,
            "created": work.now,
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": {},
            "shared_payment_granted_token": None,
            "type": kind,
        }
    )


def new_card_method(
    work: Work, card: Card, *, expiry: tuple[int, int] | None = None, billing: Doc | None = None, cvc_sent: bool = False
) -> Doc:
    """Stores a card payment method; `expiry` is (month, year), by default next year's."""
    month, year = expiry or _default_expiry(work.now)
    details: Doc = {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "unchecked" if not cvc_sent else "fail" if card.failing_check == "cvc" else "pass",
        },
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": card.three_d_secure != "unsupported"},
        "wallet": None,
    }
    return _payment_method(work, "card", details, billing)


def new_bank_method(work: Work, account: BankAccount, *, billing: Doc | None = None) -> Doc:
    """Stores a SEPA debit payment method."""
    details: Doc = {
        "bank_code": account.iban[4:12],
        "branch_code": "",
        "country": account.country,
        "fingerprint": account.fingerprint,
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": account.last4,
    }
    return _payment_method(work, "sepa_debit", details, billing)


def resolve_payment_method(work: Work, name: str, *, param: str = "payment_method", status: int = 400) -> Doc:
    """The payment method with this id, or a new one for a test name such as `pm_card_visa`.

    `tok_visa` or `pm_sepaDebit_success_de`.
    """
    card = card_by_name(name)
    if card is not None:
        return new_card_method(work, card)
    account = bank_account_by_name(name)
    if account is not None:
        return new_bank_method(work, account, billing=billing_details(email="buyer@example.com", name="Test Buyer"))
    found = work.find("payment_method", name)
    if found is None:
        raise missing_object("PaymentMethod", name, param=param, status=status)
    return found


def _default_expiry(now: int) -> tuple[int, int]:
    today = datetime.fromtimestamp(now, UTC)
    return today.month, today.year + 1


def retrieve_payment_method(call: Call) -> Doc:
    """GET /v1/payment_methods/{id}."""
    found = call.work.find("payment_method", call.path["id"])
    if found is None:
        raise missing_object("PaymentMethod", call.path["id"], param="payment_method")
    return public(found)


def card_of(method: Doc) -> dict[str, Any]:
    """The card details of a card payment method."""
    details: dict[str, Any] = method["card"]
    return details
