"""The Checkout Session routes."""

from typing import Any

from stripe_sandbox.call import Call, part
from stripe_sandbox.flows.checkout import expire_session
from stripe_sandbox.flows.totals import reckon
from stripe_sandbox.resources.checkout_shape import check_total, new_session
from stripe_sandbox.resources.customers import find_usable
from stripe_sandbox.resources.payment_methods import blank_address
from stripe_sandbox.resources.session_lines import change_lines, lines_of
from stripe_sandbox.resources.shipping_rates import offer_delivery
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import invalid, missing_object, refused
from stripe_sandbox.wire.lists import LIMIT_DEFAULT, Conditions, as_list, list_objects, page_of
from stripe_sandbox.wire.metadata import merge_metadata


def create_session(call: Call) -> Doc:
    """POST /v1/checkout/sessions."""
    wish = call.params
    _check_wish(wish)
    customer = find_usable(call.work, wish["customer"]) if wish.get("customer") else None
    return public(new_session(call.work, wish, call.base_url, customer))


_ONLY_FOR_PAYMENT = (
    "allow_promotion_codes",
    "discounts",
    "invoice_creation",
    "line_items",
    "payment_intent_data",
    "shipping_address_collection",
    "shipping_options",
    "submit_type",
)
_EXCLUSIVE = (
    ("customer", "customer_email"),
    ("payment_method_types", "excluded_payment_method_types"),
    ("allowed_payment_method_types", "excluded_payment_method_types"),
    ("allow_promotion_codes", "discounts"),
)


def _check_wish(wish: dict[str, Any]) -> None:
    """The rules that join several parameters."""
    needed = ("mode", "success_url") if wish.get("mode") == "setup" else ("mode", "line_items", "success_url")
    for name in needed:
        if not wish.get(name):
            raise invalid(f"Missing required param: {name}.", code="parameter_missing", param=name)
    for name in _ONLY_FOR_PAYMENT if wish["mode"] == "setup" else ("setup_intent_data",):
        if wish.get(name):
            raise invalid(f"You can not pass `{name}` in `{wish['mode']}` mode.", param=name)
    for one, other in _EXCLUSIVE:
        if wish.get(one) and wish.get(other):
            raise invalid(
                f"You may only specify one of these parameters: {one}, {other}.",
                code="parameters_exclusive",
                param=one,
            )
    _check_customer(wish)
    check_descriptor(part(wish, "payment_intent_data"), "payment_intent_data[statement_descriptor]")


def _check_customer(wish: dict[str, Any]) -> None:
    if wish.get("customer") and "customer_creation" in wish:
        raise invalid("`customer_creation` can only be used when `customer` is not given.", param="customer_creation")
    if "customer_update" in wish and not wish.get("customer"):
        raise invalid("`customer_update` can only be used with `customer`.", param="customer_update")
    collected = wish.get("customer") and wish.get("shipping_address_collection")
    if collected and part(wish, "customer_update").get("shipping") != "auto":
        raise invalid(
            "`customer_update[shipping]` must be `auto` to collect the shipping address of a customer who exists.",
            param="customer_update[shipping]",
        )


def check_descriptor(data: dict[str, Any], path: str) -> None:
    """Cards take a suffix only."""
    if data.get("statement_descriptor"):
        raise invalid(
            "The `statement_descriptor` parameter is not supported for card payments. Use "
            "`statement_descriptor_suffix` instead.",
            param=path,
        )


def _in_path(call: Call) -> Doc:
    found = call.work.find("checkout.session", call.path["id"])
    if found is None:
        raise missing_object("checkout.session", call.path["id"], param="session")
    return found


def retrieve_session(call: Call) -> Doc:
    """GET /v1/checkout/sessions/{id}."""
    return public(_in_path(call))


def update_session(call: Call) -> Doc:
    """POST /v1/checkout/sessions/{id}: metadata; of an open one its lines, its deliveries and where they go too."""
    session = _in_path(call)
    wish = call.params
    if wish.keys() & {"collected_information", "line_items", "shipping_options"} and session["status"] != "open":
        raise refused(f"Only open Checkout Sessions can be changed; this one is {session['status']}.", param="session")
    if wish.keys() & {"line_items", "shipping_options"}:
        _change_order(call.work, session, wish)
    details = part(part(wish, "collected_information"), "shipping_details")
    if details:
        address = {**blank_address(), **details["address"]}
        session["collected_information"] = {
            "business_name": None,
            "individual_name": None,
            "shipping_details": {"address": address, "name": details["name"]},
        }
    session["metadata"] = merge_metadata(session["metadata"], wish.get("metadata"))
    return public(call.work.save(session))


def _change_order(work: Work, session: Doc, wish: dict[str, Any]) -> None:
    if session["mode"] != "payment":
        raise invalid("A Checkout Session in `setup` mode has no lines and no delivery.", param="session")
    if "line_items" in wish:
        change_lines(work, session, wish["line_items"])
    if "shipping_options" in wish:
        offer_delivery(work, session, wish["shipping_options"])
    reckon(work, session)
    check_total(session)


def expire(call: Call) -> Doc:
    """POST /v1/checkout/sessions/{id}/expire; refused unless the session is open."""
    session = _in_path(call)
    if session["status"] != "open":
        raise refused(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {session['status']}.",
            param="session",
        )
    expire_session(call.work, session)
    return public(session)


def list_sessions(call: Call) -> Doc:
    """GET /v1/checkout/sessions, by customer, payment_intent, buyer's e-mail, status and created."""
    conditions = Conditions()
    conditions.equal("customer", call.params.get("customer"))
    conditions.equal("payment_intent", call.params.get("payment_intent"))
    conditions.equal("status", call.params.get("status"))
    conditions.equal("customer_details.email", part(call.params, "customer_details").get("email"))
    conditions.created(call.params.get("created"))
    return list_objects(
        call.work,
        "checkout.session",
        "/v1/checkout/sessions",
        call.params,
        noun="checkout.session",
        conditions=conditions,
    )


def list_line_items(call: Call) -> Doc:
    """GET /v1/checkout/sessions/{id}/line_items, in the order of the request that made them."""
    session = _in_path(call)
    lines = [public(line) for line in lines_of(call.work, session)]
    return page_of(lines, f"/v1/checkout/sessions/{session['id']}/line_items", call.params, noun="line_item")


def included_line_items(work: Work, session: Doc) -> Doc:
    """The list that `expand[]=line_items` puts into a session."""
    lines = [public(line) for line in lines_of(work, session)]
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return as_list(lines[:LIMIT_DEFAULT], url, has_more=len(lines) > LIMIT_DEFAULT)
