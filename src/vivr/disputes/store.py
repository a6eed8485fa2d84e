"""All SQL of disputes."""

from datetime import datetime

from vivr.database import Sql, Tx
from vivr.disputes.model import Dispute
from vivr.ids import PaymentId
from vivr.operations.model import StripeScope

_INSERT = Sql(
    "insert_dispute",
    "Record a dispute that Stripe tells of.",
    """
    INSERT INTO dispute (id, account, livemode, stripe_id, payment_id, order_id, charge_id, intent_id, state, reason,
                         amount_minor, currency, is_withdrawn, is_reinstated, due_at, submissions, ticket, alert_at,
                         opened_at, updated_at)
    VALUES (%(id)s, %(account)s, %(livemode)s, %(stripe_id)s, %(payment_id)s, %(order_id)s, %(charge_id)s,
            %(intent_id)s, %(state)s, %(reason)s, %(amount_minor)s, %(currency)s, %(is_withdrawn)s, %(is_reinstated)s,
            %(due_at)s, %(submissions)s, %(ticket)s, %(alert_at)s, %(opened_at)s, %(now)s)
    RETURNING *
    """,
)

_UPDATE = Sql(
    "update_dispute",
    "Write Stripe's newer word; no row: a later one was written.",
    """
    UPDATE dispute
    SET state = %(state)s, reason = %(reason)s, amount_minor = %(amount_minor)s, currency = %(currency)s,
        is_withdrawn = %(is_withdrawn)s, is_reinstated = %(is_reinstated)s, due_at = %(due_at)s,
        submissions = %(submissions)s, ticket = %(ticket)s, alert_at = %(alert_at)s, updated_at = %(now)s
    WHERE id = %(id)s AND state = %(before)s
    RETURNING *
    """,
)

_SET_LOSS = Sql(
    "set_dispute_loss",
    "Say that the loss is booked, and what of it was owed anyway; once.",
    "UPDATE dispute SET loss_owed_minor = %(owed_minor)s WHERE id = %(id)s AND loss_owed_minor IS NULL RETURNING *",
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

_CLAIM_ALERT = Sql(
    "claim_dispute_alert",
    "Take one dispute whose deadline is near enough to be told of.",
    """
    UPDATE dispute SET alert_at = NULL
    WHERE id = (SELECT id FROM dispute WHERE alert_at <= %(now)s ORDER BY alert_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING *
    """,
)

_SET_ALERT = Sql(
    "set_dispute_alert",
    "Say when its deadline is told of again.",
    "UPDATE dispute SET alert_at = %(alert_at)s WHERE id = %(id)s",
)


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


async def set_loss(tx: Tx, dispute: Dispute, owed_minor: int) -> Dispute:
    """Say that the loss of a locked dispute is booked."""
    return await tx.row(_SET_LOSS, Dispute, id=dispute.id, owed_minor=owed_minor) or dispute


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


async def claim_alert(tx: Tx, now: datetime) -> Dispute | None:
    """Take one dispute whose deadline is to be told of."""
    return await tx.row(_CLAIM_ALERT, Dispute, now=now)


async def set_alert(tx: Tx, dispute: Dispute, alert_at: datetime | None) -> None:
    """Say when its deadline is told of again."""
    await tx.run(_SET_ALERT, id=dispute.id, alert_at=alert_at)
