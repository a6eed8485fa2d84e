"""The SetupIntent routes: the states are moved by the flow, the refusals stand here."""

from stripe_sandbox.call import Call, part
from stripe_sandbox.flows.confirmation import Confirming
from stripe_sandbox.flows.setup import cancel_setup, confirm_setup
from stripe_sandbox.resources.customers import find_usable
from stripe_sandbox.resources.payment_methods import resolve_payment_method
from stripe_sandbox.resources.setup_shape import new_setup
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
    setup = new_setup(call.work, wish)
    if wish.get("confirm"):
        return _confirm(call, setup)
    method = _method_in(call)
    if method is not None:
        setup.update(payment_method=method["id"], status="requires_confirmation")
        call.work.save(setup)
    return public(setup)


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
    _check_own(call, setup, "confirm")
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
    _check_own(call, setup, "cancel")
    _check_open(setup, "cancel")
    cancel_setup(call.work, setup, call.params.get("cancellation_reason"))
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


def _check_own(call: Call, setup: Doc, verb: str) -> None:
    """While its Checkout Session is open, a SetupIntent belongs to the buyer's page."""
    session = call.work.find("checkout.session", setup.get("_session") or "")
    if session is not None and session["status"] == "open":
        raise _unexpected(
            setup,
            f"You cannot {verb} a SetupIntent created by an open Checkout Session. Expire the Checkout Session "
            "instead.",
        )


def _check_open(setup: Doc, verb: str) -> None:
    if setup["status"] not in OPEN:
        raise _unexpected(setup, f"You cannot {verb} this SetupIntent because it has a status of {setup['status']}.")


def _unexpected(setup: Doc, message: str) -> StripeError:
    return refused(message, code="setup_intent_unexpected_state", setup_intent=public(setup))
