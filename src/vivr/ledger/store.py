"""All SQL of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vivr.database import Sql, Tx
from vivr.ledger.model import Posting

_INSERT_ENTRY = Sql(
    "insert_ledger_entry",
    "Begin an entry unless this object was posted before.",
    """
    INSERT INTO ledger_entry (id, account, livemode, object_id, kind, order_id, payment_id, at)
    VALUES (%(id)s, %(account)s, %(livemode)s, %(object_id)s, %(kind)s, %(order_id)s, %(payment_id)s, %(at)s)
    ON CONFLICT ON CONSTRAINT ledger_entry_once DO NOTHING
    """,
)

_INSERT_POSTING = Sql(
    "insert_ledger_posting",
    "One side of an entry.",
    """
    INSERT INTO ledger_posting (entry_id, position, ledger_account, currency, amount_minor)
    VALUES (%(entry_id)s, %(position)s, %(ledger_account)s, %(currency)s, %(amount_minor)s)
    """,
)

_OF_ORDER = Sql(
    "ledger_of_order",
    "All postings of one order, entry by entry.",
    """
    SELECT ledger_entry.id, kind, object_id, at, ledger_account, ledger_posting.currency, amount_minor
    FROM ledger_entry JOIN ledger_posting ON entry_id = ledger_entry.id
    WHERE order_id = %(order_id)s
    ORDER BY at, ledger_entry.id, position
    """,
)


@dataclass(frozen=True, slots=True)
class PostedLine:
    """One posting with its entry."""

    id: str
    kind: str
    object_id: str
    at: datetime
    ledger_account: str
    currency: str
    amount_minor: int


async def insert_entry(tx: Tx, **values: object) -> bool:
    """Begin an entry; False if this object was posted before."""
    return await tx.run(_INSERT_ENTRY, **values) == 1


async def insert_postings(tx: Tx, entry_id: str, postings: Sequence[Posting]) -> None:
    """All sides of an entry; the database refuses an unbalanced one at commit."""
    await tx.run_many(
        _INSERT_POSTING,
        [
            {
                "entry_id": entry_id,
                "position": position,
                "ledger_account": posting.account,
                "currency": posting.money.currency,
                "amount_minor": posting.money.amount_minor,
            }
            for position, posting in enumerate(postings, start=1)
        ],
    )


async def postings_of_order(tx: Tx, order_id: str) -> list[PostedLine]:
    """All postings of one order."""
    return await tx.rows(_OF_ORDER, PostedLine, order_id=order_id)
