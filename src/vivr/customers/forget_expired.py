"""Forget what is kept for a time only: sessions, mails, unproved accounts, addresses, and where requests came from.

The worker calls it again and again.
"""

from typing import Final

from vivr.clock import Clock
from vivr.customers import address_store, mail_store, store
from vivr.database import Database

_BATCH: Final = 500


async def forget_expired(database: Database, clock: Clock) -> int:
    """Delete what expired, 500 of each kind at a time; how many they were."""
    now = clock.now()
    async with database.transaction("forget_expired") as tx:
        ended = await store.end_expired_sessions(tx, now, _BATCH)
        ended += await mail_store.forget(tx, now, _BATCH)
        ended += await address_store.forget(tx, now, _BATCH)
        ended += await store.forget_unconfirmed(tx, now, _BATCH)
        return ended + await store.forget_expired_origins(tx, now, _BATCH)
