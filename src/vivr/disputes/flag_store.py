"""All SQL of fraud warnings and reviews."""

from dataclasses import dataclass
from datetime import datetime

from vivr.database import Sql, Tx
from vivr.ids import FlagId, OrderId, PaymentId

_INSERT = Sql(
    "insert_fraud_flag",
    "Record a doubt that Stripe tells of; no row: it is known.",
    """
    INSERT INTO fraud_flag (id, account, livemode, stripe_id, kind, payment_id, order_id, word, is_open, closed_word,
                            seen_at, updated_at)
    VALUES (%(id)s, %(account)s, %(livemode)s, %(stripe_id)s, %(kind)s, %(payment_id)s, %(order_id)s, %(word)s,
            %(is_open)s, %(closed_word)s, %(now)s, %(now)s)
    ON CONFLICT ON CONSTRAINT fraud_flag_stripe_once DO NOTHING
    RETURNING *
    """,
)

_CLOSE = Sql(
    "close_fraud_flag",
    "Nothing is to be done about it any more; no row: that is known.",
    """
    UPDATE fraud_flag SET is_open = false, closed_word = %(closed_word)s, updated_at = %(now)s
    WHERE account = %(account)s AND livemode = %(livemode)s AND stripe_id = %(stripe_id)s AND is_open
    RETURNING *
    """,
)

_DECIDE = Sql(
    "decide_fraud_flag",
    "Staff's word on it, once; no row: it was given.",
    """
    UPDATE fraud_flag SET decision = %(decision)s, decided_by = %(decided_by)s, updated_at = %(now)s
    WHERE id = %(id)s AND decision IS NULL
    RETURNING *
    """,
)

_FIND = Sql("find_fraud_flag", "One doubt.", "SELECT * FROM fraud_flag WHERE id = %(id)s")

_OPEN = Sql(
    "open_fraud_flags",
    "What waits for staff's word, oldest first.",
    "SELECT * FROM fraud_flag WHERE is_open AND decision IS NULL ORDER BY seen_at, id LIMIT %(limit)s",
)


@dataclass(frozen=True, slots=True)
class FraudFlag:
    """An early fraud warning or a review as it is stored."""

    id: FlagId
    account: str
    livemode: bool
    stripe_id: str
    kind: str
    payment_id: PaymentId
    order_id: OrderId
    word: str
    is_open: bool
    closed_word: str | None
    decision: str | None
    decided_by: str | None
    seen_at: datetime
    updated_at: datetime


async def insert_flag(tx: Tx, **values: object) -> FraudFlag | None:
    """Record a doubt; None: it is known."""
    return await tx.row(_INSERT, FraudFlag, **values)


async def close_flag(tx: Tx, **values: object) -> FraudFlag | None:
    """Nothing is to be done about it any more; None: that is known."""
    return await tx.row(_CLOSE, FraudFlag, **values)


async def decide_flag(tx: Tx, flag: FraudFlag, decision: str, actor: str, now: datetime) -> FraudFlag | None:
    """Staff's word; None: it was given."""
    return await tx.row(_DECIDE, FraudFlag, id=flag.id, decision=decision, decided_by=actor, now=now)


async def find_flag(tx: Tx, flag_id: str) -> FraudFlag | None:
    """One doubt."""
    return await tx.row(_FIND, FraudFlag, id=flag_id)


async def open_flags(tx: Tx, limit: int) -> list[FraudFlag]:
    """What waits for staff's word."""
    return await tx.rows(_OPEN, FraudFlag, limit=limit)
