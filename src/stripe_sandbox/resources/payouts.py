"""The routes of the balance and of payouts."""

from stripe_sandbox.call import Call
from stripe_sandbox.events import emit
from stripe_sandbox.flows.payouts import PayoutWish, cancel_payout, open_payout
from stripe_sandbox.money import check_currency
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import missing_object, refused
from stripe_sandbox.wire.lists import Conditions, list_objects
from stripe_sandbox.wire.metadata import merge_metadata


def sums(work: Work, status: str) -> dict[str, int]:
    """Per currency the net sum of the balance transactions with this status."""
    rows = work.select("balance_transaction", "json_extract(body, '$.status') = ?", [status], order="ASC")
    total: dict[str, int] = {}
    for row in rows:
        total[row["currency"]] = total.get(row["currency"], 0) + row["net"]
    return total


def retrieve_balance(call: Call) -> Doc:
    """GET /v1/balance."""
    parts: Doc = {}
    for status in ("available", "pending"):
        found = sums(call.work, status) or {"eur": 0}
        parts[status] = [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in sorted(found.items())
        ]
    return {"object": "balance", **parts, "livemode": False}


def create_payout(call: Call) -> Doc:
    """POST /v1/payouts: a manual one, of at most what is available."""
    params = call.params
    currency = check_currency(params["currency"], "currency")
    if params["amount"] > sums(call.work, "available").get(currency, 0):
        raise refused(
            "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low. You "
            "can use the /v1/balance endpoint to view your Stripe balance.",
            code="balance_insufficient",
            param="amount",
        )
    wish = PayoutWish(
        params["amount"],
        currency,
        params.get("description"),
        params.get("statement_descriptor"),
        merge_metadata({}, params.get("metadata")),
    )
    return public(open_payout(call.work, wish))


def _in_path(call: Call) -> Doc:
    found = call.work.find("payout", call.path["id"])
    if found is None:
        raise missing_object("payout", call.path["id"], param="payout")
    return found


def retrieve_payout(call: Call) -> Doc:
    """GET /v1/payouts/{id}."""
    return public(_in_path(call))


def update_payout(call: Call) -> Doc:
    """POST /v1/payouts/{id}: metadata."""
    payout = _in_path(call)
    before = payout["metadata"]
    payout["metadata"] = merge_metadata(before, call.params.get("metadata"))
    call.work.save(payout)
    emit(call.work, "payout.updated", payout, {"metadata": before})
    return public(payout)


def cancel(call: Call) -> Doc:
    """POST /v1/payouts/{id}/cancel, while it is pending."""
    payout = _in_path(call)
    if payout["status"] != "pending":
        raise refused(f"Payouts can only be canceled while they are pending; this one is {payout['status']}.")
    cancel_payout(call.work, payout)
    return public(payout)


def list_payouts(call: Call) -> Doc:
    """GET /v1/payouts, by status and created."""
    conditions = Conditions()
    conditions.equal("status", call.params.get("status"))
    conditions.created(call.params.get("created"))
    return list_objects(call.work, "payout", "/v1/payouts", call.params, noun="payout", conditions=conditions)
