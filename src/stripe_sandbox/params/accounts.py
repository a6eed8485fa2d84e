"""Parameters of customers, webhook endpoints and events."""

import re

from stripe_sandbox.event_names import EVENT_NAMES
from stripe_sandbox.params.basic import (
    ADDRESS,
    CREATED,
    CUSTOMER_SHIPPING,
    EMAIL,
    METADATA,
    TEXT,
    choice,
    integer,
    listing,
    not_built,
    route,
)
from stripe_sandbox.versions import VERSIONS
from stripe_sandbox.wire.schema import Array, Boolean, Choice, Param, Shape, Text

_INVOICE_SETTINGS = Shape(
    {
        "default_payment_method": TEXT,
        "footer": TEXT,
        **not_built("custom_fields", "rendering_options"),
    }
)
_CUSTOMER = {
    "address": Param(ADDRESS),
    "description": TEXT,
    "email": EMAIL,
    "metadata": METADATA,
    "name": Param(Text(longest=256)),
    "phone": Param(Text(longest=20)),
    "preferred_locales": Param(Array(Text(), blank=True)),
    "shipping": Param(CUSTOMER_SHIPPING),
    "tax_exempt": choice("exempt", "none", "reverse"),
    "invoice_prefix": Param(Text(longest=12, pattern=re.compile(r"[A-Z0-9]{3,12}"))),
    "invoice_settings": Param(_INVOICE_SETTINGS),
    "next_invoice_sequence": integer(1),
    **not_built("balance", "business_name", "cash_balance", "individual_name", "source", "tax"),
}
CREATE_CUSTOMER = route({**_CUSTOMER, "payment_method": TEXT, **not_built("tax_id_data", "test_clock")})
UPDATE_CUSTOMER = route(
    {
        **_CUSTOMER,
        **not_built(
            "bank_account", "card", "default_alipay_account", "default_bank_account", "default_card", "default_source"
        ),
    }
)
LIST_CUSTOMERS = listing({"email": TEXT, "created": CREATED, **not_built("test_clock")})
SEARCH = route({"query": Param(Text(blank=False), required=True), "limit": integer(1, 100), "page": TEXT})

_EVENTS = Array(Choice(EVENT_NAMES), longest=300)
ENABLED_EVENTS = Param(_EVENTS, required=True)
CREATE_ENDPOINT = route(
    {
        "url": Param(Text(blank=False), required=True),
        "enabled_events": ENABLED_EVENTS,
        "api_version": Param(Choice(VERSIONS)),
        "description": TEXT,
        "metadata": METADATA,
        **not_built("connect", unless=Choice(("false",))),
    }
)
UPDATE_ENDPOINT = route(
    {
        "url": TEXT,
        "enabled_events": Param(_EVENTS),
        "description": TEXT,
        "disabled": Param(Boolean()),
        "metadata": METADATA,
    }
)
LIST_ENDPOINTS = listing()
LIST_EVENTS = listing(
    {
        "created": CREATED,
        "delivery_success": Param(Boolean()),
        "type": TEXT,
        "types": Param(Array(Text(), longest=20)),
    }
)
RETRY_EVENT = route({"webhook_endpoint": TEXT, "for_stripecli": Param(Boolean())})
