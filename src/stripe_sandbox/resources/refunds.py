"""Refunds of captured charges, whole or in part; they succeed at once in this sandbox."""

from stripe_sandbox.call import Call
from stripe_sandbox.events import emit
from stripe_sandbox.flows.balance import new_balance_transaction
from stripe_sandbox.ids import stem_of
from stripe_sandbox.money import show_amount
from stripe_sandbox.state.work import Doc, public
from stripe_sandbox.wire.errors import invalid, missing_object, refused
from stripe_sandbox.wire.lists import Conditions, list_objects
from stripe_sandbox.wire.metadata import merge_metadata


def create_refund(call: Call) -> Doc:
    """POST /v1/refunds, of a charge or of a PaymentIntent's charge."""
    charge = _charge_to_refund(call)
    if not charge["captured"] or charge["status"] != "succeeded":
        raise refused(
            f"Charge {charge['id']} has not been captured; cancel the PaymentIntent to release the funds.",
            param="charge",
        )
    remaining: int = charge["amount_captured"] - charge["amount_refunded"]
    if remaining <= 0:
        raise refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount: int = call.params.get("amount", remaining)
    if amount > remaining:
        shown = [show_amount(value, charge["currency"], "en") for value in (amount, remaining)]
        raise refused(
            f"Refund amount ({shown[0]}) is greater than unrefunded amount on charge ({shown[1]})", param="amount"
        )
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    call.work.save(charge)
    refund = _new_refund(call, charge, amount)
    emit(call.work, "refund.created", refund)
    emit(call.work, "charge.refunded", charge, previous={"amount_refunded": charge["amount_refunded"] - amount})
    return public(refund)


def _charge_to_refund(call: Call) -> Doc:
    charge_id: str | None = call.params.get("charge")
    intent_id: str | None = call.params.get("payment_intent")
    if intent_id is not None:
        intent = call.work.find("payment_intent", intent_id)
        if intent is None:
            raise missing_object("payment_intent", intent_id, param="payment_intent")
        charge_id = charge_id or intent["latest_charge"]
        if charge_id is None or intent["status"] not in ("succeeded", "requires_capture"):
            raise refused(
                f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.", param="payment_intent"
            )
    if charge_id is None:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    charge = call.work.find("charge", charge_id)
    if charge is None:
        raise missing_object("charge", charge_id, param="id")
    return charge


def _new_refund(call: Call, charge: Doc, amount: int) -> Doc:
    work = call.work
    refund: Doc = {
        "id": work.mint("re", stem_of(charge["id"])),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": work.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": {
            "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"},
            "type": "card",
        },
        "metadata": merge_metadata({}, call.params.get("metadata")),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": call.params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    work.insert(refund)
    entry = new_balance_transaction(work, source=refund, amount=-amount, fee=0, kind="refund")
    refund["balance_transaction"] = entry["id"]
    return work.save(refund)


def _in_path(call: Call) -> Doc:
    found = call.work.find("refund", call.path["id"])
    if found is None:
        raise missing_object("refund", call.path["id"], param="refund")
    return found


def retrieve_refund(call: Call) -> Doc:
    """GET /v1/refunds/{id}."""
    return public(_in_path(call))


def update_refund(call: Call) -> Doc:
    """POST /v1/refunds/{id}: metadata."""
    refund = _in_path(call)
    refund["metadata"] = merge_metadata(refund["metadata"], call.params.get("metadata"))
    call.work.save(refund)
    emit(call.work, "refund.updated", refund)
    return public(refund)


def list_refunds(call: Call) -> Doc:
    """GET /v1/refunds, by charge, payment_intent and created."""
    conditions = Conditions()
    conditions.equal("charge", call.params.get("charge"))
    conditions.equal("payment_intent", call.params.get("payment_intent"))
    conditions.created(call.params.get("created"))
    return list_objects(call.work, "refund", "/v1/refunds", call.params, noun="refund", conditions=conditions)


def included_refunds(call_work_refunds: list[Doc], charge_id: str) -> Doc:
    """The list that `expand[]=refunds` puts into a charge."""
    return {
        "object": "list",
        "data": [public(refund) for refund in call_work_refunds],
        "has_more": False,
        "url": f"/v1/charges/{charge_id}/refunds",
    }
