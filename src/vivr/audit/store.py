"""All SQL of the audit trail."""

from dataclasses import dataclass
from datetime import datetime

from vivr.database import Sql, Tx

_INSERT = Sql(
    "insert_audit_row",
    "Record one act; the sealer chains it after commit.",
    """
    INSERT INTO audit_row (at, actor, role, action, object_type, object_id, order_id, outcome, amount_minor, currency,
                           error_code, request_id, origin_id, origin_digest)
    VALUES (%(at)s, %(actor)s, %(role)s, %(action)s, %(object_type)s, %(object_id)s, %(order_id)s, %(outcome)s,
            %(amount_minor)s, %(currency)s, %(error_code)s, %(request_id)s, %(origin_id)s, %(origin_digest)s)
    """,
)

_LOCK_SEALER = Sql(
    "lock_audit_sealer",
    "Only one sealer chains at a time; another one gives up at once.",
    "SELECT pg_try_advisory_xact_lock(1447249234)",
)

_LAST_LINK = Sql(
    "last_audit_link",
    "The end of the chain.",
    "SELECT sequence, audit_id, hash FROM audit_link ORDER BY sequence DESC LIMIT 1",
)

_UNSEALED = Sql(
    "unsealed_audit_rows",
    "Rows that no link covers yet, oldest first; a row whose transaction commits late is taken on a later turn.",
    """
    SELECT id, at, actor, role, action, object_type, object_id, order_id, outcome, amount_minor, currency, error_code,
           request_id, origin_id, origin_digest
    FROM audit_row
    WHERE NOT EXISTS (SELECT FROM audit_link WHERE audit_id = audit_row.id)
    ORDER BY id
    LIMIT %(limit)s
    """,
)

_HEAD = Sql(
    "audit_head",
    "The end of the chain with the time of its row, and how many rows are sealed.",
    """
    SELECT sequence, hash, (SELECT count(*) FROM audit_link) AS rows, at
    FROM audit_link LEFT JOIN audit_row ON audit_row.id = audit_link.audit_id
    ORDER BY sequence DESC LIMIT 1
    """,
)

_HASHES = Sql(
    "audit_hashes",
    "The hashes of some links.",
    "SELECT sequence, audit_id, hash FROM audit_link WHERE sequence = ANY (%(sequences)s)",
)

_INSERT_LINK = Sql(
    "insert_audit_link",
    "Add one link to the chain.",
    "INSERT INTO audit_link (sequence, audit_id, hash) VALUES (%(sequence)s, %(audit_id)s, %(hash)s)",
)

_CHAIN = Sql(
    "audit_chain",
    "Links with their rows in the chain's order, for verification.",
    """
    SELECT audit_link.sequence, audit_link.hash, audit_row.id, at, actor, role, action, object_type, object_id,
           order_id, outcome, amount_minor, currency, error_code, request_id, origin_id, origin_digest
    FROM audit_link JOIN audit_row ON audit_row.id = audit_link.audit_id
    WHERE audit_link.sequence > %(after)s
    ORDER BY audit_link.sequence
    LIMIT %(limit)s
    """,
)

_OF_ORDER = Sql(
    "audit_rows_of_order",
    "What was done about one order.",
    """
    SELECT id, at, actor, role, action, object_type, object_id, order_id, outcome, amount_minor, currency, error_code,
           request_id, origin_id, origin_digest
    FROM audit_row WHERE order_id = %(order_id)s ORDER BY id
    """,
)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One recorded act."""

    id: int
    at: datetime
    actor: str
    role: str
    action: str
    object_type: str
    object_id: str
    order_id: str | None
    outcome: str
    amount_minor: int | None
    currency: str | None
    error_code: str | None
    request_id: str
    origin_id: str | None
    origin_digest: bytes | None


@dataclass(frozen=True, slots=True)
class LinkedRow(AuditRow):
    """A recorded act with its place in the chain."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """The end of the chain."""

    sequence: int
    audit_id: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class SealedEnd:
    """The end of the chain, and how many rows it holds; ``at`` is None if the last row was removed."""

    sequence: int
    hash: bytes
    rows: int
    at: datetime | None


async def insert_row(tx: Tx, **values: object) -> None:
    """Record one act."""
    await tx.run(_INSERT, **values)


async def try_lock_sealer(tx: Tx) -> bool:
    """Become the one sealer until the transaction ends."""
    return bool(await tx.value(_LOCK_SEALER, bool))


async def last_link(tx: Tx) -> Link | None:
    """The end of the chain, if it has begun."""
    return await tx.row(_LAST_LINK, Link)


async def sealed_end(tx: Tx) -> SealedEnd | None:
    """The end of the chain with its figures, if it has begun."""
    return await tx.row(_HEAD, SealedEnd)


async def links_at(tx: Tx, sequences: list[int]) -> list[Link]:
    """The links with these numbers."""
    return await tx.rows(_HASHES, Link, sequences=sequences)


async def unsealed_rows(tx: Tx, limit: int) -> list[AuditRow]:
    """Rows that no link covers yet."""
    return await tx.rows(_UNSEALED, AuditRow, limit=limit)


async def insert_links(tx: Tx, links: list[Link]) -> None:
    """Add links to the chain."""
    await tx.run_many(
        _INSERT_LINK, [{"sequence": link.sequence, "audit_id": link.audit_id, "hash": link.hash} for link in links]
    )


async def chain_after(tx: Tx, after: int, limit: int) -> list[LinkedRow]:
    """A piece of the chain."""
    return await tx.rows(_CHAIN, LinkedRow, after=after, limit=limit)


async def rows_of_order(tx: Tx, order_id: str) -> list[AuditRow]:
    """What was done about one order."""
    return await tx.rows(_OF_ORDER, AuditRow, order_id=order_id)
