"""The payment method routes: made from tokens, kept for a customer, changed, detached for good."""

from typing import Any

from stripe_sandbox.call import Call, part
from stripe_sandbox.events import emit
from stripe_sandbox.ibans import bank_account_by_iban
from stripe_sandbox.resources.attaching import attach, detach
from stripe_sandbox.resources.customers import find_usable
from stripe_sandbox.resources.payment_methods import billing_details, new_bank_method, resolve_payment_method
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import invalid, missing_object, refused
from stripe_sandbox.wire.lists import Conditions, list_objects
from stripe_sandbox.wire.metadata import merge_metadata


def create_method(call: Call) -> Doc:
    """POST /v1/payment_methods, from a card token or a test IBAN."""
    kind: str | None = call.params.get("type")
    if kind is None:
        raise invalid("Missing required param: type.", code="parameter_missing", param="type")
    if not part(call.params, kind):
        raise invalid(f"Missing required param: {kind}.", code="parameter_missing", param=kind)
    if kind == "card":
        method = resolve_payment_method(call.work, call.params["card"]["token"], param="card[token]")
        method["billing_details"] = _billing(method["billing_details"], call.params)
    else:
        account = bank_account_by_iban(call.params["sepa_debit"]["iban"].replace(" ", "").upper())
        if account is None:
            raise invalid("The IBAN is no test account.", code="invalid_bank_account_iban", param="sepa_debit[iban]")
        method = new_bank_method(call.work, account, billing=_billing(billing_details(), call.params))
    method["allow_redisplay"] = call.params.get("allow_redisplay", "unspecified")
    method["metadata"] = merge_metadata({}, call.params.get("metadata"))
    return public(call.work.save(method))


def _billing(current: Doc, params: dict[str, Any]) -> Doc:
    wish = part(params, "billing_details")
    return {**current, **wish, "address": {**current["address"], **part(wish, "address")}}


def attach_method(call: Call) -> Doc:
    """POST /v1/payment_methods/{id}/attach; a card that declines is refused with 402."""
    customer_id: str | None = call.params.get("customer")
    if customer_id is None:
        raise invalid("Missing required param: customer.", code="parameter_missing", param="customer")
    method = resolve_payment_method(call.work, call.path["id"], param="payment_method", status=404)
    return public(attach(call.work, method, find_usable(call.work, customer_id)))


def detach_method(call: Call) -> Doc:
    """POST /v1/payment_methods/{id}/detach; it cannot be used again."""
    method = _in_path(call)
    if method["customer"] is None:
        raise refused("The payment method you provided is not attached to a customer so detachment is impossible.")
    detach(call.work, method)
    return public(method)


def update_method(call: Call) -> Doc:
    """POST /v1/payment_methods/{id}: buyer, expiry, metadata."""
    method = _in_path(call)
    before: Doc = {name: method[name] for name in ("allow_redisplay", "billing_details", "metadata", method["type"])}
    method["billing_details"] = _billing(method["billing_details"], call.params)
    method["allow_redisplay"] = call.params.get("allow_redisplay", method["allow_redisplay"])
    method["metadata"] = merge_metadata(method["metadata"], call.params.get("metadata"))
    if method["type"] == "card":
        method["card"] = {**method["card"], **part(call.params, "card")}
    call.work.save(method)
    emit(call.work, "payment_method.updated", method, {k: v for k, v in before.items() if method[k] != v})
    return public(method)


def _in_path(call: Call) -> Doc:
    found = call.work.find("payment_method", call.path["id"])
    if found is None:
        raise missing_object("PaymentMethod", call.path["id"], param="payment_method")
    return found


def list_methods(call: Call) -> Doc:
    """GET /v1/payment_methods, by customer and type."""
    if call.params.get("customer"):
        find_usable(call.work, call.params["customer"])
    return _listed(call.work, call.params, call.params.get("customer"), "/v1/payment_methods")


def list_customers_methods(call: Call) -> Doc:
    """GET /v1/customers/{id}/payment_methods, by type."""
    customer = call.work.find("customer", call.path["id"])
    if customer is None:
        raise missing_object("customer", call.path["id"], param="customer")
    return _listed(call.work, call.params, customer["id"], f"/v1/customers/{customer['id']}/payment_methods")


def retrieve_customers_method(call: Call) -> Doc:
    """GET /v1/customers/{id}/payment_methods/{method}."""
    found = call.work.find("payment_method", call.path["method"])
    if found is None or found["customer"] != call.path["id"]:
        raise missing_object("PaymentMethod", call.path["method"], param="payment_method")
    return public(found)


def _listed(work: Work, params: dict[str, Any], customer: str | None, url: str) -> Doc:
    conditions = Conditions()
    conditions.equal("customer", customer)
    conditions.equal("type", params.get("type"))
    conditions.equal("allow_redisplay", params.get("allow_redisplay"))
    return list_objects(work, "payment_method", url, params, noun="PaymentMethod", conditions=conditions)
