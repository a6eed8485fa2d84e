"""The routes of invoices, which Checkout makes, and of their payments."""

from stripe_sandbox.call import Call, part
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import missing_object
from stripe_sandbox.wire.lists import Conditions, as_list, list_objects, page_of


def _in_path(call: Call) -> Doc:
    found = call.work.find("invoice", call.path["id"])
    if found is None:
        raise missing_object("invoice", call.path["id"], param="invoice")
    return found


def retrieve_invoice(call: Call) -> Doc:
    """GET /v1/invoices/{id}."""
    return public(_in_path(call))


def list_lines(call: Call) -> Doc:
    """GET /v1/invoices/{id}/lines."""
    invoice = _in_path(call)
    return page_of(invoice["_lines"], invoice["lines"]["url"], call.params, noun="line_item")


def list_invoices(call: Call) -> Doc:
    """GET /v1/invoices, by customer, status, collection method and created."""
    conditions = Conditions()
    for name in ("collection_method", "customer", "status"):
        conditions.equal(name, call.params.get(name))
    conditions.created(call.params.get("created"))
    return list_objects(call.work, "invoice", "/v1/invoices", call.params, noun="invoice", conditions=conditions)


def retrieve_invoice_payment(call: Call) -> Doc:
    """GET /v1/invoice_payments/{id}."""
    found = call.work.find("invoice_payment", call.path["id"])
    if found is None:
        raise missing_object("invoice payment", call.path["id"], param="invoice_payment")
    return public(found)


def list_invoice_payments(call: Call) -> Doc:
    """GET /v1/invoice_payments, by invoice, payment, status and created."""
    conditions = Conditions()
    conditions.equal("invoice", call.params.get("invoice"))
    conditions.equal("payment.payment_intent", part(call.params, "payment").get("payment_intent"))
    conditions.equal("status", call.params.get("status"))
    conditions.created(call.params.get("created"))
    url = "/v1/invoice_payments"
    return list_objects(call.work, "invoice_payment", url, call.params, noun="invoice payment", conditions=conditions)


def included_payments(work: Work, invoice: Doc) -> Doc:
    """The list that `expand[]=payments` puts into an invoice."""
    url = "/v1/invoice_payments"
    return as_list([public(work.get("invoice_payment", work.get("invoice", invoice["id"])["_payment"]))], url)
