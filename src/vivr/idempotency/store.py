"""All SQL of client requests."""

from collections.abc import Mapping
from datetime import datetime

from psycopg.types.json import Jsonb

from vivr.database import Sql, Tx
from vivr.idempotency.model import ClientRequest

_DROP_EXPIRED = Sql(
    "drop_expired_client_request",
    "A key whose time is over is a new one.",
    """
    DELETE FROM client_request
    WHERE principal = %(principal)s AND route = %(route)s AND key = %(key)s AND expires_at <= %(now)s
    """,
)

_INSERT = Sql(
    "insert_client_request",
    "Claim a key that nobody used; no row touched: somebody did.",
    """
    INSERT INTO client_request (principal, route, key, subject_id, fields, lease_until, created_at, expires_at)
    VALUES (%(principal)s, %(route)s, %(key)s, %(subject_id)s, %(fields)s, %(lease_until)s, %(now)s, %(expires_at)s)
    ON CONFLICT ON CONSTRAINT client_request_pkey DO NOTHING
    """,
)

_LOCK = Sql(
    "lock_client_request",
    "A key that was used, locked until the end.",
    """
    SELECT principal, route, key, subject_id, fields, status, answer_sealed, fence, lease_until, expires_at
    FROM client_request WHERE principal = %(principal)s AND route = %(route)s AND key = %(key)s FOR UPDATE
    """,
)

_TAKE_OVER = Sql(
    "take_client_request_over",
    "Go on with work that its owner left unfinished; his fence is worth nothing from now on.",
    """
    UPDATE client_request SET fence = fence + 1, lease_until = %(lease_until)s
    WHERE principal = %(principal)s AND route = %(route)s AND key = %(key)s AND status IS NULL
    RETURNING fence
    """,
)

_KEEP = Sql(
    "keep_client_answer",
    "Store the final answer; no row touched: somebody took over.",
    """
    UPDATE client_request SET status = %(status)s, answer_sealed = %(answer_sealed)s
    WHERE principal = %(principal)s AND route = %(route)s AND key = %(key)s AND fence = %(fence)s AND status IS NULL
    """,
)

_RELEASE = Sql(
    "release_client_request",
    "Let a repeat try again at once: there is no final answer.",
    """
    UPDATE client_request SET lease_until = %(now)s
    WHERE principal = %(principal)s AND route = %(route)s AND key = %(key)s AND fence = %(fence)s AND status IS NULL
    """,
)

_FORGET_EXPIRED = Sql(
    "forget_expired_client_requests",
    "Forget keys whose time is over, a part at a time.",
    """
    DELETE FROM client_request WHERE subject_id IN
        (SELECT subject_id FROM client_request WHERE expires_at <= %(now)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    """,
)


async def drop_expired(tx: Tx, *, principal: str, route: str, key: str, now: datetime) -> None:
    """Forget this key if its time is over."""
    await tx.run(_DROP_EXPIRED, principal=principal, route=route, key=key, now=now)


async def insert(tx: Tx, *, fields: Mapping[str, str], **values: object) -> bool:
    """Claim a key; False: it was used."""
    return await tx.run(_INSERT, fields=Jsonb(dict(fields)), **values) == 1


async def lock(tx: Tx, *, principal: str, route: str, key: str) -> ClientRequest | None:
    """A key that was used, locked."""
    return await tx.row(_LOCK, ClientRequest, principal=principal, route=route, key=key)


async def take_over(tx: Tx, *, principal: str, route: str, key: str, lease_until: datetime) -> int | None:
    """Take over unfinished work; the new fence."""
    return await tx.value(_TAKE_OVER, int, principal=principal, route=route, key=key, lease_until=lease_until)


async def keep_answer(tx: Tx, **values: object) -> bool:
    """Store the final answer; False: somebody took over."""
    return await tx.run(_KEEP, **values) == 1


async def release(tx: Tx, **values: object) -> None:
    """End a lease without an answer."""
    await tx.run(_RELEASE, **values)


async def forget_expired(tx: Tx, now: datetime, limit: int) -> int:
    """Forget keys whose time is over."""
    return await tx.run(_FORGET_EXPIRED, now=now, limit=limit)
