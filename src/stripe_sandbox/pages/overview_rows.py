"""What the sandbox's own page shows of each object: one row, what can be done to it, and what belongs under it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from stripe_sandbox.call import part
from stripe_sandbox.money import show_amount
from stripe_sandbox.request_log import LoggedCall
from stripe_sandbox.scenarios.acts import acts_for
from stripe_sandbox.state.work import Doc, Work

_GOOD = ("succeeded", "complete", "paid", "won", "available", "acknowledged", "warning_closed", "done")
_BAD = ("failed", "canceled", "expired", "lost", "dropped", "ended", "needs_response", "requires_payment_method")
_LABELS = {
    "settle": "Settle",
    "fail": "Fail",
    "authenticate": "Authenticate",
    "refuse": "Refuse",
    "succeed": "Succeed",
    "ask_buyer": "Ask the buyer",
    "cancel": "Cancel",
    "dispute": "Dispute",
    "warn": "Fraud warning",
    "win": "Win",
    "lose": "Lose",
    "escalate": "Escalate",
    "close": "Close",
    "pay": "Arrive",
    "late_success": "Late success",
    "double_payment": "Pay twice",
    "refund_fails_late": "Fail in 3 weeks",
    "dispute_after_refund": "Refund, dispute in 2 days",
    "dispute_refunded": "Dispute the refunded",
}


@dataclass(frozen=True)
class Button:
    """What is sent when it is pressed."""

    label: str
    do: str
    fields: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Row:
    """One line: what it is, how it stands, since when, and what can be done about it."""

    title: str
    status: str
    id: str
    at: str = ""
    notes: Sequence[str] = ()
    buttons: Sequence[Button] = ()
    stories: Sequence[Button] = ()
    link: tuple[str, str] | None = None
    under: Sequence["Row"] = ()

    @property
    def tone(self) -> str:
        """How the status is coloured."""
        if self.status in _GOOD or self.status.startswith("2"):
            return "good"
        return "bad" if self.status in _BAD or self.status[:1] in ("4", "5") else "wait"


def shown_time(seconds: float) -> str:
    """A time of the account, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def shown_money(doc: Doc) -> str:
    """An amount in its currency."""
    return show_amount(doc["amount"], doc["currency"], "en")


def _acts(doc: Doc) -> list[Button]:
    return [Button(_LABELS[name], f"bank/{doc['id']}/{name}") for name in acts_for(doc)]


def _story(doc: Doc, *names: str) -> list[Button]:
    return [Button(_LABELS[name], "scenarios", {"story": name, "on": doc["id"]}) for name in names]


def session_row(doc: Doc) -> Row:
    """A Checkout Session; an open one leads to its payment page."""
    payable = doc["mode"] == "payment" and bool(doc["amount_total"])
    stories = {
        "open": ("late_success", "double_payment"),
        "expired": ("late_success",),
        "complete": ("double_payment",),
    }
    open_now = doc["status"] == "open"
    return Row(
        title="Set up" if doc["amount_total"] is None else show_amount(doc["amount_total"], doc["currency"], "en"),
        status=doc["status"],
        id=doc["id"],
        at=shown_time(doc["created"]),
        notes=[note for note in (doc["payment_status"], doc["client_reference_id"], doc["customer_email"]) if note],
        link=("Pay", f"/c/pay/{doc['id']}") if open_now else None,
        buttons=[Button("Expire", f"expire/{doc['id']}")] if open_now else [],
        stories=_story(doc, *stories[doc["status"]]) if payable else [],
    )


def payment_row(work: Work, doc: Doc) -> Row:
    """A PaymentIntent, with its newest charge's buttons, its refunds and its disputes."""
    charge = work.find("charge", doc["latest_charge"] or "")
    waiting = doc["status"] == "requires_action"
    error = part(doc, "last_payment_error").get("message")
    condition, values = "json_extract(body, '$.payment_intent') = ?", [doc["id"]]
    refunds, disputes = work.select("refund", condition, values), work.select("dispute", condition, values)
    taken = charge is not None and charge["status"] == "succeeded" and charge["amount_captured"] > 0
    stories = ("dispute_after_refund", *(("dispute_refunded",) if refunds else ())) if taken else ()
    return Row(
        title=shown_money(doc),
        status=doc["status"],
        id=doc["id"],
        at=shown_time(doc["created"]),
        notes=[note for note in (error, _card(charge), doc["description"]) if note],
        link=("Challenge", f"/c/authenticate/{doc['id']}") if waiting else None,
        buttons=[*_acts(doc), *(_acts(charge) if charge is not None and taken else [])],
        stories=_story(doc, *stories),
        under=[*(refund_row(refund) for refund in refunds), *(dispute_row(dispute) for dispute in disputes)],
    )


