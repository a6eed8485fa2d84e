"""Browser sessions: a random token in a cookie, only its hash in the database, so that a session can be ended.

A guest's session is made when something needs an owner. Logging in makes a new session with a new token and ends the
guest's: a token that somebody planted before the log-in is worth nothing after it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vivr.customers import store
from vivr.customers.model import PersonKind, Session
from vivr.database import Tx
from vivr.ids import PersonId, SessionId, new_session_id

SESSION_LIFETIME: Final = timedelta(days=30)
STAFF_SESSION_LIFETIME: Final = timedelta(hours=12)

# A row is only rewritten when this much has passed: reading a page stays a read.
_SEEN_STEP: Final = timedelta(hours=1)
_TOKEN_LENGTH: Final = 43


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session that was made just now, with the secret that only the browser keeps."""

    session: Session
    token: str
    lifetime: timedelta


async def open_session(
    tx: Tx, at: datetime, *, person_id: PersonId | None = None, kind: PersonKind | None = None, role: str | None = None
) -> OpenedSession:
    """Make a session, a guest's or a person's."""
    token = secrets.token_urlsafe(32)
    session = Session(new_session_id(at), person_id, kind, role)
    lifetime = STAFF_SESSION_LIFETIME if kind is PersonKind.STAFF else SESSION_LIFETIME
    await store.insert_session(
        tx, token_hash=_hash(token), id=session.id, person_id=person_id, now=at, expires_at=at + lifetime
    )
    return OpenedSession(session, token, lifetime)


async def find_session(tx: Tx, at: datetime, token: str) -> Session | None:
    """The living session behind a cookie's token; any text is a safe argument."""
    if len(token) != _TOKEN_LENGTH or not token.isascii():
        return None
    row = await store.find_session(tx, _hash(token), at)
    if row is None:
        return None
    if at - row.seen_at >= _SEEN_STEP:
        await store.see_session(tx, row.id, at)
    return Session(row.id, row.person_id, row.kind, row.role)


async def end_session(tx: Tx, session_id: SessionId) -> None:
    """End a session: its token opens nothing from now on."""
    await store.end_session(tx, session_id)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
