"""All SQL of people: accounts, sessions, contacts of orders and origins of requests."""

from dataclasses import dataclass
from datetime import datetime

from vivr.customers.model import PersonKind
from vivr.database import Sql, Tx
from vivr.ids import PersonId, SessionId

_INSERT_CONTACT = Sql(
    "insert_order_contact",
    "Keep whom an order goes to.",
    """
    INSERT INTO order_contact (order_id, sealed, email_index, expires_at)
    VALUES (%(order_id)s, %(sealed)s, %(email_index)s, %(expires_at)s)
    """,
)

_ORDERS_OF_EMAIL = Sql(
    "orders_of_contact_email",
    "The orders that an address was given for, under any active key.",
    "SELECT order_id AS id FROM order_contact WHERE email_index = ANY(%(indexes)s) ORDER BY order_id",
)

_FIND_CONTACT = Sql(
    "find_order_contact", "Whom an order goes to.", "SELECT sealed FROM order_contact WHERE order_id = %(order_id)s"
)

_INSERT_PERSON = Sql(
    "insert_person",
    "Make an account.",
    """
    INSERT INTO person (id, kind, role, email_index, email_sealed, name_sealed, password_hash, locale, created_at,
                        confirmed_at, expires_at)
    VALUES (%(id)s, %(kind)s, %(role)s, %(email_index)s, %(email_sealed)s, %(name_sealed)s, %(password_hash)s,
            %(locale)s, %(created_at)s, %(confirmed_at)s, %(expires_at)s)
    """,
)

_FIND_BY_EMAIL = Sql(
    "find_person_by_email",
    "The account that an address stands for, under any active key: its owner's, or else the newest that waits.",
    """
    SELECT * FROM person WHERE kind = %(kind)s AND email_index = ANY(%(indexes)s)
    ORDER BY confirmed_at IS NULL, created_at DESC, id DESC LIMIT 1
    """,
)

_WAITING_BY_EMAIL = Sql(
    "waiting_persons_by_email",
    "The accounts that claim an address without a proof.",
    """
    SELECT id FROM person
    WHERE kind = 'customer' AND email_index = ANY(%(indexes)s) AND confirmed_at IS NULL ORDER BY id
    """,
)

_CONFIRM_PERSON = Sql(
    "confirm_person",
    "The address is proved; no row: the account is gone, or another one owns the address.",
    """
    UPDATE person SET confirmed_at = coalesce(confirmed_at, %(now)s), email_index = %(email_index)s,
                      email_sealed = %(email_sealed)s, expires_at = greatest(expires_at, %(expires_at)s)
    WHERE id = %(id)s AND NOT EXISTS (
        SELECT FROM person AS owner
        WHERE owner.kind = person.kind AND owner.email_index = ANY(%(indexes)s) AND owner.confirmed_at IS NOT NULL
            AND owner.id <> person.id)
    RETURNING *
    """,
)

_LOCK_PERSON = Sql(
    "lock_person", "One account, locked until the end.", "SELECT * FROM person WHERE id = %(id)s FOR UPDATE"
)

_SET_PASSWORD = Sql(
    "set_password",
    "Another password, unless somebody was quicker: the old hash must be what was checked; null: it need not.",
    """
    UPDATE person SET password_hash = %(new_hash)s
    WHERE id = %(id)s AND (%(old_hash)s::text IS NULL OR password_hash = %(old_hash)s)
    """,
)

_FORGET_UNCONFIRMED = Sql(
    "forget_unconfirmed_persons",
    "Delete accounts that nobody confirmed in time, a part at a time, with their sessions and addresses.",
    """
    DELETE FROM person WHERE id IN
        (SELECT id FROM person WHERE confirmed_at IS NULL AND expires_at <= %(now)s
         LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    """,
)

_SEE_PERSON = Sql(
    "see_person",
    "An account is in use: keep it longer, and its password by today's parameters.",
    """
    UPDATE person SET expires_at = greatest(expires_at, %(expires_at)s),
                      password_hash = coalesce(%(password_hash)s, password_hash)
    WHERE id = %(id)s
    """,
)

