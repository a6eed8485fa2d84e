"""Where a request came from: sealed, kept apart from what it did, and gone when its retention ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from vivr.customers import store
from vivr.database import Tx
from vivr.ids import OriginId, new_origin_id
from vivr.sealing import Seals

ORIGIN_RETENTION: Final = timedelta(days=365)

_USER_AGENT_LENGTH_MAX: Final = 512


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """An IP address and a user agent."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class KeptOrigin:
    """What an audit row says about an origin: its row, and a keyed hash that stays true when the row is gone."""

    id: OriginId
    digest: bytes


async def keep_origin(tx: Tx, seals: Seals, at: datetime, origin: RequestOrigin) -> KeptOrigin:
    """Store where a request came from, in the caller's transaction."""
    origin_id = new_origin_id(at)
    shown = RequestOrigin(origin.address, origin.user_agent[:_USER_AGENT_LENGTH_MAX])
    plaintext = msgspec.json.encode(shown)
    digest = seals.digest("request_origin", plaintext.decode())
    await store.insert_origin(
        tx,
        id=origin_id,
        sealed=seals.seal(plaintext, table="request_origin", column="sealed", row=origin_id),
        digest=digest,
        now=at,
        expires_at=at + ORIGIN_RETENTION,
    )
    return KeptOrigin(origin_id, digest)


async def find_origin(tx: Tx, seals: Seals, origin_id: str) -> RequestOrigin | None:
    """Where a request came from, while that is kept."""
    sealed = await store.find_origin(tx, origin_id)
    if sealed is None:
        return None
    opened = seals.open(sealed, table="request_origin", column="sealed", row=origin_id)
    return msgspec.json.decode(opened, type=RequestOrigin)
