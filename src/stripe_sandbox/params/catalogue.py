"""Parameters of payment methods kept for customers, of products and of prices."""

from stripe_sandbox.params.basic import (
    ADDRESS,
    BOOLEAN,
    CREATED,
    EMAIL,
    METADATA,
    METHOD_TYPE,
    METHODS_OF_DAHLIA,
    TEXT,
    choice,
    integer,
    listing,
    not_built,
    route,
)
from stripe_sandbox.wire.schema import Array, Exact, Integer, Param, PartlyBuilt, Percentage, Shape, Text

_REDISPLAY = choice("always", "limited", "unspecified")
_BILLING = Param(Shape({"address": Param(ADDRESS), "email": EMAIL, "name": TEXT, "phone": TEXT, **not_built("tax_id")}))
_TOKEN = Shape(
    {
        "token": Param(Text(blank=False), required=True),
        **not_built("cvc", "exp_month", "exp_year", "networks", "number"),
    }
)
CREATE_METHOD = route(
    {
        "type": Param(METHOD_TYPE),
        "card": Param(_TOKEN),
        "sepa_debit": Param(Shape({"iban": Param(Text(blank=False), required=True)})),
        "billing_details": _BILLING,
        "allow_redisplay": _REDISPLAY,
        "metadata": METADATA,
        **not_built(*METHODS_OF_DAHLIA, "customer", "link", "payment_method", "radar_options"),
    }
)
UPDATE_METHOD = route(
    {
        "billing_details": _BILLING,
        "allow_redisplay": _REDISPLAY,
        "card": Param(Shape({"exp_month": integer(1, 12), "exp_year": integer(2000), **not_built("networks")})),
        "metadata": METADATA,
        **not_built("payto", "us_bank_account"),
    }
)
ATTACH_METHOD = route({"customer": TEXT, **not_built("customer_account")})
_LIST_METHODS = {"type": Param(METHOD_TYPE), "allow_redisplay": _REDISPLAY}
LIST_METHODS = listing({**_LIST_METHODS, "customer": TEXT, **not_built("customer_account")})
LIST_CUSTOMERS_METHODS = listing(_LIST_METHODS)

_TAX_BEHAVIOR = choice("exclusive", "inclusive", "unspecified")
_IMAGES = Param(Array(Text(), longest=8, blank=True))
_PRODUCT = {
    "active": BOOLEAN,
    "description": TEXT,
    "images": _IMAGES,
    "metadata": METADATA,
    "shippable": BOOLEAN,
    "statement_descriptor": Param(Text(longest=22)),
    "tax_code": TEXT,
    "unit_label": Param(Text(longest=12)),
    "url": TEXT,
    **not_built("marketing_features", "package_dimensions"),
}
_AMOUNT = {"unit_amount": integer(0), "unit_amount_decimal": Param(Exact()), "tax_behavior": _TAX_BEHAVIOR}
_AMOUNT_NOT_BUILT = not_built("currency_options", "custom_unit_amount", "recurring")
_FIRST_PRICE = Shape({"currency": Param(Text(), required=True), "metadata": METADATA, **_AMOUNT, **_AMOUNT_NOT_BUILT})
CREATE_PRODUCT = route(
    {
        **_PRODUCT,
        "id": TEXT,
        "name": Param(Text(blank=False), required=True),
        "default_price_data": Param(_FIRST_PRICE),
    }
)
UPDATE_PRODUCT = route({**_PRODUCT, "name": Param(Text(blank=False)), "default_price": TEXT})
LIST_PRODUCTS = listing(
    {"active": BOOLEAN, "created": CREATED, "ids": Param(Array(Text())), "shippable": BOOLEAN, "url": TEXT}
)
_NEW_PRODUCT = Shape(
    {
        "name": Param(Text(blank=False), required=True),
        "active": BOOLEAN,
        "id": TEXT,
        "metadata": METADATA,
        "statement_descriptor": Param(Text(longest=22)),
        "tax_code": TEXT,
        "unit_label": Param(Text(longest=12)),
    }
)
_PRICE = {
    "active": BOOLEAN,
    "lookup_key": Param(Text(longest=200)),
    "metadata": METADATA,
    "nickname": TEXT,
    "tax_behavior": _TAX_BEHAVIOR,
    "transfer_lookup_key": BOOLEAN,
}
CREATE_PRICE = route(
    {
        **_PRICE,
        **_AMOUNT,
        "currency": Param(Text(), required=True),
        "product": TEXT,
        "product_data": Param(_NEW_PRODUCT),
        **_AMOUNT_NOT_BUILT,
        **not_built("billing_scheme", "tiers", "tiers_mode", "transform_quantity"),
    }
)
UPDATE_PRICE = route({**_PRICE, **not_built("currency_options")})
LIST_PRICES = listing(
    {
        "active": BOOLEAN,
        "created": CREATED,
        "currency": TEXT,
        "lookup_keys": Param(Array(Text(), longest=10)),
        "product": TEXT,
        "type": choice("one_time", "recurring"),
        **not_built("recurring"),
    }
)

_SMALL = Param(Integer(1))
CREATE_COUPON = route(
    {
        "amount_off": _SMALL,
        "currency": TEXT,
        "duration": Param(PartlyBuilt(("forever", "once"), ("repeating",))),
        "id": TEXT,
        "max_redemptions": _SMALL,
        "metadata": METADATA,
        "name": Param(Text(longest=40)),
        "percent_off": Param(Percentage()),
        "redeem_by": Param(Integer()),
        "applies_to": Param(Shape({"products": Param(Array(TEXT.kind))})),
        **not_built("currency_options", "duration_in_months"),
    }
)
UPDATE_COUPON = route({"metadata": METADATA, "name": Param(Text(longest=40)), **not_built("currency_options")})
LIST_COUPONS = listing({"created": CREATED})
_RESTRICTIONS = Shape(
    {
        "first_time_transaction": BOOLEAN,
        "minimum_amount": _SMALL,
        "minimum_amount_currency": TEXT,
        **not_built("currency_options"),
    }
)
CREATE_CODE = route(
    {
        "active": BOOLEAN,
        "code": Param(Text(longest=500)),
        "customer": TEXT,
        "expires_at": Param(Integer()),
        "max_redemptions": _SMALL,
        "metadata": METADATA,
        "promotion": Param(Shape({"type": choice("coupon"), "coupon": TEXT}), required=True),
        "restrictions": Param(_RESTRICTIONS),
        **not_built("customer_account"),
    }
)
UPDATE_CODE = route({"active": BOOLEAN, "metadata": METADATA, **not_built("restrictions")})
LIST_CODES = listing(
    {
        "active": BOOLEAN,
        "code": TEXT,
        "coupon": TEXT,
        "created": CREATED,
        "customer": TEXT,
        **not_built("customer_account"),
    }
)