_FIND_PERSON = Sql("find_person", "One account.", "SELECT * FROM person WHERE id = %(id)s")

_INSERT_SESSION = Sql(
    "insert_session",
    "Open a browser session.",
    """
    INSERT INTO session (token_hash, id, person_id, device, created_at, seen_at, expires_at)
    VALUES (%(token_hash)s, %(id)s, %(person_id)s, %(device)s, %(now)s, %(now)s, %(expires_at)s)
    """,
)

_FIND_SESSION = Sql(
    "find_session",
    "The living session behind a token, with the kind and role of its person.",
    """
    SELECT session.id, session.person_id, person.kind, person.role, session.seen_at
    FROM session LEFT JOIN person ON person.id = session.person_id
    WHERE token_hash = %(token_hash)s AND session.expires_at > %(now)s
    """,
)

_SEE_SESSION = Sql(
    "see_session",
    "Remember that a session is in use.",
    "UPDATE session SET seen_at = %(now)s WHERE id = %(id)s",
)

_END_SESSION = Sql("end_session", "Close a session.", "DELETE FROM session WHERE id = %(id)s")

_SESSIONS_OF = Sql(
    "sessions_of_person",
    "The sessions of a person that did not expire, the one used last first.",
    """
    SELECT id, device, created_at, seen_at, expires_at FROM session
    WHERE person_id = %(person_id)s AND expires_at > %(now)s ORDER BY seen_at DESC, id DESC
    """,
)

_END_OWN_SESSION = Sql(
    "end_own_session",
    "Close one of a person's sessions.",
    "DELETE FROM session WHERE id = %(id)s AND person_id = %(person_id)s",
)

_END_SESSIONS_OF = Sql(
    "end_sessions_of_person",
    "Close all of a person's sessions.",
    "DELETE FROM session WHERE person_id = %(person_id)s",
)

_END_EXPIRED = Sql(
    "end_expired_sessions",
    "Close what expired, a part at a time.",
    """
    DELETE FROM session WHERE token_hash IN
        (SELECT token_hash FROM session WHERE expires_at <= %(now)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    """,
)

_FORGET_ORIGINS = Sql(
    "forget_expired_origins",
    "Delete where requests came from once their time is over, a part at a time; audit rows keep their keyed hash.",
    """
    DELETE FROM request_origin WHERE id IN
        (SELECT id FROM request_origin WHERE expires_at <= %(now)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    """,
)

_FIND_ORIGIN = Sql(
    "find_request_origin", "Where a request came from.", "SELECT sealed FROM request_origin WHERE id = %(id)s"
)

_INSERT_ORIGIN = Sql(
    "insert_request_origin",
    "Keep where a request came from.",
    """
    INSERT INTO request_origin (id, sealed, digest, created_at, expires_at)
    VALUES (%(id)s, %(sealed)s, %(digest)s, %(now)s, %(expires_at)s)
    """,
)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """An account as it is stored."""

    id: PersonId
    kind: PersonKind
    role: str | None
    email_index: bytes
    email_sealed: bytes
    name_sealed: bytes
    password_hash: str
    locale: str
    created_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A living session."""

    id: SessionId
    person_id: PersonId | None
    kind: PersonKind | None
    role: str | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A session as its owner sees it."""

    id: SessionId
    device: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Id:
    """A row of which the id is all that is asked."""

    id: str


async def insert_contact(tx: Tx, **values: object) -> None:
    """Keep whom an order goes to."""
    await tx.run(_INSERT_CONTACT, **values)


async def find_contact(tx: Tx, order_id: str) -> bytes | None:
    """The sealed contact of an order."""
    return await tx.value(_FIND_CONTACT, bytes, order_id=order_id)


async def orders_of_email(tx: Tx, indexes: list[bytes]) -> list[str]:
    """The orders that an address was given for."""
    return [row.id for row in await tx.rows(_ORDERS_OF_EMAIL, _Id, indexes=indexes)]


async def insert_person(tx: Tx, **values: object) -> None:
    """Make an account."""
    await tx.run(_INSERT_PERSON, **values)


