"""Log in: the same answer and the same time for a wrong password and for an account that does not exist."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.customers import store
from vivr.customers.accounts import email_indexes, open_account
from vivr.customers.model import PASSWORD_LENGTH_MAX, Person, PersonKind, Session, normalise_email, normalise_password
from vivr.customers.passwords import verify_password
from vivr.customers.sessions import OpenedSession, end_session, open_session
from vivr.customers.store import PersonRow
from vivr.database import Database, Tx
from vivr.errors import Unauthenticated
from vivr.sealing import Seals

TakeOver: TypeAlias = Callable[[Tx, str, Person], Awaitable[None]]
"""Gives what a guest's principal owns (basket, orders) to a person, in the transaction that logs them in."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody types to log in, and through which door."""

    kind: PersonKind
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Entrance:
    """A person and the new session that they are in."""

    person: Person
    opened: OpenedSession


async def log_in(
    database: Database,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    credentials: Credentials,
    *,
    retention: timedelta,
    session: Session | None,
    take_over: TakeOver,
) -> Entrance:
    """Check the password and enter the account in a new session; the one before is ended.

    Args:
        database: opens transactions.
        clock: the time.
        seals: opens the account.
        caller: who asks, for the audit.
        credentials: what was typed.
        retention: how long an account is kept after its last use.
        session: the session of the request, a guest's or an earlier log-in's.
        take_over: what happens to a guest's belongings.

    Raises:
        Unauthenticated: ``wrong_credentials``, whatever was wrong.
    """
    row = await _find(database, seals, credentials)
    password = normalise_password(credentials.password)[: PASSWORD_LENGTH_MAX + 1]
    is_right, new_hash = await verify_password(password, row.password_hash if row else None)
    now = clock.now()
    if row is None or not is_right:
        await _record_refusal(database, caller, now, row)
        raise Unauthenticated("wrong_credentials")
    person = open_account(seals, row)
    async with database.transaction("log_in") as tx:
        await store.see_person(tx, person.id, expires_at=now + retention, password_hash=new_hash)
        await record_act(tx, caller, now, f"{person.kind}.logged_in", on=("person", person.id))
        return await enter_account(tx, now, person, session=session, take_over=take_over)


async def enter_account(
    tx: Tx, at: datetime, person: Person, *, session: Session | None, take_over: TakeOver
) -> Entrance:
    """Open the person's session and end the one before, whose token somebody else may know."""
    if session is not None:
        if session.person_id is None and person.kind is PersonKind.CUSTOMER:
            await take_over(tx, session.principal, person)
        await end_session(tx, session.id)
    opened = await open_session(tx, at, person_id=person.id, kind=person.kind, role=person.role)
    return Entrance(person, opened)


async def _find(database: Database, seals: Seals, credentials: Credentials) -> PersonRow | None:
    email = normalise_email(credentials.email)
    if email is None:
        return None
    async with database.transaction("find_account") as tx:
        return await store.find_by_email(tx, credentials.kind, email_indexes(seals, email))


async def _record_refusal(database: Database, caller: Caller, at: datetime, row: PersonRow | None) -> None:
    if row is None:
        return
    async with database.transaction("refuse_log_in") as tx:
        await record_act(
            tx,
            caller,
            at,
            f"{row.kind}.logged_in",
            on=("person", row.id),
            outcome="refused",
            error_code="wrong_credentials",
        )
