"""Customers: created, changed, listed, and deleted to a stub that says so."""

from typing import Any

from stripe_sandbox.call import Call, part
from stripe_sandbox.events import emit
from stripe_sandbox.ids import scramble
from stripe_sandbox.resources.attaching import attach, detach
from stripe_sandbox.resources.payment_methods import resolve_payment_method
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import missing_object
from stripe_sandbox.wire.lists import Conditions, list_objects
from stripe_sandbox.wire.metadata import merge_metadata
from stripe_sandbox.wire.search import search_objects

SEARCHABLE = frozenset({"created", "email", "metadata", "name", "phone"})


def new_customer(work: Work, wish: dict[str, Any]) -> Doc:
    """Stores a customer and says so."""
    customer_id = work.mint("cus")
    customer: Doc = {
        "id": customer_id,
        "object": "customer",
        "address": wish.get("address"),
        "balance": 0,
        "created": work.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": wish.get("description"),
        "discount": None,
        "email": wish.get("email"),
        "invoice_prefix": wish.get("invoice_prefix") or scramble(customer_id, "prefix", length=8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": merge_metadata({}, wish.get("metadata")),
        "name": wish.get("name"),
        "next_invoice_sequence": wish.get("next_invoice_sequence", 1),
        "phone": wish.get("phone"),
        "preferred_locales": wish.get("preferred_locales", []),
        "shipping": wish.get("shipping"),
        "tax_exempt": wish.get("tax_exempt", "none"),
        "test_clock": None,
    }
    work.insert(customer)
    emit(work, "customer.created", customer)
    return customer


def find_usable(work: Work, customer_id: str, *, param: str = "customer") -> Doc:
    """A customer that a payment may name: one that exists and is not deleted."""
    found = work.find("customer", customer_id)
    if found is None or found.get("deleted"):
        raise missing_object("customer", customer_id, param=param, status=400)
    return found


def create_customer(call: Call) -> Doc:
    """POST /v1/customers, with a payment method of his."""
    customer = new_customer(call.work, call.params)
    if call.params.get("payment_method"):
        attach(call.work, resolve_payment_method(call.work, call.params["payment_method"]), customer)
    settings = part(call.params, "invoice_settings")
    if settings:
        customer["invoice_settings"] = _settings(call.work, customer, settings)
        call.work.save(customer)
    return public(customer)


def _settings(work: Work, customer: Doc, wish: Doc) -> Doc:
    """His invoice settings after a change; the default method must be one of his own."""
    named: str | None = wish.get("default_payment_method")
    if named is not None:
        method = work.find("payment_method", named)
        if method is None or method["customer"] != customer["id"]:
            param = "invoice_settings[default_payment_method]"
            raise missing_object("PaymentMethod", named, param=param, status=400)
    return {**customer["invoice_settings"], **wish}


def _in_path(call: Call) -> Doc:
    found = call.work.find("customer", call.path["id"])
    if found is None:
        raise missing_object("customer", call.path["id"], param="id")
    return found


def retrieve_customer(call: Call) -> Doc:
    """GET /v1/customers/{id}; a deleted one answers 200 with `deleted`."""
    return public(_in_path(call))


def update_customer(call: Call) -> Doc:
    """POST /v1/customers/{id}."""
    customer = _in_path(call)
    if customer.get("deleted"):
        raise missing_object("customer", customer["id"], param="id")
    changes = {name: value for name, value in call.params.items() if name not in ("expand", "metadata")}
    if "invoice_settings" in changes:
        changes["invoice_settings"] = _settings(call.work, customer, changes["invoice_settings"])
    changes["metadata"] = merge_metadata(customer["metadata"], call.params.get("metadata"))
    previous = {name: customer[name] for name, value in changes.items() if customer[name] != value}
    customer.update(changes)
    call.work.save(customer)
    if previous:
        emit(call.work, "customer.updated", customer, previous)
    return public(customer)


def delete_customer(call: Call) -> Doc:
    """DELETE /v1/customers/{id}; what he paid with is detached."""
    customer = _in_path(call)
    if customer.get("deleted"):
        raise missing_object("customer", customer["id"], param="id")
    emit(call.work, "customer.deleted", customer)
    for method in call.work.select("payment_method", "json_extract(body, '$.customer') = ?", [customer["id"]]):
        detach(call.work, method)
    stub: Doc = {"id": customer["id"], "object": "customer", "deleted": True}
    customer.clear()
    customer.update(stub)
    call.work.save(customer)
    return stub


def list_customers(call: Call) -> Doc:
    """GET /v1/customers, by email and created."""
    conditions = Conditions()
    conditions.raw("json_extract(body, '$.deleted') IS NULL")
    conditions.equal("email", call.params.get("email"))
    conditions.created(call.params.get("created"))
    return list_objects(call.work, "customer", "/v1/customers", call.params, noun="customer", conditions=conditions)


def search_customers(call: Call) -> Doc:
    """GET /v1/customers/search."""
    return search_objects(call.work, "customer", SEARCHABLE, call.params, "/v1/customers/search")
