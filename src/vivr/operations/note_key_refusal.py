"""Audit that Stripe refuses our key: one row a minute at most. A problem of the shop's, shown to no caller."""

import asyncio
from contextvars import Context
from datetime import datetime
from typing import Final

import structlog

from vivr.audit.record_act import record_act
from vivr.caller import system_caller
from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import Unavailable
from vivr.ids import new_request_id

_log: Final = structlog.stdlib.get_logger("vivr.operations")
_CLOSE_S: Final = 5


class KeyAlarm:
    """Remembers the minute of the last row.

    Args:
        database: where the audit trail is.
        clock: the time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database: Database = database
        self._clock: Clock = clock
        self._minute: int = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, code: str) -> None:
        """Audit a refusal if it is the first one in this minute; nobody waits for that."""
        now = self._clock.now()
        minute = int(now.timestamp()) // 60
        if minute == self._minute:
            return
        self._minute = minute
        # A context of its own: the row belongs to no request's transaction.
        task = asyncio.create_task(self._record(now, code), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Let a row that is being written be written."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSE_S)

    async def _record(self, now: datetime, code: str) -> None:
        caller = system_caller("gateway", new_request_id(now))
        try:
            async with self._database.transaction("note_key_refusal") as tx:
                await record_act(
                    tx, caller, now, "stripe.key_refused", on=("stripe", "key"), outcome="failed", error_code=code
                )
        except Unavailable as error:
            _log.warning("stripe.key_refusal_not_audited", code=error.code)
