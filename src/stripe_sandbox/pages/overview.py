"""The sandbox's own page: payments, events and deliveries, per account."""

import json
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from stripe_sandbox.call import part
from stripe_sandbox.money import show_amount
from stripe_sandbox.pages.payment import not_found
from stripe_sandbox.pages.rendering import render
from stripe_sandbox.sandbox import Sandbox
from stripe_sandbox.state.store import Account
from stripe_sandbox.state.work import Doc, Work, open_work

ROWS_MAX = 50


def show_overview(sandbox: Sandbox, request: Request) -> Response:
    """GET /: the account named by `?account=`, else the first one."""
    accounts = sandbox.store.list_accounts()
    wanted = request.query_params.get("account")
    chosen = next((account for account in accounts if wanted in (None, account.id)), None)
    if chosen is None and wanted is not None:
        return not_found()
    values: dict[str, Any] = {"accounts": [account.id for account in accounts], "chosen": chosen.id if chosen else None}
    values.update({"time": None, "sessions": [], "payments": [], "events": [], "faults": []})
    if chosen is not None:
        values.update(_content(sandbox, chosen))
    return render("overview.html", values)


def _content(sandbox: Sandbox, account: Account) -> dict[str, Any]:
    with open_work(sandbox.store, account) as work:
        return {
            "time": _shown_time(work.now),
            "sessions": [_session_row(doc) for doc in work.select("checkout.session", limit=ROWS_MAX)],
            "payments": [_payment_row(doc) for doc in work.select("payment_intent", limit=ROWS_MAX)],
            "events": [_event_row(work, doc) for doc in work.select("event", limit=ROWS_MAX)],
            "faults": [f"{fault['kind']} {fault['route']} {fault['event']}" for fault in work.select("fault")],
        }


def _session_row(doc: Doc) -> dict[str, Any]:
    return {
        "id": doc["id"],
        "status": f"{doc['status']}, {doc['payment_status']}",
        "amount": "" if doc["amount_total"] is None else show_amount(doc["amount_total"], doc["currency"], "en"),
        "reference": doc["client_reference_id"],
        "url": f"/c/pay/{doc['id']}" if doc["status"] == "open" else None,
        "created": _shown_time(doc["created"]),
    }


def _payment_row(doc: Doc) -> dict[str, Any]:
    return {
        "id": doc["id"],
        "status": doc["status"],
        "amount": show_amount(doc["amount"], doc["currency"], "en"),
        "customer": doc["customer"],
        "error": part(doc, "last_payment_error").get("message"),
        "challenge": f"/c/authenticate/{doc['id']}" if doc["status"] == "requires_action" else None,
        "created": _shown_time(doc["created"]),
    }


def _event_row(work: Work, doc: Doc) -> dict[str, Any]:
    rows = work.tx.execute(
        "SELECT state, attempts, COALESCE(json_extract(body, '$.url'), forward_to) AS url FROM delivery "
        "LEFT JOIN listener ON listener.id = delivery.endpoint LEFT JOIN object ON object.id "
        "= endpoint WHERE event = ?",
        (doc["id"],),
    ).fetchall()
    return {
        "id": doc["id"],
        "type": doc["type"],
        "object": doc["data"]["object"]["id"],
        "created": _shown_time(doc["created"]),
        "deliveries": [
            {
                "url": row["url"] or "(deleted endpoint)",
                "state": row["state"],
                "answers": ", ".join(
                    str(attempt["status"] or attempt["error"]) for attempt in json.loads(row["attempts"])
                ),
            }
            for row in rows
        ],
    }


def _shown_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
