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


_FIND_ENTRY = Sql(
    "find_ledger_entry",
    "What was posted of one object and kind, with what it put into the clearing account.",
    """
    SELECT ledger_entry.id, object_id, kind, order_id, payment_id, at, currency,
           sum(amount_minor)::bigint AS amount_minor
    FROM ledger_entry JOIN ledger_posting ON entry_id = ledger_entry.id AND ledger_account = 'fx_clearing'
    WHERE account = %(account)s AND livemode = %(livemode)s AND object_id = %(object_id)s AND kind = %(kind)s
    GROUP BY ledger_entry.id, currency
    """,
)

_IS_POSTED = Sql(
    "is_ledger_entry_posted",
    "Whether one object and kind was posted.",
    """
    SELECT EXISTS (SELECT FROM ledger_entry WHERE account = %(account)s AND livemode = %(livemode)s
        AND object_id = %(object_id)s AND kind = %(kind)s)
    """,
)

_BALANCES = Sql(
    "ledger_balances",
    "What stands on each account in each currency.",
    """
    SELECT ledger_account, currency, sum(amount_minor)::bigint AS amount_minor, count(*) AS postings
    FROM ledger_posting GROUP BY ledger_account, currency ORDER BY ledger_account, currency
    """,
)

_ENTRIES = Sql(
    "newest_ledger_entries",
    "The postings of the newest entries, of one order, object or kind or of all.",
    """
    SELECT chosen.id, kind, object_id, at, ledger_account, currency, amount_minor
    FROM (SELECT id, kind, object_id, at FROM ledger_entry
          WHERE (%(order_id)s::text IS NULL OR order_id = %(order_id)s)
            AND (%(object_id)s::text IS NULL OR object_id = %(object_id)s)
            AND (%(kind)s::text IS NULL OR kind = %(kind)s)
          ORDER BY at DESC, id DESC LIMIT %(limit)s) AS chosen
    JOIN ledger_posting ON entry_id = chosen.id
    ORDER BY at DESC, chosen.id DESC, position
    """,
)


@dataclass(frozen=True, slots=True)
class ClearedEntry:
    """An entry with what it put into the clearing account."""

    id: str
    object_id: str
    kind: str
    order_id: str | None
    payment_id: str | None
    at: datetime
    currency: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """What stands on one account in one currency; debit is positive."""

    ledger_account: str
    currency: str
    amount_minor: int
    postings: int


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


async def find_entry(tx: Tx, **values: object) -> ClearedEntry | None:
    """What was posted of one object and kind."""
    return await tx.row(_FIND_ENTRY, ClearedEntry, **values)


async def is_posted(tx: Tx, **values: object) -> bool:
    """Whether one object and kind was posted."""
    return bool(await tx.value(_IS_POSTED, bool, **values))


async def balances(tx: Tx) -> list[AccountBalance]:
    """What stands on each account in each currency."""
    return await tx.rows(_BALANCES, AccountBalance)


async def newest_entries(tx: Tx, **values: object) -> list[PostedLine]:
    """The postings of the newest entries."""
    return await tx.rows(_ENTRIES, PostedLine, **values)
