"""Parameters of the Checkout Session routes (modes payment and setup, hosted page)."""

import re

from stripe_sandbox.params.basic import (
    ALLOWED_TYPES,
    CAPTURE_METHODS,
    CREATED,
    EMAIL,
    ENDIVE_SINCE,
    METADATA,
    METHOD_TYPE,
    METHODS_IN_CHECKOUT_OPTIONS,
    OFF,
    SHIPPING,
    TEXT,
    THREE_D_SECURE,
    URL,
    choice,
    integer,
    listing,
    not_built,
    route,
)
from stripe_sandbox.params.delivery_and_taxes import SHIPPING_ADDRESS_COLLECTION, SHIPPING_OPTIONS, TAX_RATES
from stripe_sandbox.wire.schema import Array, Boolean, Choice, Exact, Integer, Param, PartlyBuilt, Shape, Text

LINE_ITEMS_MAX = 100
QUANTITY_MOST = 999_999
LOCALES = (
    "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru "
    "sk sl sv th tr vi zh zh-HK zh-TW hi-IN"
)
CARD_EXTRAS = (
    "request_extended_authorization",
    "request_incremental_authorization",
    "request_multicapture",
    "request_overcapture",
)
DESCRIPTOR = re.compile(r"(?=.*[A-Za-z])[^<>\\'\"*]{1,22}")

_PRODUCT_DATA = Shape(
    {
        "name": Param(Text(blank=False), required=True),
        "description": TEXT,
        "images": Param(Array(Text(), longest=8)),
        "metadata": METADATA,
        "tax_code": TEXT,
        "unit_label": Param(Text(longest=12)),
    }
)
_PRICE_DATA = Shape(
    {
        "currency": Param(Text(), required=True),
        "product_data": Param(_PRODUCT_DATA),
        "unit_amount": integer(0),
        "tax_behavior": choice("exclusive", "inclusive", "unspecified"),
        "unit_amount_decimal": Param(Exact()),
        "product": TEXT,
        **not_built("recurring"),
    }
)
_ADJUSTABLE = Shape(
    {
        "enabled": Param(Boolean(), required=True),
        "maximum": integer(1, QUANTITY_MOST),
        "minimum": integer(0, QUANTITY_MOST),
    }
)
_LINE_ITEM = Shape(
    {
        "adjustable_quantity": Param(_ADJUSTABLE),
        "price_data": Param(_PRICE_DATA),
        "quantity": integer(1),
        "metadata": METADATA,
        "price": TEXT,
        "tax_rates": TAX_RATES,
        **not_built("dynamic_tax_rates"),
    }
)
_INTENT_DATA = Shape(
    {
        "capture_method": choice(*CAPTURE_METHODS),
        "description": Param(Text(longest=1000)),
        "metadata": METADATA,
        "receipt_email": EMAIL,
        "setup_future_usage": choice("off_session", "on_session"),
        "shipping": Param(SHIPPING),
        "statement_descriptor": TEXT,
        "statement_descriptor_suffix": Param(Text(longest=22, pattern=DESCRIPTOR)),
        "transfer_group": TEXT,
        **not_built("application_fee_amount", "on_behalf_of", "transfer_data"),
    }
)
_METHOD_OPTIONS = Shape(
    {
        "card": Param(
            Shape(
                {
                    "request_three_d_secure": choice(*THREE_D_SECURE),
                    "capture_method": choice("manual"),
                    "setup_future_usage": choice("off_session", "on_session"),
                    **not_built("installments", "restrictions", *CARD_EXTRAS),
                    **not_built("statement_descriptor_suffix_kana", "statement_descriptor_suffix_kanji"),
                }
            )
        ),
        **not_built("demo_pay", "link", "sepa_debit", *METHODS_IN_CHECKOUT_OPTIONS),
    }
)
_AFTER_EXPIRATION = Shape(
    {"recovery": Param(Shape({"allow_promotion_codes": Param(Boolean()), "enabled": Param(Boolean(), required=True)}))}
)
_CONSENT = Shape(
    {
        "promotions": choice("auto", "none"),
        "terms_of_service": choice("none", "required"),
        "payment_method_reuse_agreement": Param(Shape({"position": Param(Choice(("auto", "hidden")), required=True)})),
    }
)
_LABEL = Shape(
    {
        "custom": Param(Text(longest=50, blank=False), required=True),
        "type": Param(Choice(("custom",)), required=True),
    }
)
_TYPED = Shape(
    {
        "default_value": Param(Text(longest=255)),
        "maximum_length": integer(1, 255),
        "minimum_length": integer(1, 255),
    }
)
_OFFERED = Shape(
    {
        "label": Param(Text(longest=100, blank=False), required=True),
        "value": Param(Text(longest=100, blank=False, pattern=re.compile(r"[A-Za-z0-9]+")), required=True),
    }
)
_CUSTOM_FIELD = Shape(
    {
        "key": Param(Text(longest=200, blank=False, pattern=re.compile(r"[A-Za-z0-9]+")), required=True),
        "label": Param(_LABEL, required=True),
        "type": Param(Choice(("dropdown", "numeric", "text")), required=True),
        "optional": Param(Boolean()),
        "dropdown": Param(
            Shape({"default_value": TEXT, "options": Param(Array(_OFFERED, longest=200), required=True)})
        ),
        "numeric": Param(_TYPED),
        "text": Param(_TYPED),
    }
)
_INVOICE_FIELD = Shape(
    {
        "name": Param(Text(longest=40, blank=False), required=True),
        "value": Param(Text(longest=140, blank=False), required=True),
    }
)
_INVOICE_DATA = Shape(
    {
        "custom_fields": Param(Array(_INVOICE_FIELD, longest=4, blank=True)),
        "description": Param(Text(longest=1500)),
        "footer": TEXT,
        "metadata": METADATA,
        "issuer": Param(Shape({"type": Param(Choice(("self",)), required=True), **not_built("account")})),
        "rendering_options": Param(
            Shape(
                {
                    "amount_tax_display": choice("exclude_tax", "include_inclusive_tax"),
                    **not_built("template"),
                },
                blank=True,
            )
        ),
        **not_built("account_tax_ids"),
    }
)
_FULL_ADDRESS = Shape(
    {
        "city": TEXT,
        "country": Param(Text(), required=True),
        "line1": Param(Text(), required=True),
        "line2": TEXT,
        "postal_code": TEXT,
        "state": TEXT,
    }
)
_INVOICE_CREATION = Shape({"enabled": Param(Boolean(), required=True), "invoice_data": Param(_INVOICE_DATA)})

