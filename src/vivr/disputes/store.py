"""All SQL of disputes."""

from dataclasses import dataclass
from datetime import datetime

from vivr.database import Sql, Tx
from vivr.disputes.model import Dispute
from vivr.ids import DisputeId, PaymentId
from vivr.operations.model import StripeScope

_INSERT = Sql(
    "insert_dispute",
    "Record a dispute that Stripe tells of.",
    """
    INSERT INTO dispute (id, account, livemode, stripe_id, payment_id, order_id, charge_id, intent_id, state, reason,
                         amount_minor, currency, is_withdrawn, is_reinstated, kept_minor, due_at, submissions, ticket,
                         alert_at, opened_at, updated_at)
    VALUES (%(id)s, %(account)s, %(livemode)s, %(stripe_id)s, %(payment_id)s, %(order_id)s, %(charge_id)s,
            %(intent_id)s, %(state)s, %(reason)s, %(amount_minor)s, %(currency)s, %(is_withdrawn)s, %(is_reinstated)s,
            %(kept_minor)s, %(due_at)s, %(submissions)s, %(ticket)s, %(alert_at)s, %(opened_at)s, %(now)s)
    RETURNING *
    """,
)

_UPDATE = Sql(
    "update_dispute",
    "Write Stripe's newer word; no row: a later one was written.",
    """
    UPDATE dispute
    SET state = %(state)s, reason = %(reason)s, amount_minor = %(amount_minor)s, currency = %(currency)s,
        is_withdrawn = %(is_withdrawn)s, is_reinstated = %(is_reinstated)s,
        kept_minor = %(kept_minor)s, due_at = %(due_at)s, submissions = %(submissions)s, ticket = %(ticket)s,
        alert_at = %(alert_at)s, updated_at = %(now)s
    WHERE id = %(id)s AND state = %(before)s
    RETURNING *
    """,
)

_SET_LOSS = Sql(
    "set_dispute_loss",
    "Say that a loss is booked, and what of it was owed anyway; once.",
    """
    UPDATE dispute SET loss_minor = %(loss_minor)s, loss_owed_minor = %(owed_minor)s
    WHERE id = %(id)s AND loss_minor IS NULL
    RETURNING *
    """,
)

_LOWER_LOSS = Sql(
    "lower_dispute_loss",
    "Say that a part of a booked loss is none; no row: it does not stand any more.",
    """
    UPDATE dispute SET loss_minor = %(loss_minor)s WHERE id = %(id)s AND loss_minor > %(loss_minor)s
    RETURNING *
    """,
)

_LOCK_OF_PAYMENT = Sql(
    "lock_disputes_of_payment",
    "All disputes of a payment, locked after it.",
    "SELECT * FROM dispute WHERE payment_id = %(payment_id)s ORDER BY opened_at, id FOR UPDATE",
)

_LOCK_OF_INTENT = Sql(
    "lock_disputes_of_stray_intent",
    "All disputes of a PaymentIntent that is no payment of this shop, locked.",
    """
    SELECT * FROM dispute
    WHERE account = %(account)s AND livemode = %(livemode)s AND intent_id = %(intent_id)s AND payment_id IS NULL
    ORDER BY opened_at, id FOR UPDATE
    """,
)

_LOCK = Sql("lock_dispute", "One dispute, locked.", "SELECT * FROM dispute WHERE id = %(id)s FOR UPDATE")

_KEEP_DRAFT = Sql(
    "keep_evidence_draft",
    "Keep what staff wrote, and count the versions.",
    """
    INSERT INTO dispute_evidence (dispute_id, written_sealed, version, edited_by, edited_at)
    VALUES (%(dispute_id)s, %(written_sealed)s, 1, %(edited_by)s, %(now)s)
    ON CONFLICT ON CONSTRAINT dispute_evidence_pkey DO UPDATE
    SET written_sealed = excluded.written_sealed, version = dispute_evidence.version + 1,
        edited_by = excluded.edited_by, edited_at = excluded.edited_at
    RETURNING *
    """,
)

_FIND_DRAFT = Sql(
    "find_evidence_draft",
    "What staff wrote for a dispute.",
    "SELECT * FROM dispute_evidence WHERE dispute_id = %(dispute_id)s",
)

_DROP_DRAFT = Sql(
    "drop_evidence_draft",
    "A dispute that ended needs no draft.",
    "DELETE FROM dispute_evidence WHERE dispute_id = %(dispute_id)s",
)

_FIND = Sql("find_dispute", "One dispute.", "SELECT * FROM dispute WHERE id = %(id)s")

_OF_ORDER = Sql(
    "disputes_of_order",
    "All disputes of an order, oldest first.",
    "SELECT * FROM dispute WHERE order_id = %(order_id)s ORDER BY opened_at, id",
)

