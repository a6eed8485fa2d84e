"""The shapes of a Checkout Session and its line items, from clean parameters."""

from typing import Any

from stripe_sandbox.call import part
from stripe_sandbox.flows.discounts import apply_coupon, usable_coupon
from stripe_sandbox.ids import scramble
from stripe_sandbox.money import check_amount, check_currency, check_granularity
from stripe_sandbox.resources.intent_shape import configuration
from stripe_sandbox.resources.products import usable_price, usable_product
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import StripeError, invalid
from stripe_sandbox.wire.metadata import merge_metadata

EXPIRES_DEFAULT_S = 24 * 3600
EXPIRES_LEAST_S = 30 * 60
EXPIRES_MOST_S = 24 * 3600
# Stripe's clock and the caller's may differ by this much.
EXPIRES_SLACK_S = 60


def line_items(work: Work, wishes: list[dict[str, Any]]) -> list[Doc]:
    """The frozen lines; all in one currency."""
    lines = [_line_item(work, wish, f"line_items[{index}]") for index, wish in enumerate(wishes)]
    currencies = sorted({line["currency"] for line in lines})
    if len(currencies) > 1:
        raise invalid(
            f"All prices on a Checkout Session must use the same currency: received {', '.join(currencies)}.",
            param="line_items",
        )
    return lines


def _line_item(work: Work, wish: dict[str, Any], path: str) -> Doc:
    if "quantity" not in wish:
        raise invalid(
            "Quantity is required. Add `quantity` to `" + path + "`.",
            code="parameter_missing",
            param=f"{path}[quantity]",
        )
    price, description = _price_of(work, wish, path)
    total = price["unit_amount"] * wish["quantity"]
    return {
        "id": work.mint("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"],
        "description": description,
        "metadata": merge_metadata({}, wish.get("metadata")),
        "price": price,
        "quantity": wish["quantity"],
    }


def _price_of(work: Work, wish: dict[str, Any], path: str) -> tuple[Doc, str]:
    """The price of a line and the name of its product."""
    data: dict[str, Any] | None = wish.get("price_data")
    named: str | None = wish.get("price")
    if data is not None and named is not None:
        raise invalid(
            f"You may only specify one of these parameters: {path}[price], {path}[price_data].",
            code="parameters_exclusive",
            param=f"{path}[price]",
        )
    if named is not None:
        price = usable_price(work, named, f"{path}[price]")
        return public(price), work.get("product", price["product"])["name"]
    if data is None:
        raise _missing(f"{path}[price_data]")
    if "unit_amount" not in data:
        raise _missing(f"{path}[price_data][unit_amount]")
    if ("product" in data) == ("product_data" in data):
        raise _missing(f"{path}[price_data][product_data]")
    currency = check_currency(data["currency"], f"{path}[price_data][currency]")
    check_granularity(data["unit_amount"], currency, param=f"{path}[price_data][unit_amount]")
    if "product" in data:
        product = usable_product(work, data["product"], f"{path}[price_data][product]")
        return _inline_price(work, data, currency) | {"product": product["id"]}, product["name"]
    return _inline_price(work, data, currency), data["product_data"]["name"]


def _missing(param: str) -> StripeError:
    return invalid(f"Missing required param: {param}.", code="parameter_missing", param=param)


def _inline_price(work: Work, data: dict[str, Any], currency: str) -> Doc:
    """The price that `price_data` makes; like Stripe's, it is inactive and cannot be bought again."""
    return {
        "id": work.mint("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": work.now,
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": "prod_" + scramble(work.account.seed, work.next_number(), "product", length=14),
        "recurring": None,
        "tax_behavior": data.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": data["unit_amount"],
        "unit_amount_decimal": str(data["unit_amount"]),
    }


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


def payment_method_types(wish: dict[str, Any], currency: str) -> list[str]:
    """What the page offers: what was asked for, else card and link, and SEPA debit for euros taken at once."""
    asked: list[str] | None = wish.get("payment_method_types")
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
    lines = line_items(work, wish["line_items"])
    currency: str = lines[0]["currency"]
    discounts, taken = _discount(work, wish.get("discounts") or [], lines)
    subtotal = sum(line["amount_subtotal"] for line in lines)
    total = subtotal - taken
    if total > 0:
        check_amount(total, currency, param="line_items", noun="The Checkout Session's total amount")
    session_id = work.mint("cs")
    email = customer["email"] if customer is not None else wish.get("customer_email")
    expires_at = check_expiry(work, wish.get("expires_at"))
    session: Doc = _constants() | {
        "id": session_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": part(wish, "adaptive_pricing").get("enabled", True)},
        "allow_promotion_codes": False if "allow_promotion_codes" in wish else None,
        "amount_subtotal": subtotal,
        "amount_total": total,
        "billing_address_collection": wish.get("billing_address_collection"),
        "cancel_url": wish.get("cancel_url"),
        "client_reference_id": wish.get("client_reference_id"),
        "created": work.now,
        "currency": currency,
        "customer": None if customer is None else customer["id"],
        "customer_creation": None if customer is not None else wish.get("customer_creation", "if_required"),
        "customer_details": None if email is None else _known_buyer(email),
        "customer_email": wish.get("customer_email"),
        "discounts": discounts,
        "expires_at": expires_at,
        "integration_identifier": wish.get("integration_identifier"),
        "locale": wish.get("locale"),
        "metadata": merge_metadata({}, wish.get("metadata")),
        "payment_method_configuration_details": None if "payment_method_types" in wish else configuration(work),
        "payment_method_options": {"card": {"request_three_d_secure": _three_d_secure(wish)}},
        "payment_method_types": payment_method_types(wish, currency),
        "submit_type": wish.get("submit_type"),
        "success_url": wish["success_url"],
        "total_details": {"amount_discount": taken, "amount_shipping": 0, "amount_tax": 0},
        "url": f"{base_url}/c/pay/{session_id}",
        "_line_items": lines,
        "_payment_intent_data": part(wish, "payment_intent_data"),
        "_intent": None,
        "_completed_event": None,
    }
    work.insert(session)
    work.set_timer(expires_at - work.exact_now, "expire_session", session_id)
    return session


def _discount(work: Work, wishes: list[dict[str, Any]], lines: list[Doc]) -> tuple[list[Doc], int]:
    """The session's discounts as shown, and what they take off the lines."""
    if not wishes:
        return [], 0
    coupon, code = usable_coupon(work, wishes[0], "discounts[0]")
    taken = apply_coupon(coupon, lines, "discounts[0]")
    shown = {"coupon": coupon["id"] if code is None else None, "promotion_code": None if code is None else code["id"]}
    return [shown], taken


def _three_d_secure(wish: dict[str, Any]) -> str:
    card = part(part(wish, "payment_method_options"), "card")
    mode: str = card.get("request_three_d_secure", "automatic")
    return mode


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
        "after_expiration": None,
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
        "consent": None,
        "consent_collection": None,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer_account": None,
        "invoice": None,
        "invoice_creation": {
            "enabled": False,
            "invoice_data": {
                "account_tax_ids": None,
                "custom_fields": None,
                "description": None,
                "footer": None,
                "issuer": None,
                "metadata": {},
                "rendering_options": None,
            },
        },
        "livemode": False,
        "managed_payments": {"enabled": False},
        "mode": "payment",
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "subscription": None,
        "ui_mode": "hosted_page",
        "wallet_options": None,
    }
