"""Controls that only look."""

import json
from typing import Any

from stripe_sandbox import faults
from stripe_sandbox.control.request import Control
from stripe_sandbox.scenarios.steps import list_steps
from stripe_sandbox.scenarios.stories import STORIES
from stripe_sandbox.state.work import open_work, public

DELIVERIES_MAX = 1000


def show_clock(control: Control) -> dict[str, Any]:
    """GET clock: the account's time and how fast it runs."""
    time = control.account.time
    return {"now": time.at(control.sandbox.store.clock.now()), "speed": time.speed}


def list_deliveries(control: Control) -> dict[str, Any]:
    """GET deliveries, newest event first; filtered by `event` (id) and `type`.

    The state is `pending`, `acknowledged`, `retrying`, `failed`, `dropped`, `delayed` or `ended`.
    """
    rows = control.sandbox.store.connection.execute(
        "SELECT delivery.*, event_object.body AS event_body, forward_to, "
        "json_extract(endpoint_object.body, '$.url') AS url FROM delivery "
        "JOIN object AS event_object ON event_object.id = delivery.event "
        "LEFT JOIN object AS endpoint_object ON endpoint_object.id = delivery.endpoint "
        "LEFT JOIN listener ON listener.id = delivery.endpoint "
        "WHERE delivery.account = ? ORDER BY event_object.seq DESC LIMIT ?",
        (control.account.id, DELIVERIES_MAX),
    ).fetchall()
    shown: list[dict[str, Any]] = []
    for row in rows:
        event = json.loads(row["event_body"])
        if (
            control.query.get("event", event["id"]) != event["id"]
            or control.query.get("type", event["type"]) != event["type"]
        ):
            continue
        shown.append(
            {
                "event": event["id"],
                "type": event["type"],
                "object": event["data"]["object"]["id"],
                "endpoint": row["endpoint"],
                "url": row["url"] or row["forward_to"],
                "state": row["state"],
                "due": row["due"],
                "attempts": json.loads(row["attempts"]),
            }
        )
    return {"deliveries": shown}


def count_requests(control: Control) -> dict[str, Any]:
    """GET requests: per route how often it was called, and how often with an effect (a write that was executed.

    Not replayed).
    """
    rows = control.sandbox.store.connection.execute(
        "SELECT route, requests, effects FROM tally WHERE account = ? ORDER BY route", (control.account.id,)
    ).fetchall()
    return {
        "routes": {row["route"]: {"requests": row["requests"], "effects": row["effects"]} for row in rows},
        "requests": sum(row["requests"] for row in rows),
        "effects": sum(row["effects"] for row in rows),
    }


def show_faults(control: Control) -> dict[str, Any]:
    """GET faults: what is armed."""
    with open_work(control.sandbox.store, control.account) as work:
        return {"faults": [public(fault) for fault in faults.list_faults(work)]}


def show_scenarios(control: Control) -> dict[str, Any]:
    """GET scenarios: the steps that wait and those that are over, and the stories that can be told."""
    with open_work(control.sandbox.store, control.account) as work:
        return {"steps": [public(step) for step in list_steps(work)], "stories": list(STORIES)}


def show_log(control: Control) -> dict[str, Any]:
    """GET log: the newest calls of the API since the process began, the newest first."""
    return {"calls": [vars(call) for call in control.sandbox.api.log.newest(control.account.id)]}
