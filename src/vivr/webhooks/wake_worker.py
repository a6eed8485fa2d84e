"""Wake the worker when events were taken in: PostgreSQL's NOTIFY, sent after the commit and never within it.

A notice is a hint that may be lost: the worker looks by itself all the same. It is sent on its own, and for all batches
of a short while once, because a NOTIFY inside the inbox's own transaction would make its commits wait for each other.
LISTEN needs a connection that no pooler hands on to others: ``DATABASE_URL_DIRECT``.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from typing import Final

import psycopg
import structlog

from vivr.database import Database
from vivr.errors import Unavailable
from vivr.webhooks import store

_log: Final = structlog.stdlib.get_logger("vivr.webhooks")
QUIET_S: Final = 0.05
_RECONNECT_FIRST_S: Final = 1.0
_RECONNECT_MAX_S: Final = 30.0


class Bell:
    """Sends notices, one at once and then one for everything that came in each quiet time.

    Args:
        database: whose listeners are woken.
    """

    def __init__(self, database: Database) -> None:
        self._database: Database = database
        self._is_due: bool = False
        self._ringer: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Let a notice go out soon; nobody waits for it."""
        self._is_due = True
        if self._ringer is None or self._ringer.done():
            self._ringer = asyncio.create_task(self._ring(), context=Context())

    async def close(self) -> None:
        """Send nothing any more."""
        if self._ringer is not None:
            self._ringer.cancel()
            with suppress(asyncio.CancelledError):
                await self._ringer

    async def _ring(self) -> None:
        while self._is_due:
            self._is_due = False
            try:
                async with self._database.single_statement("ring_inbox") as tx:
                    await store.ring(tx)
            except Unavailable as error:
                _log.warning("webhook.not_rung", code=error.code)
            await asyncio.sleep(QUIET_S)


@asynccontextmanager
async def listening(url: str) -> AsyncGenerator[asyncio.Event]:
    """An event that is set by each notice, for the length of the block; the connection is made anew when it breaks.

    Args:
        url: the database's own address, without a pooler.
    """
    woken = asyncio.Event()
    listener = asyncio.create_task(_listen(url, woken))
    try:
        yield woken
    finally:
        listener.cancel()
        with suppress(asyncio.CancelledError):
            await listener


async def _listen(url: str, woken: asyncio.Event) -> None:
    rest_s = _RECONNECT_FIRST_S
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                url, autocommit=True, connect_timeout=5, application_name="vivr-listener"
            ) as connection:
                await connection.execute("LISTEN vivr_inbox")
                rest_s = _RECONNECT_FIRST_S
                # What came while nobody listened.
                woken.set()
                async for _ in connection.notifies():
                    woken.set()
        except psycopg.OperationalError as error:
            _log.warning("webhook.not_listening", kind=type(error).__name__)
        await asyncio.sleep(rest_s)
        rest_s = min(rest_s * 2, _RECONNECT_MAX_S)
