"""Parameters of the routes that Stripe leaves unpublished and its official command line calls.

Source: Stripe CLI 1.52.0.
"""

from stripe_sandbox.params.basic import TEXT, not_built, route
from stripe_sandbox.wire.schema import Array, Integer, Param, PartlyBuilt, Text

CONFIRM_PAGE = route(
    {
        "payment_method": Param(Text(blank=False), required=True),
        "expected_amount": Param(Integer(0), required=True),
    }
)
CREATE_LISTENER = route(
    {
        "device_name": TEXT,
        "forward_to_url": TEXT,
        "forward_connect_to_url": TEXT,
        "forward_thin_to_url": TEXT,
        "forward_thin_connect_to_url": TEXT,
        "websocket_features": Param(Array(PartlyBuilt(("webhooks",), ("request_logs", "v2_events")))),
        **not_built("filters"),
    }
)
