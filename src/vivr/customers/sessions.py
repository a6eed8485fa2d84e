"""Browser sessions: a random token in a cookie, only its hash in the database, so that a session can be ended.

A guest's session is made when something needs an owner. Logging in makes a new session with a new token and ends the
guest's: a token that somebody planted before the log-in is worth nothing after it. A session ends by itself after a
time that no use prolongs, and a person's earlier, when nobody used it for long.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vivr.customers import store
from vivr.customers.model import Person, PersonKind, Session, is_session_over
from vivr.customers.store import DeviceRow
from vivr.customers.tokens import hash_token, is_token, new_token
from vivr.database import Tx
from vivr.ids import PersonId, SessionId, new_session_id

SESSION_LIFETIME: Final = timedelta(days=30)
STAFF_SESSION_LIFETIME: Final = timedelta(hours=12)

# A row is only rewritten when this much has passed: reading a page stays a read.
_SEEN_STEP: Final = timedelta(hours=1)
_STAFF_SEEN_STEP: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session that was made just now, with the secret that only the browser keeps."""

    session: Session
    token: str
    lifetime: timedelta


async def open_session(
    tx: Tx,
    at: datetime,
    *,
    person_id: PersonId | None = None,
    kind: PersonKind | None = None,
    role: str | None = None,
    device: str = "",
) -> OpenedSession:
    """Make a session, a guest's or a person's; ``device`` is what its owner knows it by."""
    token = new_token()
    session = Session(new_session_id(at), person_id, kind, role)
    lifetime = STAFF_SESSION_LIFETIME if kind is PersonKind.STAFF else SESSION_LIFETIME
    await store.insert_session(
        tx,
        token_hash=hash_token(token),
        id=session.id,
        person_id=person_id,
        device=device,
        now=at,
        expires_at=at + lifetime,
    )
    return OpenedSession(session, token, lifetime)


async def find_session(tx: Tx, at: datetime, token: str) -> Session | None:
    """The living session behind a cookie's token; any text is a safe argument."""
    if not is_token(token):
        return None
    row = await store.find_session(tx, hash_token(token), at)
    if row is None or is_session_over(row.kind, seen_at=row.seen_at, at=at):
        return None
    if at - row.seen_at >= (_STAFF_SEEN_STEP if row.kind is PersonKind.STAFF else _SEEN_STEP):
        await store.see_session(tx, row.id, at)
    return Session(row.id, row.person_id, row.kind, row.role)


async def end_session(tx: Tx, session_id: SessionId) -> None:
    """End a session: its token opens nothing from now on."""
    await store.end_session(tx, session_id)


async def devices_of(tx: Tx, at: datetime, person: Person) -> list[DeviceRow]:
    """The living sessions of a person, the one used last first."""
    rows = await store.sessions_of(tx, person.id, at)
    return [row for row in rows if not is_session_over(person.kind, seen_at=row.seen_at, at=at)]


async def end_device(tx: Tx, person_id: PersonId, session_id: str) -> bool:
    """End one of a person's own sessions; False: there is no such one, or it is another's."""
    return await store.end_own_session(tx, person_id, session_id)


async def end_all_sessions(tx: Tx, person_id: PersonId) -> int:
    """Log a person out everywhere; how many sessions it were."""
    return await store.end_sessions_of(tx, person_id)