CREATE_SESSION = route(
    {
        "mode": Param(PartlyBuilt(("payment", "setup"), ("subscription",))),
        "line_items": Param(Array(_LINE_ITEM, longest=LINE_ITEMS_MAX)),
        "success_url": URL,
        "cancel_url": URL,
        "client_reference_id": Param(Text(longest=200)),
        "customer": TEXT,
        "customer_email": EMAIL,
        "customer_creation": choice("always", "if_required"),
        "customer_update": Param(Shape({name: choice("auto", "never") for name in ("address", "name", "shipping")})),
        "expires_at": Param(Integer()),
        "locale": Param(Choice(tuple(LOCALES.split()))),
        "discounts": Param(Array(Shape({"coupon": TEXT, "promotion_code": TEXT}), longest=1, blank=True)),
        "metadata": METADATA,
        "payment_intent_data": Param(_INTENT_DATA),
        "payment_method_options": Param(_METHOD_OPTIONS),
        "payment_method_types": Param(Array(METHOD_TYPE), gone_since=ENDIVE_SINCE),
        "excluded_payment_method_types": Param(Array(Text())),
        "adaptive_pricing": Param(Shape({"enabled": Param(Boolean())})),
        "submit_type": choice("auto", "book", "donate", "pay", "subscribe"),
        "billing_address_collection": choice("auto", "required"),
        "integration_identifier": Param(Text(longest=200)),
        "ui_mode": Param(PartlyBuilt(("hosted_page",), ("elements", "embedded_page", "form"))),
        "allow_promotion_codes": Param(Boolean()),
        "after_expiration": Param(_AFTER_EXPIRATION),
        "consent_collection": Param(_CONSENT),
        "currency": TEXT,
        "invoice_creation": Param(_INVOICE_CREATION),
        "setup_intent_data": Param(
            Shape({"description": Param(Text(longest=1000)), "metadata": METADATA, **not_built("on_behalf_of")})
        ),
        "shipping_address_collection": SHIPPING_ADDRESS_COLLECTION,
        "shipping_options": SHIPPING_OPTIONS,
        "custom_fields": Param(Array(_CUSTOM_FIELD, longest=3, blank=True)),
        "phone_number_collection": Param(Shape({"enabled": Param(Boolean(), required=True)})),
        **not_built("automatic_tax", "tax_id_collection", unless=OFF),
        **not_built("branding_settings", "custom_text", "managed_payments"),
        **not_built("name_collection", "optional_items", "origin_context", "payment_method_collection", "permissions"),
        **not_built("payment_method_configuration", "payment_method_data", "redirect_on_completion", "return_url"),
        **not_built(
            "saved_payment_method_options",
            "subscription_data",
            "wallet_options",
            "customer_account",
        ),
        **ALLOWED_TYPES,
    }
)
_LINE_CHANGE = Shape(
    {"id": TEXT, **{name: param for name, param in _LINE_ITEM.params.items() if name != "dynamic_tax_rates"}}
)
_COLLECTED = Shape(
    {
        "shipping_details": Param(
            Shape({"address": Param(_FULL_ADDRESS, required=True), "name": Param(Text(longest=255), required=True)})
        )
    }
)
UPDATE_SESSION = route(
    {
        "collected_information": Param(_COLLECTED),
        "metadata": METADATA,
        "shipping_options": SHIPPING_OPTIONS,
        "line_items": Param(Array(_LINE_CHANGE, longest=LINE_ITEMS_MAX)),
    }
)
LIST_SESSIONS = listing(
    {
        "customer": TEXT,
        "customer_details": Param(Shape({"email": EMAIL})),
        "payment_intent": TEXT,
        "status": choice("complete", "expired", "open"),
        "created": CREATED,
        **not_built("customer_account", "payment_link", "subscription"),
    }
)
LIST_LINE_ITEMS = listing()