async def find_by_email(tx: Tx, kind: str, indexes: list[bytes]) -> PersonRow | None:
    """The account behind an address."""
    return await tx.row(_FIND_BY_EMAIL, PersonRow, kind=kind, indexes=indexes)


async def waiting_by_email(tx: Tx, indexes: list[bytes]) -> list[str]:
    """The accounts that claim an address without a proof."""
    return [row.id for row in await tx.rows(_WAITING_BY_EMAIL, _Id, indexes=indexes)]


async def confirm_person(tx: Tx, person_id: str, **values: object) -> PersonRow | None:
    """The address is proved; None: the account is gone, or another one owns the address."""
    return await tx.row(_CONFIRM_PERSON, PersonRow, id=person_id, **values)


async def lock_person(tx: Tx, person_id: str) -> PersonRow | None:
    """One account, locked."""
    return await tx.row(_LOCK_PERSON, PersonRow, id=person_id)


async def set_password(tx: Tx, person_id: str, *, old_hash: str | None, new_hash: str) -> bool:
    """Another password; False: somebody was quicker, or the account is gone."""
    return await tx.run(_SET_PASSWORD, id=person_id, old_hash=old_hash, new_hash=new_hash) == 1


async def forget_unconfirmed(tx: Tx, now: datetime, limit: int) -> int:
    """Delete accounts that nobody confirmed in time."""
    return await tx.run(_FORGET_UNCONFIRMED, now=now, limit=limit)


async def see_person(tx: Tx, person_id: str, *, expires_at: datetime, password_hash: str | None) -> None:
    """Keep an account that is in use."""
    await tx.run(_SEE_PERSON, id=person_id, expires_at=expires_at, password_hash=password_hash)


async def find_person(tx: Tx, person_id: str) -> PersonRow | None:
    """One account."""
    return await tx.row(_FIND_PERSON, PersonRow, id=person_id)


async def insert_session(tx: Tx, **values: object) -> None:
    """Open a session."""
    await tx.run(_INSERT_SESSION, **values)


async def find_session(tx: Tx, token_hash: bytes, now: datetime) -> SessionRow | None:
    """The living session behind a token."""
    return await tx.row(_FIND_SESSION, SessionRow, token_hash=token_hash, now=now)


async def see_session(tx: Tx, session_id: str, now: datetime) -> None:
    """Remember that a session is in use."""
    await tx.run(_SEE_SESSION, id=session_id, now=now)


async def end_session(tx: Tx, session_id: str) -> None:
    """Close a session."""
    await tx.run(_END_SESSION, id=session_id)


async def sessions_of(tx: Tx, person_id: str, now: datetime) -> list[DeviceRow]:
    """The sessions of a person that did not expire."""
    return await tx.rows(_SESSIONS_OF, DeviceRow, person_id=person_id, now=now)


async def end_own_session(tx: Tx, person_id: str, session_id: str) -> bool:
    """Close one of a person's sessions; False: there is no such one."""
    return await tx.run(_END_OWN_SESSION, id=session_id, person_id=person_id) == 1


async def end_sessions_of(tx: Tx, person_id: str) -> int:
    """Close all of a person's sessions; how many they were."""
    return await tx.run(_END_SESSIONS_OF, person_id=person_id)


async def end_expired_sessions(tx: Tx, now: datetime, limit: int) -> int:
    """Close what expired."""
    return await tx.run(_END_EXPIRED, now=now, limit=limit)


async def forget_expired_origins(tx: Tx, now: datetime, limit: int) -> int:
    """Delete where requests came from once their time is over."""
    return await tx.run(_FORGET_ORIGINS, now=now, limit=limit)


async def find_origin(tx: Tx, origin_id: str) -> bytes | None:
    """Where a request came from, sealed; None: it is not kept any more."""
    return await tx.value(_FIND_ORIGIN, bytes, id=origin_id)


async def insert_origin(tx: Tx, **values: object) -> None:
    """Keep where a request came from."""
    await tx.run(_INSERT_ORIGIN, **values)
