"""Audit requests that were refused at the door: one row a minute per source at most."""

import asyncio
from contextvars import Context
from datetime import datetime
from typing import Final

import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.customers.request_origins import RequestOrigin, keep_origin
from vivr.database import Database
from vivr.errors import Unavailable
from vivr.ids import RequestId
from vivr.sealing import Seals

_log: Final = structlog.stdlib.get_logger("vivr.web")
_SOURCES_MAX: Final = 100
"""Sources with a row of their own in one minute; all others of that minute are only counted in the metrics."""


class RefusalAudit:
    """Remembers which sources were audited in the present minute.

    Args:
        database: where the audit trail is.
        clock: the time.
        seals: seals the source's address.
        act: what the trail calls the refusal.
        on: the kind and the name of what was asked for.
    """

    def __init__(self, database: Database, clock: Clock, seals: Seals, *, act: str, on: tuple[str, str]) -> None:
        self._database: Database = database
        self._clock: Clock = clock
        self._seals: Seals = seals
        self._act: str = act
        self._on: tuple[str, str] = on
        self._minute: int = 0
        self._sources: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, request_id: RequestId, source: RequestOrigin, *, code: str) -> None:
        """Audit a refusal if it is its source's first one in this minute; nobody waits for that."""
        now = self._clock.now()
        minute = int(now.timestamp()) // 60
        if minute != self._minute:
            self._minute = minute
            self._sources.clear()
        if source.address in self._sources or len(self._sources) >= _SOURCES_MAX:
            return
        self._sources.add(source.address)
        task = asyncio.create_task(self._record(now, request_id, source, code), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _record(self, now: datetime, request_id: RequestId, source: RequestOrigin, code: str) -> None:
        try:
            async with self._database.transaction("note_refusal") as tx:
                kept = await keep_origin(tx, self._seals, now, source)
                caller = Caller("guest:unknown", "guest", request_id, kept.id, kept.digest)
                await record_act(tx, caller, now, self._act, on=self._on, outcome="refused", error_code=code)
        except Unavailable as error:
            _log.warning("refusal.not_audited", request_id=request_id, code=error.code)
