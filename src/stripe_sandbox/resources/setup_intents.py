"""The SetupIntent routes: the states are moved by the flow, the refusals stand here."""

from typing import Any

from stripe_sandbox.call import Call, part
from stripe_sandbox.events import emit
from stripe_sandbox.flows.confirmation import Confirming
from stripe_sandbox.flows.setup import confirm_setup
from stripe_sandbox.ids import scramble
from stripe_sandbox.resources.customers import find_usable
from stripe_sandbox.resources.intent_shape import configuration
from stripe_sandbox.resources.payment_methods import resolve_payment_method
from stripe_sandbox.state.work import Doc, public
from stripe_sandbox.wire.errors import StripeError, declined, invalid, missing_object, refused
from stripe_sandbox.wire.lists import Conditions, list_objects
from stripe_sandbox.wire.metadata import merge_metadata

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def create_setup(call: Call) -> Doc:
    """POST /v1/setup_intents, with `confirm` in one step."""
    wish = call.params
    if wish.get("customer"):
        find_usable(call.work, wish["customer"])
    setup = _new_setup(call, wish)
    emit(call.work, "setup_intent.created", setup)
    if wish.get("confirm"):
        return _confirm(call, setup)
    method = _method_in(call)
    if method is not None:
        setup.update(payment_method=method["id"], status="requires_confirmation")
        call.work.save(setup)
    return public(setup)


def _new_setup(call: Call, wish: dict[str, Any]) -> Doc:
    work = call.work
    types: list[str] | None = wish.get("payment_method_types")
    automatic: Doc | None = None
    if types is None:
        asked = part(wish, "automatic_payment_methods")
        automatic = {"allow_redirects": asked.get("allow_redirects", "always"), "enabled": asked.get("enabled", True)}
    setup_id = work.mint("seti")
    card = part(part(wish, "payment_method_options"), "card")
    return work.insert(
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


def _in_path(call: Call) -> Doc:
    found = call.work.find("setup_intent", call.path["id"])
    if found is None:
        raise missing_object("setupintent", call.path["id"], param="intent")
    return found


def retrieve_setup(call: Call) -> Doc:
    """GET /v1/setup_intents/{id}."""
    return public(_in_path(call))


def update_setup(call: Call) -> Doc:
    """POST /v1/setup_intents/{id}."""
    setup = _in_path(call)
    if call.params.get("customer"):
        setup["customer"] = find_usable(call.work, call.params["customer"])["id"]
    method = _method_in(call)
    if method is not None:
        _check_open(setup, "update")
        setup.update(payment_method=method["id"], status="requires_confirmation")
    if "description" in call.params:
        setup["description"] = call.params["description"]
    setup["metadata"] = merge_metadata(setup["metadata"], call.params.get("metadata"))
    return public(call.work.save(setup))


def confirm(call: Call) -> Doc:
    """POST /v1/setup_intents/{id}/confirm."""
    setup = _in_path(call)
    _check_open(setup, "confirm")
    return _confirm(call, setup)


def _confirm(call: Call, setup: Doc) -> Doc:
    automatic: Doc | None = setup["automatic_payment_methods"]
    returns_to: str | None = call.params.get("return_url")
    if automatic and automatic["allow_redirects"] == "always" and returns_to is None:
        raise invalid(
            "This SetupIntent is configured to accept payment methods that may redirect your customer off of your "
            "page: you must provide a `return_url`.",
            param="return_url",
        )
    method = _method_in(call)
    if method is None and setup["payment_method"] is not None:
        method = call.work.get("payment_method", setup["payment_method"])
    if method is None:
        raise _unexpected(setup, "You cannot confirm this SetupIntent because it's missing a payment method.")
    error = confirm_setup(call.work, setup, method, Confirming(call.base_url, return_url=returns_to))
    if error is not None:
        shown = {name: value for name, value in error.items() if name != "payment_method_type"}
        raise declined({**shown, "setup_intent": public(setup)})
    return public(setup)


def cancel(call: Call) -> Doc:
    """POST /v1/setup_intents/{id}/cancel."""
    setup = _in_path(call)
    _check_open(setup, "cancel")
    setup.update(status="canceled", cancellation_reason=call.params.get("cancellation_reason"), next_action=None)
    call.work.save(setup)
    emit(call.work, "setup_intent.canceled", setup)
    return public(setup)


def list_setups(call: Call) -> Doc:
    """GET /v1/setup_intents, by customer, payment_method and created."""
    conditions = Conditions()
    conditions.equal("customer", call.params.get("customer"))
    conditions.equal("payment_method", call.params.get("payment_method"))
    conditions.created(call.params.get("created"))
    return list_objects(
        call.work, "setup_intent", "/v1/setup_intents", call.params, noun="setupintent", conditions=conditions
    )


def _method_in(call: Call) -> Doc | None:
    data = part(call.params, "payment_method_data")
    if data:
        return resolve_payment_method(call.work, data["card"]["token"], param="payment_method_data[card][token]")
    name: str | None = call.params.get("payment_method")
    return None if name is None else resolve_payment_method(call.work, name)


def _check_open(setup: Doc, verb: str) -> None:
    if setup["status"] not in OPEN:
        raise _unexpected(setup, f"You cannot {verb} this SetupIntent because it has a status of {setup['status']}.")


def _unexpected(setup: Doc, message: str) -> StripeError:
    return refused(message, code="setup_intent_unexpected_state", setup_intent=public(setup))
