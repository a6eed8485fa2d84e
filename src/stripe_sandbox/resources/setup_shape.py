"""The shape of a SetupIntent, made by the API and by Checkout alike."""

from typing import Any

from stripe_sandbox.call import part
from stripe_sandbox.events import emit
from stripe_sandbox.ids import scramble
from stripe_sandbox.resources.intent_shape import configuration
from stripe_sandbox.state.work import Doc, Work
from stripe_sandbox.wire.metadata import merge_metadata


def new_setup(work: Work, wish: dict[str, Any]) -> Doc:
    """Stores a SetupIntent in requires_payment_method and says so; `wish` holds clean parameters."""
    types: list[str] | None = wish.get("payment_method_types")
    automatic: Doc | None = None
    if types is None:
        asked = part(wish, "automatic_payment_methods")
        automatic = {"allow_redirects": asked.get("allow_redirects", "always"), "enabled": asked.get("enabled", True)}
    setup_id = work.mint("seti")
    card = part(part(wish, "payment_method_options"), "card")
    setup = work.insert(
        {
            "id": setup_id,
            "object": "setup_intent",
            "application": None,
            "automatic_payment_methods": automatic,
            "cancellation_reason": None,
            "client_secret": f"{setup_id}_secret_" + scramble(work.account.seed, setup_id, "secret", length=29),
            "created": work.now,
            "customer": wish.get("customer"),
            "customer_account": None,
            "description": wish.get("description"),
            "excluded_payment_method_types": wish.get("excluded_payment_method_types"),
            "flow_directions": None,
            "last_setup_error": None,
            "latest_attempt": None,
            "livemode": False,
            "mandate": None,
            "metadata": merge_metadata({}, wish.get("metadata")),
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None if automatic is None else configuration(work),
            "payment_method_options": {
                "card": {
                    "mandate_options": None,
                    "network": None,
                    "request_three_d_secure": card.get("request_three_d_secure", "automatic"),
                }
            },
            "payment_method_types": types or ["card", "link"],
            "single_use_mandate": None,
            "status": "requires_payment_method",
            "usage": wish.get("usage", "off_session"),
        }
    )
    emit(work, "setup_intent.created", setup)
    return setup
