"""The PaymentIntent routes: the states are moved by the flows, the refusals stand here."""

from typing import Any

from stripe_sandbox.call import Call, part
from stripe_sandbox.events import emit
from stripe_sandbox.flows.capture import cancel_intent, capture_intent
from stripe_sandbox.flows.confirmation import CONFIRMABLE, Confirming, confirm_intent
from stripe_sandbox.money import check_amount, check_currency
from stripe_sandbox.resources.checkout_sessions import check_descriptor
from stripe_sandbox.resources.customers import find_usable
from stripe_sandbox.resources.intent_shape import new_intent
from stripe_sandbox.resources.mandates import new_mandate
from stripe_sandbox.resources.payment_methods import resolve_payment_method
from stripe_sandbox.state.work import Doc, public
from stripe_sandbox.wire.errors import StripeError, declined, invalid, missing_object, refused
from stripe_sandbox.wire.lists import Conditions, list_objects
from stripe_sandbox.wire.metadata import merge_metadata
from stripe_sandbox.wire.search import search_objects

SEARCHABLE = frozenset({"amount", "created", "currency", "customer", "metadata", "status"})
CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action")
AMENDABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_REDIRECTS = (
    "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these "
    "payment methods might "
    "redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept "
    "redirect-based payment "
    "methods, set `automatic_payment_methods[enabled]` to `true` and "
    "`automatic_payment_methods[allow_redirects]` to `never` when "
    "creating Setup Intents and Payment Intents."
)


def create_intent(call: Call) -> Doc:
    """POST /v1/payment_intents, with `confirm` in one step."""
    wish = {**call.params}
    wish["currency"] = check_currency(wish["currency"], "currency")
    check_amount(wish["amount"], wish["currency"], param="amount")
    check_descriptor(wish, "statement_descriptor")
    if wish.get("customer"):
        find_usable(call.work, wish["customer"])
    _take_allowed_types(wish)
    if "payment_method_types" not in wish:
        automatic: dict[str, Any] = wish.get("automatic_payment_methods") or {"enabled": True}
        wish["automatic_payment_methods"] = {
            "allow_redirects": automatic.get("allow_redirects", "always"),
            "enabled": automatic["enabled"],
        }
    elif wish.get("automatic_payment_methods", {}).get("enabled"):
        raise invalid(
            "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.",
            code="parameters_exclusive",
            param="automatic_payment_methods",
        )
    intent = new_intent(call.work, wish)
    emit(call.work, "payment_intent.created", intent)
    if wish.get("confirm"):
        return _confirm(call, intent)
    method = _method_in(call)
    if method is not None:
        intent.update(payment_method=method["id"], status="requires_confirmation")
        call.work.save(intent)
    return public(intent)


def _take_allowed_types(wish: dict[str, Any]) -> None:
    """Endive's name for the list of types, which stands alone."""
    if not wish.get("allowed_payment_method_types"):
        return
    for other in ("automatic_payment_methods", "excluded_payment_method_types"):
        if wish.get(other):
            raise invalid(
                f"You may only specify one of these parameters: allowed_payment_method_types, {other}.",
                code="parameters_exclusive",
                param="allowed_payment_method_types",
            )
    wish["payment_method_types"] = wish["allowed_payment_method_types"]


def _in_path(call: Call) -> Doc:
    found = call.work.find("payment_intent", call.path["id"])
    if found is None:
        raise missing_object("payment_intent", call.path["id"], param="intent")
    return found


def retrieve_intent(call: Call) -> Doc:
    """GET /v1/payment_intents/{id}."""
    return public(_in_path(call))


def update_intent(call: Call) -> Doc:
    """POST /v1/payment_intents/{id}; the amount may change only before money moves."""
    intent = _in_path(call)
    changes = {
        name: value
        for name, value in call.params.items()
        if name not in ("expand", "metadata", "payment_method_options")
    }
    check_descriptor(changes, "statement_descriptor")
    if "amount" in changes:
        if intent["status"] not in AMENDABLE:
            raise _unexpected(intent, "This PaymentIntent's amount could not be updated", "updated", AMENDABLE)
        check_amount(changes["amount"], intent["currency"], param="amount")
    if changes.get("customer"):
        find_usable(call.work, changes["customer"])
    intent.update(changes)
    card: dict[str, Any] = call.params.get("payment_method_options", {}).get("card") or {}
    intent["payment_method_options"].setdefault("card", {}).update(card)
    intent["metadata"] = merge_metadata(intent["metadata"], call.params.get("metadata"))
    return public(call.work.save(intent))


