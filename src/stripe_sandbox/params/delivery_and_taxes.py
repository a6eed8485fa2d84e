"""Parameters of shipping rates and tax rates, and of what a Checkout Session takes of them."""

from stripe_sandbox.params.basic import BOOLEAN, CREATED, METADATA, TEXT, choice, integer, listing, not_built, route
from stripe_sandbox.wire.schema import Array, Choice, Param, Percentage, Shape, Text

_COUNTRIES = (
    "AC AD AE AF AG AI AL AM AO AQ AR AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT "
    "BV BW BY BZ CA CD CF CG CH CI CK CL CM CN CO CR CV CW CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET "
    "FI FJ FK FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HN HR HT HU ID IE IL IM "
    "IN IO IQ IS IT JE JM JO JP KE KG KH KI KM KN KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD "
    "ME MF MG MK ML MM MN MO MQ MR MS MT MU MV MW MX MY MZ NA NC NE NG NI NL NO NP NR NU NZ OM PA PE PF "
    "PG PH PK PL PM PN PR PS PT PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST "
    "SV SX SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VN VU WF WS "
    "XK YE YT ZA ZM ZW ZZ "
)
SHIPPING_OPTIONS_MAX = 5
TAX_RATES_MAX = 5

_BOUND = Param(
    Shape(
        {
            "unit": Param(Choice(("business_day", "day", "hour", "month", "week")), required=True),
            "value": Param(integer(1).kind, required=True),
        }
    )
)
_FIXED_AMOUNT = Shape(
    {
        "amount": Param(integer(0).kind, required=True),
        "currency": Param(Text(), required=True),
        **not_built("currency_options"),
    }
)
_TAX_BEHAVIOR = choice("exclusive", "inclusive", "unspecified")
_RATE = {
    "display_name": Param(Text(longest=100, blank=False), required=True),
    "type": choice("fixed_amount"),
    "fixed_amount": Param(_FIXED_AMOUNT),
    "delivery_estimate": Param(Shape({"maximum": _BOUND, "minimum": _BOUND})),
    "metadata": METADATA,
    "tax_behavior": _TAX_BEHAVIOR,
    "tax_code": TEXT,
}
CREATE_SHIPPING_RATE = route(_RATE)
UPDATE_SHIPPING_RATE = route(
    {"active": BOOLEAN, "metadata": METADATA, "tax_behavior": _TAX_BEHAVIOR, **not_built("fixed_amount")}
)
LIST_SHIPPING_RATES = listing({"active": BOOLEAN, "created": CREATED, "currency": TEXT})

SHIPPING_OPTIONS = Param(
    Array(
        Shape({"shipping_rate": TEXT, "shipping_rate_data": Param(Shape(_RATE))}),
        longest=SHIPPING_OPTIONS_MAX,
        blank=True,
    )
)
SHIPPING_ADDRESS_COLLECTION = Param(
    Shape({"allowed_countries": Param(Array(Choice(tuple(_COUNTRIES.split())), longest=300), required=True)})
)

_TAX_TYPES = (
    "amusement_tax communications_tax gst hst igst jct lease_tax pst qst retail_delivery_fee rst "
    "sales_tax service_tax vat "
)
_TAX_RATE = {
    "active": BOOLEAN,
    "country": TEXT,
    "description": TEXT,
    "jurisdiction": Param(Text(longest=50)),
    "metadata": METADATA,
    "state": TEXT,
    "tax_type": Param(Choice(tuple(_TAX_TYPES.split()))),
}
CREATE_TAX_RATE = route(
    {
        **_TAX_RATE,
        "display_name": Param(Text(longest=50, blank=False), required=True),
        "inclusive": Param(BOOLEAN.kind, required=True),
        "percentage": Param(Percentage(decimals=4, zero=True), required=True),
    }
)
UPDATE_TAX_RATE = route({**_TAX_RATE, "display_name": Param(Text(longest=50, blank=False))})
LIST_TAX_RATES = listing({"active": BOOLEAN, "created": CREATED, "inclusive": BOOLEAN})
TAX_RATES = Param(Array(TEXT.kind, longest=TAX_RATES_MAX, blank=True))
