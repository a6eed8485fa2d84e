"""The shape of a Checkout Session, from clean parameters."""

from typing import Any

from stripe_sandbox.call import part
from stripe_sandbox.flows.discounts import take_discount
from stripe_sandbox.flows.totals import reckon
from stripe_sandbox.money import check_amount, check_currency
from stripe_sandbox.resources.checkout_wishes import consent_wished, fields_wished, invoice_wished, recovery_wished
from stripe_sandbox.resources.intent_shape import configuration
from stripe_sandbox.resources.session_lines import new_lines
from stripe_sandbox.resources.setup_shape import new_setup
from stripe_sandbox.resources.shipping_rates import offer_delivery
from stripe_sandbox.state.work import Doc, Work
from stripe_sandbox.wire.errors import invalid
from stripe_sandbox.wire.metadata import merge_metadata

EXPIRES_DEFAULT_S = 24 * 3600
EXPIRES_LEAST_S = 30 * 60
EXPIRES_MOST_S = 24 * 3600
# Stripe's clock and the caller's may differ by this much.
EXPIRES_SLACK_S = 60


def check_expiry(work: Work, expires_at: int | None) -> int:
    """Gives the time at which the session expires."""
    if expires_at is None:
        return work.now + EXPIRES_DEFAULT_S
    if expires_at < work.now + EXPIRES_LEAST_S - EXPIRES_SLACK_S:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.", param="expires_at"
        )
    if expires_at > work.now + EXPIRES_MOST_S + EXPIRES_SLACK_S:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", param="expires_at"
        )
    return expires_at


def payment_method_types(wish: dict[str, Any], currency: str | None) -> list[str]:
    """What the page offers: what was asked for, else card and link, and SEPA debit for euros taken at once."""
    asked: list[str] | None = wish.get("allowed_payment_method_types", wish.get("payment_method_types"))
    types = asked or ["card", "link", *(["sepa_debit"] if currency == "eur" else [])]
    excluded: list[str] = wish.get("excluded_payment_method_types", [])
    manual = part(wish, "payment_intent_data").get("capture_method") == "manual"
    offered = [name for name in types if name not in excluded and not (manual and name == "sepa_debit")]
    if "card" not in offered and "sepa_debit" not in offered:
        raise invalid("No payment method types are left that this sandbox can take.", param="payment_method_types")
    return offered


def new_session(work: Work, wish: dict[str, Any], base_url: str, customer: Doc | None) -> Doc:
    """Stores an open session.

    Private keys hold its lines, the wishes for its PaymentIntent and what the flows remember.
    """
    session_id = work.mint("cs")
    email = customer["email"] if customer is not None else wish.get("customer_email")
    expires_at = check_expiry(work, wish.get("expires_at"))
    session: Doc = _constants() | {
        "id": session_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": part(wish, "adaptive_pricing").get("enabled", True)},
        "after_expiration": recovery_wished(wish),
        "allow_promotion_codes": wish.get("allow_promotion_codes"),
        "billing_address_collection": wish.get("billing_address_collection"),
        "cancel_url": wish.get("cancel_url"),
        "client_reference_id": wish.get("client_reference_id"),
        "consent_collection": consent_wished(wish),
        "created": work.now,
        "custom_fields": fields_wished(wish),
        "customer": None if customer is None else customer["id"],
        "customer_creation": None if customer is not None else wish.get("customer_creation", "if_required"),
        "customer_details": None if email is None else _known_buyer(email),
        "customer_email": wish.get("customer_email"),
        "expires_at": expires_at,
        "integration_identifier": wish.get("integration_identifier"),
        "locale": wish.get("locale"),
        "metadata": merge_metadata({}, wish.get("metadata")),
        "payment_method_configuration_details": None if "payment_method_types" in wish else configuration(work),
        "payment_method_options": {"card": _card_options(wish)},
        "phone_number_collection": {"enabled": part(wish, "phone_number_collection").get("enabled", False)},
        "shipping_address_collection": wish.get("shipping_address_collection"),
        "submit_type": wish.get("submit_type"),
        "success_url": wish["success_url"],
        "url": f"{base_url}/c/pay/{session_id}",
        "consent": {"promotions": None, "terms_of_service": None} if "consent_collection" in wish else None,
        "_customer_update": part(wish, "customer_update"),
        "_wish": wish if part(part(wish, "after_expiration"), "recovery").get("enabled") else None,
    }
    work.set_timer(expires_at - work.exact_now, "expire_session", session_id)
    if wish["mode"] == "setup":
        _prepare_setup(work, session, wish)
    else:
        _prepare_payment(work, session, wish)
    return work.insert(session)


def _prepare_payment(work: Work, session: Doc, wish: dict[str, Any]) -> None:
    lines = new_lines(work, wish["line_items"], session["id"])
    currency: str = lines[0]["currency"]
    if check_currency(wish.get("currency", currency), "currency") != currency:
        raise invalid(f"The prices on this Checkout Session are in {currency}.", param="currency")
    session.update(
        currency=currency,
        invoice_creation=invoice_wished(wish),
        payment_method_types=payment_method_types(wish, currency),
        _lines=[line["id"] for line in lines],
        _payment_intent_data=part(wish, "payment_intent_data"),
    )
    offer_delivery(work, session, wish.get("shipping_options", []))
    if wish.get("discounts"):
        take_discount(work, session, wish["discounts"][0], "discounts[0]")
    reckon(work, session)
    check_total(session)


def check_total(session: Doc) -> None:
    """Refuses a total that cannot be paid; nothing at all is fine."""
    total: int = session["amount_total"]
    if total > 0:
        check_amount(total, session["currency"], param="line_items", noun="The Checkout Session's total amount")


def _prepare_setup(work: Work, session: Doc, wish: dict[str, Any]) -> None:
    """No money: a SetupIntent instead, which the buyer's page confirms."""
    currency: str | None = wish.get("currency")
    if currency is None and "payment_method_types" not in wish:
        raise invalid("Missing required param: currency.", code="parameter_missing", param="currency")
    session.update(
        mode="setup",
        currency=None if currency is None else check_currency(currency, "currency"),
        payment_method_types=payment_method_types(wish, currency),
        payment_status="no_payment_required",
    )
    setup = new_setup(
        work,
        {
            **part(wish, "setup_intent_data"),
            "customer": session["customer"],
            "payment_method_types": session["payment_method_types"],
            "payment_method_options": session["payment_method_options"],
        },
    )
    setup["_session"] = session["id"]
    session["setup_intent"] = work.save(setup)["id"]


def _card_options(wish: dict[str, Any]) -> Doc:
    asked = part(part(wish, "payment_method_options"), "card")
    return {"request_three_d_secure": "automatic", **asked}


def _known_buyer(email: str) -> Doc:
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


def _constants() -> Doc:
    """The parts that are the same in every session of this sandbox."""
    return {
        "amount_subtotal": None,
        "amount_total": None,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "branding_settings": {
            "background_color": "#ffffff",
            "border_style": "rounded",
            "button_color": "#0074d4",
            "display_name": "Sandbox",
            "font_family": "default",
            "icon": None,
            "logo": None,
        },
        "client_secret": None,
        "collected_information": None,
        "currency_conversion": None,
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer_account": None,
        "discounts": [],
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "managed_payments": {"enabled": False},
        "mode": "payment",
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_status": "unpaid",
        "permissions": None,
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "subscription": None,
        "total_details": None,
        "ui_mode": "hosted_page",
        "wallet_options": None,
        "_completed_event": None,
        "_coupon": None,
        "_discount": None,
        "_intent": None,
        "_lines": [],
        "_restrictions": None,
    }
