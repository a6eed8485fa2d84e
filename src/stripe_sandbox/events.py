"""Events: immutable snapshots of an object at the moment something happened to it.

Each is addressed to the endpoints that want it.

Order of a sequence is the order of the `emit` calls in the state machines (Stripe docs and recordings; see
docs/sandbox.md).
"""

from typing import Any

from stripe_sandbox.faults import TWIN, take_faults
from stripe_sandbox.ids import stem_of
from stripe_sandbox.listeners import connected_listeners
from stripe_sandbox.scenarios.steps import notice
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.versions import DEFAULT_VERSION

# The objects whose events carry the payment's stem (`evt_3...`).
_PAYMENT_KINDS = frozenset({"payment_intent", "charge", "refund"})


def emit(work: Work, name: str, doc: Doc, previous: dict[str, Any] | None = None) -> Doc:
    """Records one event and a delivery per interested endpoint; gives the last one where a fault asks for twins.

    `previous` holds old values, for *.updated kinds only.
    """
    if take_faults(work, (TWIN,), "event", name):
        _record(work, name, doc, previous)
    notice(work, "at_event", name, doc["id"])
    return _record(work, name, doc, previous)


def _record(work: Work, name: str, doc: Doc, previous: dict[str, Any] | None) -> Doc:
    stem = stem_of(doc["id"]) if doc["object"] in _PAYMENT_KINDS else None
    endpoints = [endpoint for endpoint in work.select("webhook_endpoint", order="ASC") if wants(endpoint, name)]
    endpoints += connected_listeners(work)
    data: Doc = {"object": public(doc)}
    if previous is not None:
        data["previous_attributes"] = previous
    event = work.insert(
        {
            "id": work.mint("evt", stem),
            "object": "event",
            "api_version": DEFAULT_VERSION,
            "created": work.now,
            "data": data,
            "livemode": False,
            "pending_webhooks": len(endpoints),
            "request": {"id": work.cause.request, "idempotency_key": work.cause.idempotency_key},
            "type": name,
        }
    )
    for endpoint in endpoints:
        work.tx.execute(
            "INSERT INTO delivery (event, endpoint, account, state, due) VALUES (?, ?, ?, 'pending', ?)",
            (event["id"], endpoint["id"], work.account.id, work.exact_now),
        )
    return event


def wants(endpoint: Doc, name: str) -> bool:
    """Says whether an endpoint is to be told about an event of this type."""
    return endpoint["status"] == "enabled" and ("*" in endpoint["enabled_events"] or name in endpoint["enabled_events"])