def confirm(call: Call) -> Doc:
    """POST /v1/payment_intents/{id}/confirm."""
    intent = _in_path(call)
    _refuse_checkouts(call, intent, "confirm")
    if intent["status"] == "succeeded":
        raise _unexpected(
            intent,
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.",
        )
    if intent["status"] not in CONFIRMABLE:
        raise _unexpected(intent, "You cannot confirm this PaymentIntent", "confirmed", CONFIRMABLE)
    if "capture_method" in call.params:
        intent["capture_method"] = call.params["capture_method"]
    return _confirm(call, intent)


def _confirm(call: Call, intent: Doc) -> Doc:
    """Confirms with the method in the request, else the one on the PaymentIntent.

    A decline is raised and keeps its effects.
    """
    automatic: dict[str, Any] | None = intent["automatic_payment_methods"]
    returns_to: str | None = call.params.get("return_url")
    if automatic and automatic["allow_redirects"] == "always" and returns_to is None:
        raise invalid(_REDIRECTS, param="return_url")
    method = _method_in(call)
    if method is None and intent["payment_method"] is not None:
        method = call.work.get("payment_method", intent["payment_method"])
    if method is None:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update "
            "the PaymentIntent with a "
            "payment method and then confirm it again, or confirm it again directly with a payment method or "
            "ConfirmationToken.",
            code="payment_intent_unexpected_state",
        )
    options: dict[str, Any] = call.params.get("payment_method_options", {}).get("card") or {}
    intent["payment_method_options"].setdefault("card", {}).update(options)
    mandate = part(call.params, "mandate_data")
    if mandate:
        intent["_mandate"] = new_mandate(call.work, intent, method, mandate["customer_acceptance"])["id"]
    how = Confirming(call.base_url, return_url=returns_to, off_session=call.params.get("off_session", False))
    error = confirm_intent(call.work, intent, method, how)
    if error is not None:
        shown = {name: value for name, value in error.items() if name != "payment_method_type"}
        raise declined({**shown, "payment_intent": public(intent)})
    return public(intent)


def _method_in(call: Call) -> Doc | None:
    """The payment method that the request names, by id, test name or token."""
    name: str | None = call.params.get("payment_method")
    data: dict[str, Any] | None = call.params.get("payment_method_data")
    if data is not None:
        return resolve_payment_method(call.work, data["card"]["token"], param="payment_method_data[card][token]")
    return None if name is None else resolve_payment_method(call.work, name)


def cancel(call: Call) -> Doc:
    """POST /v1/payment_intents/{id}/cancel."""
    intent = _in_path(call)
    _refuse_checkouts(call, intent, "cancel")
    if intent["status"] not in CANCELABLE:
        raise _unexpected(intent, "You cannot cancel this PaymentIntent", "canceled", CANCELABLE)
    cancel_intent(call.work, intent, call.params.get("cancellation_reason"))
    return public(intent)


def capture(call: Call) -> Doc:
    """POST /v1/payment_intents/{id}/capture, whole or in part."""
    intent = _in_path(call)
    if intent["status"] != "requires_capture":
        raise _unexpected(intent, "This PaymentIntent could not be captured", "captured", ("requires_capture",))
    amount: int = call.params.get("amount_to_capture", intent["amount_capturable"])
    if amount > intent["amount_capturable"]:
        raise refused(
            "The payment could not be captured because the requested capture amount is greater than the amount "
            "you can capture for this "
            "charge.",
            code="amount_too_large",
            param="amount_to_capture",
            payment_intent=public(intent),
        )
    intent["metadata"] = merge_metadata(intent["metadata"], call.params.get("metadata"))
    capture_intent(call.work, intent, amount)
    return public(intent)


def list_intents(call: Call) -> Doc:
    """GET /v1/payment_intents, by customer and created."""
    conditions = Conditions()
    conditions.equal("customer", call.params.get("customer"))
    conditions.created(call.params.get("created"))
    return list_objects(
        call.work, "payment_intent", "/v1/payment_intents", call.params, noun="payment_intent", conditions=conditions
    )


def search_intents(call: Call) -> Doc:
    """GET /v1/payment_intents/search."""
    return search_objects(call.work, "payment_intent", SEARCHABLE, call.params, "/v1/payment_intents/search")


def _refuse_checkouts(call: Call, intent: Doc, verb: str) -> None:
    """While its Checkout Session is open, a PaymentIntent belongs to the buyer's page."""
    session = call.work.find("checkout.session", intent.get("_session") or "")
    if session is not None and session["status"] == "open":
        raise _unexpected(
            intent,
            f"You cannot {verb} a PaymentIntent created by an open Checkout Session. Expire the Checkout Session "
            "instead.",
        )


def _unexpected(intent: Doc, message: str, done: str | None = None, allowed: tuple[str, ...] = ()) -> StripeError:
    if done is not None:
        message += (
            f" because it has a status of {intent['status']}. Only a PaymentIntent with one of the following "
            f"statuses may be {done}: "
            f"{', '.join(allowed)}."
        )
    return refused(message, code="payment_intent_unexpected_state", payment_intent=public(intent))
