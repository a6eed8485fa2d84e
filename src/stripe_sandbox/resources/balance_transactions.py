"""Reads balance transactions."""

from stripe_sandbox.call import Call
from stripe_sandbox.state.work import Doc, public
from stripe_sandbox.wire.errors import invalid, missing_object
from stripe_sandbox.wire.lists import Conditions, list_objects


def retrieve_balance_transaction(call: Call) -> Doc:
    """GET /v1/balance_transactions/{id}."""
    found = call.work.find("balance_transaction", call.path["id"])
    if found is None:
        raise missing_object("balance_transaction", call.path["id"], param="id")
    return public(found)


def _automatic_payout(call: Call, payout_id: str) -> Doc:
    payout = call.work.find("payout", payout_id)
    if payout is None:
        raise missing_object("payout", payout_id, param="payout", status=400)
    if not payout["automatic"]:
        raise invalid(
            "Balance transaction history can only be filtered on automatic transfers, not manual.", param="payout"
        )
    return payout


def list_balance_transactions(call: Call) -> Doc:
    """GET /v1/balance_transactions, by source, type, currency, payout and created."""
    conditions = Conditions()
    if call.params.get("payout"):
        conditions.equal("_payout", _automatic_payout(call, call.params["payout"])["id"])
    for name in ("source", "type", "currency"):
        conditions.equal(name, call.params.get(name))
    if call.params.get("source"):
        # As recorded: the adjustments of a dispute are not found by their source.
        conditions.raw("json_extract(body, '$.type') != 'adjustment'")
    conditions.created(call.params.get("created"))
    return list_objects(
        call.work,
        "balance_transaction",
        "/v1/balance_transactions",
        call.params,
        noun="balance_transaction",
        conditions=conditions,
    )
