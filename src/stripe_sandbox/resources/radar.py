"""The routes of early fraud warnings and reviews."""

from stripe_sandbox.call import Call
from stripe_sandbox.flows.early_warnings import KIND
from stripe_sandbox.flows.reviews import close_review
from stripe_sandbox.state.work import Doc, public
from stripe_sandbox.wire.errors import missing_object, refused
from stripe_sandbox.wire.lists import Conditions, list_objects


def retrieve_warning(call: Call) -> Doc:
    """GET /v1/radar/early_fraud_warnings/{id}."""
    found = call.work.find(KIND, call.path["id"])
    if found is None:
        raise missing_object("early_fraud_warning", call.path["id"], param="early_fraud_warning")
    return public(found)


def list_warnings(call: Call) -> Doc:
    """GET /v1/radar/early_fraud_warnings, by charge, payment_intent and created."""
    conditions = Conditions()
    conditions.equal("charge", call.params.get("charge"))
    conditions.equal("payment_intent", call.params.get("payment_intent"))
    conditions.created(call.params.get("created"))
    url = "/v1/radar/early_fraud_warnings"
    return list_objects(call.work, KIND, url, call.params, noun="early_fraud_warning", conditions=conditions)


def _in_path(call: Call) -> Doc:
    found = call.work.find("review", call.path["id"])
    if found is None:
        raise missing_object("review", call.path["id"], param="review")
    return found


def retrieve_review(call: Call) -> Doc:
    """GET /v1/reviews/{id}."""
    return public(_in_path(call))


def approve_review(call: Call) -> Doc:
    """POST /v1/reviews/{id}/approve."""
    review = _in_path(call)
    if not review["open"]:
        raise refused("This review has already been closed.", param="review")
    close_review(call.work, call.work.get("charge", review["charge"]), "approved")
    return public(review)


def list_reviews(call: Call) -> Doc:
    """GET /v1/reviews: the open ones, by created."""
    conditions = Conditions()
    conditions.raw("json_extract(body, '$.open')")
    conditions.created(call.params.get("created"))
    return list_objects(call.work, "review", "/v1/reviews", call.params, noun="review", conditions=conditions)
