"""Building blocks that several routes share."""

import re

from stripe_sandbox.versions import ENDIVE_SINCE
from stripe_sandbox.wire.lists import LIST_PARAMS, CreatedFilter
from stripe_sandbox.wire.metadata import Metadata
from stripe_sandbox.wire.schema import Array, Boolean, Choice, Integer, Kind, NotBuilt, Param, PartlyBuilt, Shape, Text

__all__ = ["ENDIVE_SINCE", "LIST_PARAMS"]

EXPAND = {"expand": Param(Array(Text(), longest=20))}
CREATED = Param(CreatedFilter())
TEXT = Param(Text())
URL = Param(Text(pattern=re.compile(r"https?://[\w.:\[\]-]+(?:[/?#]\S*)?")))
EMAIL = Param(Text(longest=512, pattern=re.compile(r"[^@\s]+@[^@\s]+")))
BOOLEAN = Param(Boolean())
METADATA = Param(Metadata())
NOTHING = Shape(EXPAND)

ADDRESS = Shape(
    {name: Param(Text()) for name in ("city", "country", "line1", "line2", "postal_code", "state")},
    blank=True,
)
CUSTOMER_SHIPPING = Shape(
    {"address": Param(ADDRESS, required=True), "name": Param(Text(), required=True), "phone": TEXT}, blank=True
)
SHIPPING = CUSTOMER_SHIPPING.extended({"carrier": TEXT, "tracking_number": TEXT})
CAPTURE_METHODS = ("automatic", "automatic_async", "manual")
THREE_D_SECURE = ("any", "automatic", "challenge")
_OTHER_METHODS = (
    "acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit bacs_debit bancontact billie bizum "
    "blik boleto cashapp crypto custom customer_balance eps fpx giropay grabpay ideal interac_present kakao_pay "
    "klarna konbini kr_card mb_way mobilepay multibanco naver_pay nz_bank_account oxxo p24 pay_by_bank payco "
    "paynow paypal paypay payto pix promptpay revolut_pay samsung_pay satispay scalapay sofort sunbit swish twint "
    "upi us_bank_account wechat_pay zip"
)
METHODS_NOT_BUILT = tuple(_OTHER_METHODS.split())
# `paypay` came with endive, whose parameters no document tells.
METHODS_OF_DAHLIA = tuple(name for name in METHODS_NOT_BUILT if name != "paypay")
_WITHOUT_PAYMENT_OPTIONS = ("custom", "sunbit")
_WITHOUT_CHECKOUT_OPTIONS = (
    *_WITHOUT_PAYMENT_OPTIONS,
    *("bizum", "blik", "interac_present", "mb_way", "nz_bank_account", "promptpay", "zip"),
)
METHODS_IN_PAYMENT_OPTIONS = tuple(name for name in METHODS_OF_DAHLIA if name not in _WITHOUT_PAYMENT_OPTIONS)
METHODS_IN_CHECKOUT_OPTIONS = tuple(name for name in METHODS_OF_DAHLIA if name not in _WITHOUT_CHECKOUT_OPTIONS)
METHODS_IN_SETUP_OPTIONS = (
    "acss_debit",
    "amazon_pay",
    "bacs_debit",
    "bizum",
    "card_present",
    "klarna",
    "paypal",
    "payto",
    "pix",
    "upi",
    "us_bank_account",
)
METHOD_TYPE = PartlyBuilt(("card", "link", "sepa_debit"), METHODS_NOT_BUILT)
ALLOWED_TYPES = {"allowed_payment_method_types": Param(Array(METHOD_TYPE), since=ENDIVE_SINCE)}


def choice(*options: str) -> Param:
    """One of these words."""
    return Param(Choice(options))


def integer(least: int | None = None, most: int | None = None) -> Param:
    """A whole number within bounds."""
    return Param(Integer(least, most))


def route(params: dict[str, Param]) -> Shape:
    """The parameters of a route: these, and `expand`."""
    return Shape({**params, **EXPAND})


def listing(params: dict[str, Param] | None = None) -> Shape:
    """The parameters of a list route: limit, cursors, `expand` and these."""
    return route({**LIST_PARAMS, **(params or {})})


def not_built(*names: str, unless: Kind | None = None) -> dict[str, Param]:
    """Parameters that Stripe has and this sandbox refuses honestly."""
    return {name: Param(NotBuilt(unless)) for name in names}


OFF = Shape({"enabled": choice("false")})
