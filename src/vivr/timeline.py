"""An order's life in one column of time: history, operations, events, payments, money, e-mails and audit."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from vivr.audit.read_audit import rows_of_order
from vivr.database import Tx
from vivr.email.read_messages import messages_of_order
from vivr.ledger.read_ledger import postings_of_order
from vivr.money import Money, major_text
from vivr.money_exceptions.read_exceptions import exceptions_of_order
from vivr.operations.read_operations import operations_of_order
from vivr.orders.read_orders import history_of
from vivr.payments.note_failures import attempts_of
from vivr.payments.read_payments import payments_of
from vivr.webhooks.read_inbox import events_of_order


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One thing that happened.

    Attributes:
        at: when.
        kind: history, operation, event, payment, ledger, exception, email or audit.
        id: the id of what it is about; a Stripe id where there is one.
        text: one line.
        details: more, by name.
    """

    at: datetime
    kind: str
    id: str
    text: str
    details: dict[str, str] = field(default_factory=dict[str, str])


async def order_timeline(tx: Tx, order_id: str) -> list[TimelineItem]:
    """Everything that is known of an order, oldest first."""
    items = [
        *await _history(tx, order_id),
        *await _operations(tx, order_id),
        *await _events(tx, order_id),
        *await _payments(tx, order_id),
        *await _attempts(tx, order_id),
        *await _ledger(tx, order_id),
        *await _exceptions(tx, order_id),
        *await _emails(tx, order_id),
        *await _audit(tx, order_id),
    ]
    return sorted(items, key=lambda item: item.at)


async def _history(tx: Tx, order_id: str) -> list[TimelineItem]:
    return [
        TimelineItem(
            row.at,
            "history",
            order_id,
            f"{row.from_state or '·'} → {row.to_state} ({row.reason})",
            {"actor": row.actor, "request": row.request_id},
        )
        for row in await history_of(tx, order_id)
    ]


async def _operations(tx: Tx, order_id: str) -> list[TimelineItem]:
    return [
        TimelineItem(
            row.first_sent_at,
            "operation",
            row.object_id or row.id,
            f"{row.kind} #{row.attempt}: {row.outcome}" + (f" ({row.error_code})" if row.error_code else ""),
            {"operation": row.id, "request": row.request_id, "stripe request": row.stripe_request_id or ""},
        )
        for row in await operations_of_order(tx, order_id)
    ]


async def _events(tx: Tx, order_id: str) -> list[TimelineItem]:
    return [
        TimelineItem(
            row.received_at,
            "event",
            row.id,
            f"{row.type}: {row.state}. {row.reason or ''}".strip(),
            {"object": row.object_id, "deliveries": str(row.deliveries)},
        )
        for row in await events_of_order(tx, order_id)
    ]


async def _payments(tx: Tx, order_id: str) -> list[TimelineItem]:
    return [
        TimelineItem(
            row.updated_at,
            "payment",
            row.intent_id or row.id,
            f"{row.state} {major_text(Money(row.captured_minor or row.amount_minor, row.currency))} {row.currency}"
            + (f" ({row.failure_code})" if row.failure_code else ""),
            {"payment": row.id, "session": row.session_id or ""},
        )
        for row in await payments_of(tx, order_id)
    ]


async def _attempts(tx: Tx, order_id: str) -> list[TimelineItem]:
    return [
        TimelineItem(
            row.at,
            "payment",
            row.object_id,
            f"a try failed: {row.code}" + (f" ({row.decline_code})" if row.decline_code else ""),
            {"payment": row.payment_id},
        )
        for row in await attempts_of(tx, order_id)
    ]


async def _ledger(tx: Tx, order_id: str) -> list[TimelineItem]:
    items: list[TimelineItem] = []
    for _, group in groupby(await postings_of_order(tx, order_id), key=lambda line: line.id):
        lines = list(group)
        sides = ", ".join(
            f"{line.ledger_account} {major_text(Money(line.amount_minor, line.currency))}" for line in lines
        )
        total = sum(line.amount_minor for line in lines)
        text = f"{lines[0].kind}: {sides} {lines[0].currency} (sum {total})"
        items.append(TimelineItem(lines[0].at, "ledger", lines[0].object_id, text))
    return items


async def _exceptions(tx: Tx, order_id: str) -> list[TimelineItem]:
    return [
        TimelineItem(
            row.created_at,
            "exception",
            row.object_id,
            f"{row.kind}, {row.state}: {major_text(Money(row.amount_minor, row.currency))} {row.currency}. "
            + row.explanation,
            {"exception": row.id},
        )
        for row in await exceptions_of_order(tx, order_id)
    ]


async def _emails(tx: Tx, order_id: str) -> list[TimelineItem]:
    return [
        TimelineItem(row.sent_at or row.created_at, "email", row.id, f"{row.kind} ({row.locale}): {row.state}")
        for row in await messages_of_order(tx, order_id)
    ]


async def _audit(tx: Tx, order_id: str) -> list[TimelineItem]:
    return [
        TimelineItem(
            row.at,
            "audit",
            row.object_id,
            f"{row.action}: {row.outcome}" + (f" ({row.error_code})" if row.error_code else ""),
            {"actor": row.actor, "role": row.role, "request": row.request_id},
        )
        for row in await rows_of_order(tx, order_id)
    ]
