"""The refund routes: what may be refunded stands here, how a refund goes in the flow."""

from stripe_sandbox.call import Call
from stripe_sandbox.flows.disputes import disputes_of
from stripe_sandbox.flows.refunds import RefundWish, end_refund, issue_refund, refunds_of, say_updated, unrefunded
from stripe_sandbox.money import show_amount
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import invalid, missing_object, refused
from stripe_sandbox.wire.lists import Conditions, as_list, list_objects
from stripe_sandbox.wire.metadata import merge_metadata


def create_refund(call: Call) -> Doc:
    """POST /v1/refunds, of a charge or of a PaymentIntent's charge."""
    charge = _charge_to_refund(call)
    if not charge["captured"] or charge["status"] != "succeeded":
        raise refused(
            f"Charge {charge['id']} has not been captured; cancel the PaymentIntent to release the funds.",
            param="charge",
        )
    if any(not dispute["is_charge_refundable"] for dispute in disputes_of(call.work, charge["id"])):
        raise refused(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    remaining = unrefunded(call.work, charge)
    if remaining <= 0:
        raise refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount: int = call.params.get("amount", remaining)
    if amount > remaining:
        shown = [show_amount(value, charge["currency"], "en") for value in (amount, remaining)]
        raise refused(
            f"Refund amount ({shown[0]}) is greater than unrefunded amount on charge ({shown[1]})", param="amount"
        )
    metadata = merge_metadata({}, call.params.get("metadata"))
    return public(issue_refund(call.work, charge, RefundWish(amount, call.params.get("reason"), metadata)))


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
    before = refund["metadata"]
    refund["metadata"] = merge_metadata(before, call.params.get("metadata"))
    call.work.save(refund)
    say_updated(call.work, refund, {"metadata": before})
    return public(refund)


def cancel_refund(call: Call) -> Doc:
    """POST /v1/refunds/{id}/cancel, for a refund that waits for the buyer; card refunds end in the Dashboard only."""
    refund = _in_path(call)
    if refund["status"] != "requires_action":
        raise refused("Canceling this refund is unsupported.")
    end_refund(call.work, refund, "canceled")
    return public(refund)


def list_refunds(call: Call) -> Doc:
    """GET /v1/refunds, by charge, payment_intent and created."""
    conditions = Conditions()
    conditions.equal("charge", call.params.get("charge"))
    conditions.equal("payment_intent", call.params.get("payment_intent"))
    conditions.created(call.params.get("created"))
    return list_objects(call.work, "refund", "/v1/refunds", call.params, noun="refund", conditions=conditions)


def list_charge_refunds(call: Call) -> Doc:
    """GET /v1/charges/{id}/refunds."""
    charge = call.work.find("charge", call.path["id"])
    if charge is None:
        raise missing_object("charge", call.path["id"], param="id")
    conditions = Conditions()
    conditions.equal("charge", charge["id"])
    url = f"/v1/charges/{charge['id']}/refunds"
    return list_objects(call.work, "refund", url, call.params, noun="refund", conditions=conditions)


def included_refunds(work: Work, charge_id: str) -> Doc:
    """The list that `expand[]=refunds` puts into a charge."""
    return as_list([public(refund) for refund in refunds_of(work, charge_id)], f"/v1/charges/{charge_id}/refunds")