_ALL = Sql(
    "all_disputes",
    "All disputes: what awaits an answer first, the nearest deadline before the others, then the newest.",
    """
    SELECT * FROM dispute
    ORDER BY state NOT IN ('needs_response', 'warning_needs_response', 'appeal_needs_response'),
             CASE WHEN state IN ('needs_response', 'warning_needs_response', 'appeal_needs_response') THEN due_at END,
             opened_at DESC, id
    LIMIT %(limit)s
    """,
)

_DUE_ALERTS = Sql(
    "due_dispute_alerts",
    "Disputes whose deadline is near enough to be told of.",
    "SELECT * FROM dispute WHERE alert_at <= %(now)s ORDER BY alert_at, id LIMIT %(limit)s",
)

_TAKE_ALERT = Sql(
    "take_dispute_alert",
    "Say when a deadline is told of again; no row: another worker told of it, or nothing is to be told any more.",
    "UPDATE dispute SET alert_at = %(next_at)s WHERE id = %(id)s AND alert_at = %(alert_at)s RETURNING *",
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What staff wrote for a dispute."""

    dispute_id: DisputeId
    written_sealed: bytes
    version: int
    edited_by: str
    edited_at: datetime


async def lock_dispute(tx: Tx, dispute_id: str) -> Dispute | None:
    """One dispute, locked; its order and payment are locked before it."""
    return await tx.row(_LOCK, Dispute, id=dispute_id)


async def keep_draft(tx: Tx, **values: object) -> Draft:
    """Keep what staff wrote."""
    draft = await tx.row(_KEEP_DRAFT, Draft, **values)
    assert draft is not None
    return draft


async def find_draft(tx: Tx, dispute_id: str) -> Draft | None:
    """What staff wrote, if it wrote anything."""
    return await tx.row(_FIND_DRAFT, Draft, dispute_id=dispute_id)


async def drop_draft(tx: Tx, dispute: Dispute) -> None:
    """A dispute that ended needs none."""
    await tx.run(_DROP_DRAFT, dispute_id=dispute.id)


async def insert_dispute(tx: Tx, **values: object) -> Dispute:
    """Record a dispute."""
    stored = await tx.row(_INSERT, Dispute, **values)
    assert stored is not None
    return stored


async def update_dispute(tx: Tx, dispute: Dispute, **values: object) -> Dispute:
    """Write Stripe's newer word on a locked dispute."""
    stored = await tx.row(_UPDATE, Dispute, id=dispute.id, before=dispute.state, **values)
    assert stored is not None
    return stored


async def set_loss(tx: Tx, dispute: Dispute, loss_minor: int, owed_minor: int) -> Dispute:
    """Say that the loss of a locked dispute is booked."""
    values = {"id": dispute.id, "loss_minor": loss_minor, "owed_minor": owed_minor}
    return await tx.row(_SET_LOSS, Dispute, **values) or dispute


async def lower_loss(tx: Tx, dispute: Dispute, loss_minor: int) -> Dispute:
    """Say what of the booked loss of a locked dispute stands still."""
    return await tx.row(_LOWER_LOSS, Dispute, id=dispute.id, loss_minor=loss_minor) or dispute


async def lock_disputes_of_payment(tx: Tx, payment_id: PaymentId) -> list[Dispute]:
    """All disputes of a payment, locked."""
    return await tx.rows(_LOCK_OF_PAYMENT, Dispute, payment_id=payment_id)


async def lock_disputes_of_intent(tx: Tx, scope: StripeScope, intent_id: str) -> list[Dispute]:
    """All disputes of a PaymentIntent that is no payment of this shop, locked."""
    return await tx.rows(_LOCK_OF_INTENT, Dispute, account=scope.account, livemode=scope.livemode, intent_id=intent_id)


async def find_dispute(tx: Tx, dispute_id: str) -> Dispute | None:
    """One dispute."""
    return await tx.row(_FIND, Dispute, id=dispute_id)


async def disputes_of_order(tx: Tx, order_id: str) -> list[Dispute]:
    """All disputes of an order."""
    return await tx.rows(_OF_ORDER, Dispute, order_id=order_id)


async def all_disputes(tx: Tx, limit: int) -> list[Dispute]:
    """All disputes, the most pressing first."""
    return await tx.rows(_ALL, Dispute, limit=limit)


async def due_alerts(tx: Tx, now: datetime, limit: int) -> list[Dispute]:
    """Disputes whose deadline is to be told of."""
    return await tx.rows(_DUE_ALERTS, Dispute, now=now, limit=limit)


async def take_alert(tx: Tx, dispute: Dispute, next_at: datetime | None) -> Dispute | None:
    """Say when it is told of again; None: another worker told of it."""
    return await tx.row(_TAKE_ALERT, Dispute, id=dispute.id, alert_at=dispute.alert_at, next_at=next_at)
