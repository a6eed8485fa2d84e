"""Mandates: the buyer's permission to debit an account, given along with the confirmation of a PaymentIntent."""

from typing import Any

from stripe_sandbox.call import Call
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import invalid, missing_object


def new_mandate(work: Work, intent: Doc, method: Doc, acceptance: dict[str, Any]) -> Doc:
    """Stores a mandate: for this one payment, or for later ones too where the PaymentIntent sets the method up."""
    if method["type"] != "sepa_debit":
        raise invalid(f"A payment by {method['type']} takes no mandate.", param="mandate_data")
    kind = "multi_use" if intent["setup_future_usage"] else "single_use"
    mandate_id = work.mint("mandate")
    return work.insert(
        {
            "id": mandate_id,
            "object": "mandate",
            "customer_acceptance": {"accepted_at": work.now, **acceptance},
            "livemode": False,
            kind: {} if kind == "multi_use" else {"amount": intent["amount"], "currency": intent["currency"]},
            "payment_method": method["id"],
            "payment_method_details": {
                "sepa_debit": {
                    "reference": mandate_id[-16:].upper(),
                    "url": f"https://hooks.stripe.com/adapter/sepa_debit/file/{mandate_id}",
                },
                "type": "sepa_debit",
            },
            "status": "active",
            "type": kind,
        }
    )


def retrieve_mandate(call: Call) -> Doc:
    """GET /v1/mandates/{id}."""
    found = call.work.find("mandate", call.path["id"])
    if found is None:
        raise missing_object("mandate", call.path["id"], param="mandate")
    return public(found)
