"""Log in: the same answer and the same time for a wrong password and for an account that does not exist."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.customers import address_store, store
from vivr.customers.accounts import email_indexes, kept_for, open_account
from vivr.customers.model import PASSWORD_LENGTH_MAX, Person, PersonKind, Session, normalise_email, normalise_password
from vivr.customers.neighbours import TakeOver
from vivr.customers.passwords import verify_password
from vivr.customers.sessions import OpenedSession, end_session, open_session
from vivr.customers.store import PersonRow
from vivr.database import Database, Tx
from vivr.errors import Unauthenticated
from vivr.ids import PersonId
from vivr.sealing import Seals


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody types to log in, and through which door."""

    kind: PersonKind
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where somebody who enters an account comes from: the session of the request, and a name for the device."""

    session: Session | None
    device: str


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
    arrival: Arrival,
    take_over: TakeOver,
) -> Entrance:
    """Check the password and enter the account in a new session; the one before is ended.

    An address stands for the account of its owner, or, where nobody proved it yet, for the one made last: exactly one
    password is checked, and an account of somebody else's address can't be logged in to again.

    Args:
        database: opens transactions.
        clock: the time.
        seals: opens the account.
        caller: who asks, for the audit.
        credentials: what was typed.
        retention: how long an account is kept after its last use.
        arrival: where they come from, as a guest or from an earlier log-in.
        take_over: what happens to a guest's belongings.

    Raises:
        Unauthenticated: ``wrong_credentials``, whatever was wrong.
    """
    row = await _find(database, seals, credentials)
    password = normalise_password(credentials.password)[: PASSWORD_LENGTH_MAX + 1]
    is_right, new_hash = await verify_password(password, row.password_hash if row else None)
    now = clock.now()
    if row is None or not is_right:
        await _record_refusal(database, caller, now, credentials.kind, row)
        raise Unauthenticated("wrong_credentials")
    person = open_account(seals, row)
    async with database.transaction("log_in") as tx:
        kept = kept_for(retention, is_confirmed=person.is_confirmed)
        await store.see_person(tx, person.id, expires_at=now + kept, password_hash=new_hash)
        await address_store.keep_addresses_of(tx, person.id)
        await record_act(tx, caller, now, f"{person.kind}.logged_in", on=("person", person.id))
        return await enter_account(tx, now, person, arrival, take_over)


async def enter_account(tx: Tx, at: datetime, person: Person, arrival: Arrival, take_over: TakeOver | None) -> Entrance:
    """Open the person's session and end the one before, whose token somebody else may know.

    Without a ``take_over`` a guest's things stay where they are.
    """
    session = arrival.session
    if session is not None:
        if take_over is not None and session.person_id is None and person.kind is PersonKind.CUSTOMER:
            await take_over(tx, session.principal, person)
        await end_session(tx, session.id)
    opened = await open_session(tx, at, person_id=person.id, kind=person.kind, role=person.role, device=arrival.device)
    return Entrance(person, opened)


async def reenter(
    database: Database, clock: Clock, seals: Seals, person_id: PersonId, arrival: Arrival
) -> Entrance | None:
    """Open one more session for whoever has just entered an account by the same form; None: the account is gone."""
    async with database.transaction("reenter") as tx:
        row = await store.find_person(tx, person_id)
        if row is None:
            return None
        return await enter_account(tx, clock.now(), open_account(seals, row), arrival, None)


async def _find(database: Database, seals: Seals, credentials: Credentials) -> PersonRow | None:
    # What is no address is looked for too, and never found.
    email = normalise_email(credentials.email) or ""
    async with database.transaction("find_account") as tx:
        return await store.find_by_email(tx, credentials.kind, email_indexes(seals, email))


async def _record_refusal(
    database: Database, caller: Caller, at: datetime, kind: PersonKind, row: PersonRow | None
) -> None:
    """Write the refusal down, about nobody where there is no account: both ways take the same time."""
    async with database.transaction("refuse_log_in") as tx:
        await record_act(
            tx,
            caller,
            at,
            f"{kind}.logged_in",
            on=("person", row.id if row else "none"),
            outcome="refused",
            error_code="wrong_credentials",
        )