def _card(charge: Doc | None) -> str:
    if charge is None:
        return ""
    details: Doc = charge["payment_method_details"]
    kind: str = details["type"]
    return f"{details['card']['brand']} {details['card']['last4']}" if kind == "card" else kind.replace("_", " ")


def refund_row(doc: Doc) -> Row:
    """A refund."""
    late = _story(doc, "refund_fails_late") if doc["status"] == "succeeded" else []
    notes = [note for note in (doc["reason"], doc.get("failure_reason")) if note]
    title = f"Refund {shown_money(doc)}"
    return Row(title, doc["status"], doc["id"], shown_time(doc["created"]), notes, _acts(doc), late)


def dispute_row(doc: Doc) -> Row:
    """A dispute."""
    due: int | None = doc["evidence_details"]["due_by"]
    notes = [doc["reason"], *([f"answer due {shown_time(due)}"] if due and doc["status"] == "needs_response" else [])]
    title = f"Dispute {shown_money(doc)}"
    return Row(title, doc["status"], doc["id"], shown_time(doc["created"]), notes, _acts(doc))


def payout_row(doc: Doc) -> Row:
    """A payout."""
    notes = [
        f"arrives {shown_time(doc['arrival_date'])[:10]}",
        *([doc["failure_message"]] if doc["failure_code"] else []),
    ]
    return Row(shown_money(doc), doc["status"], doc["id"], shown_time(doc["created"]), notes, _acts(doc))


def event_row(work: Work, doc: Doc) -> Row:
    """An event with its deliveries."""
    rows = work.tx.execute(
        "SELECT endpoint, state, due, attempts, COALESCE(json_extract(body, '$.url'), forward_to) AS url FROM delivery "
        "LEFT JOIN listener ON listener.id = delivery.endpoint LEFT JOIN object ON object.id = endpoint "
        "WHERE event = ? ORDER BY delivery.rowid",
        (doc["id"],),
    ).fetchall()
    pending: int = doc["pending_webhooks"]
    status = "acknowledged" if rows and not pending else "pending" if rows else "not sent"
    return Row(
        title=doc["type"],
        status=status,
        id=doc["id"],
        at=shown_time(doc["created"]),
        notes=[doc["data"]["object"]["id"]],
        under=[_delivery_row(doc, row) for row in rows],
    )


def _delivery_row(event: Doc, row: Any) -> Row:
    attempts = json.loads(row["attempts"])
    answers = ", ".join(str(attempt["status"] or attempt["error"]) for attempt in attempts)
    notes = [f"tried {len(attempts)} times: {answers}" if len(attempts) > 1 else answers or "not tried yet"]
    if row["due"] is not None:
        notes.append(f"next {shown_time(row['due'])}")
    resend = Button("Resend", f"resend/{event['id']}/{row['endpoint']}")
    return Row(row["url"] or "(deleted endpoint)", row["state"], row["endpoint"], "", notes, [resend])


def call_row(call: LoggedCall) -> Row:
    """A call of the API."""
    notes = [f"{call.duration_ms} ms"]
    if call.idempotency_key is not None:
        notes.append("key, replayed" if call.replayed else "key")
    notes += [f"fault: {kind}" for kind in call.faults]
    status = str(call.status) if call.status else "no answer"
    return Row(f"{call.method} {call.path}", status, call.request or "", shown_time(call.at), notes)


def fault_row(doc: Doc) -> Row:
    """An armed fault."""
    where = doc["event"] if doc["kind"].startswith("webhook") else doc["route"]
    left = "until cleared" if doc["count"] is None else f"{doc['count']} left"
    told = ("skip", "probability", "ms", "delay_s", "reason", "seed")
    plain = {"skip": 0, "probability": 1.0, "ms": 0, "delay_s": 0.0}
    notes = [where, *(f"{name} {doc[name]}" for name in told if doc.get(name) not in (None, plain.get(name)))]
    return Row(doc["kind"], left, doc["id"], "", notes, [Button("Clear", f"faults/{doc['id']}")])


def step_row(doc: Doc) -> Row:
    """A step of a scenario."""
    deed = next(f"{name} {doc[name]}" for name in ("bank", "story", "fault", "clear_faults") if doc.get(name))
    when = doc["at_event"] or doc["at_route"] or ""
    notes = [note for note in (when, f"after {doc['after_s']} s" if doc["after_s"] else "", doc["on"]) if note]
    return Row(deed, "; ".join(doc["outcomes"]) or "waits", doc["id"], "", notes)
