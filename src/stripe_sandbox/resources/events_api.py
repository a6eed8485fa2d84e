"""Reads events, and sends one again by hand."""

from stripe_sandbox.call import Call
from stripe_sandbox.listeners import connected_listeners, find_listener, is_listener
from stripe_sandbox.state.work import Doc, public
from stripe_sandbox.wire.errors import invalid, missing_object
from stripe_sandbox.wire.lists import Conditions, list_objects


def _in_path(call: Call) -> Doc:
    found = call.work.find("event", call.path["id"])
    if found is None:
        raise missing_object("event", call.path["id"], param="id")
    return found


def retrieve_event(call: Call) -> Doc:
    """GET /v1/events/{id}."""
    return public(_in_path(call))


def list_events(call: Call) -> Doc:
    """GET /v1/events, by type, types, created and delivery_success (false.

    Not acknowledged by at least one endpoint).
    """
    params = call.params
    if params.get("type") and params.get("types"):
        raise invalid(
            "You may only specify one of these parameters: type, types.", code="parameters_exclusive", param="types"
        )
    conditions = Conditions()
    wanted: str | None = params.get("type")
    if wanted is not None and wanted.endswith("*"):
        conditions.raw("json_extract(body, '$.type') GLOB ?", wanted)
    else:
        conditions.equal("type", wanted)
    conditions.one_of("type", params.get("types"))
    conditions.created(params.get("created"))
    if "delivery_success" in params:
        conditions.raw(
            "json_extract(body, '$.pending_webhooks') = 0"
            if params["delivery_success"]
            else "json_extract(body, '$.pending_webhooks') > 0"
        )
    return list_objects(call.work, "event", "/v1/events", params, noun="event", conditions=conditions)


def retry_event(call: Call) -> Doc:
    """POST /v1/events/{id}/retry.

    One more delivery at once, to the endpoint or to every listening command line (`for_stripecli`); the automatic
    series goes on beside it.
    """
    event = _in_path(call)
    for receiver in _receivers(call):
        call.work.tx.execute(
            "INSERT INTO delivery (event, endpoint, account, state, due) VALUES (?, ?, ?, 'pending', ?) "
            "ON CONFLICT (event, endpoint) DO UPDATE SET due = excluded.due, "
            "state = CASE state WHEN 'acknowledged' THEN 'acknowledged' ELSE 'pending' END",
            (event["id"], receiver["id"], call.work.account.id, call.work.exact_now),
        )
    return public(event)


def _receivers(call: Call) -> list[Doc]:
    if call.params.get("for_stripecli"):
        return connected_listeners(call.work)
    name: str | None = call.params.get("webhook_endpoint")
    if name is None:
        raise invalid("Missing required param: webhook_endpoint.", code="parameter_missing", param="webhook_endpoint")
    endpoint = find_listener(call.work, name) if is_listener(name) else call.work.find("webhook_endpoint", name)
    if endpoint is None:
        raise missing_object("webhook endpoint", name, param="webhook_endpoint", status=400)
    return [endpoint]
