"""All SQL of operations."""

from datetime import datetime

from vivr.database import Sql, Tx
from vivr.operations.model import Operation, OperationsHealth, StripeScope

_INSERT = Sql(
    "insert_operation",
    "Store a write before it is sent.",
    """
    INSERT INTO operation (id, kind, intent, attempt, account, livemode, api_version, idempotency_key, request_sealed,
                           encoder, order_id, payment_id, outcome, request_id, first_sent_at, lease_until, next_try_at)
    VALUES (%(id)s, %(kind)s, %(intent)s, %(attempt)s, %(account)s, %(livemode)s, %(api_version)s,
            %(idempotency_key)s, %(request_sealed)s, %(encoder)s, %(order_id)s, %(payment_id)s, 'started',
            %(request_id)s, %(first_sent_at)s, %(lease_until)s, %(lease_until)s)
    RETURNING *
    """,
)

_LAST_ATTEMPT = Sql(
    "last_attempt",
    "The newest attempt at an intent.",
    """
    SELECT * FROM operation
    WHERE account = %(account)s AND livemode = %(livemode)s AND intent = %(intent)s
    ORDER BY attempt DESC LIMIT 1
    """,
)

_SETTLE = Sql(
    "settle_operation",
    "Write a known outcome once and drop the request document; no row: someone else settled it.",
    """
    UPDATE operation
    SET outcome = %(outcome)s, object_id = %(object_id)s, error_code = %(error_code)s,
        error_message = %(error_message)s, stripe_request_id = %(stripe_request_id)s, ended_at = %(at)s,
        request_sealed = NULL
    WHERE id = %(id)s AND outcome IN ('started', 'unknown')
    RETURNING *
    """,
)

_MARK_UNKNOWN = Sql(
    "mark_operation_unknown",
    "Nobody knows: keep the document, say when to look again.",
    """
    UPDATE operation
    SET outcome = 'unknown', error_code = %(reason)s, stripe_request_id = %(stripe_request_id)s,
        absent_since = coalesce(absent_since, %(absent_since)s), lease_until = %(at)s, next_try_at = %(next_try_at)s
    WHERE id = %(id)s AND outcome IN ('started', 'unknown')
    """,
)

_POSTPONE = Sql(
    "postpone_operation",
    "Give back what was claimed and not sent: all that was known stays, and the try is not spent.",
    """
    UPDATE operation
    SET lease_until = %(at)s, next_try_at = %(next_try_at)s, tries = greatest(tries - 1, 1)
    WHERE id = %(id)s AND outcome IN ('started', 'unknown') AND lease_until = %(lease_until)s
    """,
)

_CLAIM = Sql(
    "claim_operation",
    "Take over one unsettled operation whose lease ended, the longest waiting first.",
    """
    UPDATE operation
    SET lease_until = %(lease_until)s, next_try_at = %(lease_until)s, tries = tries + 1
    WHERE id = (
        SELECT id FROM operation
        WHERE outcome IN ('started', 'unknown') AND next_try_at <= %(now)s AND lease_until <= %(now)s
        ORDER BY next_try_at LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
    RETURNING *
    """,
)

_CLAIM_NOW = Sql(
    "claim_operation_now",
    "Take over one named operation whose lease ended, without waiting for its next turn.",
    """
    UPDATE operation
    SET lease_until = %(lease_until)s, next_try_at = %(lease_until)s, tries = tries + 1
    WHERE id = %(id)s AND outcome IN ('started', 'unknown') AND lease_until <= %(now)s
    RETURNING *
    """,
)

_OF_ORDER = Sql(
    "operations_of_order",
    "All Stripe writes of one order.",
    "SELECT * FROM operation WHERE order_id = %(order_id)s ORDER BY first_sent_at, id",
)


_FIND = Sql("find_operation", "One write.", "SELECT * FROM operation WHERE id = %(id)s")

_NEWEST = Sql(
    "newest_operations",
    "The newest writes before one of them, of one outcome and kind or of all; ids sort by their time of making.",
    """
    SELECT * FROM operation
    WHERE (%(outcome)s::text IS NULL OR outcome = %(outcome)s) AND (%(kind)s::text IS NULL OR kind = %(kind)s)
      AND (%(before)s::text IS NULL OR id < %(before)s)
    ORDER BY id DESC LIMIT %(limit)s
    """,
)

_UNSETTLED = Sql(
    "unsettled_operations",
    "The writes whose outcome is not known, the longest waiting first.",
    "SELECT * FROM operation WHERE outcome IN ('started', 'unknown') ORDER BY first_sent_at, id LIMIT %(limit)s",
)

_HEALTH = Sql(
    "operations_health",
    "How many writes are not settled, and since when.",
    """
    SELECT count(*) FILTER (WHERE outcome = 'started') AS started,
           count(*) FILTER (WHERE outcome = 'unknown') AS unknown, min(first_sent_at) AS oldest_at
    FROM operation WHERE outcome IN ('started', 'unknown')
    """,
)


async def find(tx: Tx, operation_id: str) -> Operation | None:
    """One write."""
    return await tx.row(_FIND, Operation, id=operation_id)


async def newest(tx: Tx, **wished: object) -> list[Operation]:
    """The newest writes: ``outcome``, ``kind`` and ``before`` (an id) may be None."""
    return await tx.rows(_NEWEST, Operation, **wished)


async def unsettled(tx: Tx, limit: int) -> list[Operation]:
    """Those whose outcome is not known."""
    return await tx.rows(_UNSETTLED, Operation, limit=limit)


async def health(tx: Tx) -> OperationsHealth:
    """How many are not settled, and since when."""
    found = await tx.row(_HEALTH, OperationsHealth)
    assert found is not None
    return found


async def insert(tx: Tx, **values: object) -> Operation:
    """Store a write before it is sent."""
    stored = await tx.row(_INSERT, Operation, **values)
    assert stored is not None
    return stored


async def last_attempt(tx: Tx, scope: StripeScope, intent: str) -> Operation | None:
    """The newest attempt at an intent."""
    return await tx.row(_LAST_ATTEMPT, Operation, account=scope.account, livemode=scope.livemode, intent=intent)


async def settle(tx: Tx, **values: object) -> Operation | None:
    """Write a known outcome once; None: someone else did."""
    return await tx.row(_SETTLE, Operation, **values)


async def mark_unknown(tx: Tx, **values: object) -> bool:
    """Keep it unsettled until its next turn; False: someone settled it."""
    return await tx.run(_MARK_UNKNOWN, **values) == 1


async def postpone(tx: Tx, operation: Operation, *, at: datetime, next_try_at: datetime) -> bool:
    """Give it back as it was; False: it was settled or taken over meanwhile."""
    values = {"id": operation.id, "lease_until": operation.lease_until}
    return await tx.run(_POSTPONE, at=at, next_try_at=next_try_at, **values) == 1


async def claim(tx: Tx, *, now: datetime, lease_until: datetime) -> Operation | None:
    """Take over one unsettled operation."""
    return await tx.row(_CLAIM, Operation, now=now, lease_until=lease_until)


async def claim_now(tx: Tx, operation_id: str, *, now: datetime, lease_until: datetime) -> Operation | None:
    """Take over this operation; None: another process holds its lease, or it is settled."""
    return await tx.row(_CLAIM_NOW, Operation, now=now, lease_until=lease_until, id=operation_id)


async def of_order(tx: Tx, order_id: str) -> list[Operation]:
    """All Stripe writes of one order."""
    return await tx.rows(_OF_ORDER, Operation, order_id=order_id)
