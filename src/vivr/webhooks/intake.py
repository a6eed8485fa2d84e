"""Store received events in batches: whoever arrives while a batch commits forms the next one, and nobody waits longer.

The writer belongs to the application. A request that hangs up, or whose deadline passes, leaves its event in the batch:
it is signed and ours, and its sender, who saw no answer, will deliver it again.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Final

import structlog

from vivr.crash_points import crash_point
from vivr.database import Database
from vivr.errors import Unavailable
from vivr.webhooks import store
from vivr.webhooks.model import NewEvent, merge_deliveries

_log: Final = structlog.stdlib.get_logger("vivr.webhooks")
_BATCH_MAX: Final = 200
_WAITING_MAX: Final = 4000
_CLOSE_S: Final = 10

_Waiting = tuple[NewEvent, asyncio.Future[int]]


class Intake:
    """The one writer of the inbox in this process.

    Args:
        database: where the inbox is.

    Attributes:
        after_commit: called after each batch that brought work for the worker.
    """

    def __init__(self, database: Database) -> None:
        self._database: Database = database
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self.after_commit: Callable[[], None] | None = None

    def keep(self, event: NewEvent) -> asyncio.Future[int]:
        """Put an event into the next batch; done when that is committed, with how often it was delivered by now.

        Raises:
            Unavailable: the database can't be reached (from the future), or too many wait for it: the delivery must not
                be acknowledged.
        """
        if len(self._waiting) >= _WAITING_MAX:
            raise Unavailable("database_unavailable")
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append((event, answer))
        if self._writer is None or self._writer.done():
            # A context of its own: the writer belongs to no request, and writes under nobody's request id.
            self._writer = asyncio.create_task(self._write(), context=Context())
        return answer

    async def close(self) -> None:
        """Let the writer end what waits."""
        if self._writer is not None and not self._writer.done():
            await asyncio.wait((self._writer,), timeout=_CLOSE_S)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_BATCH_MAX], self._waiting[_BATCH_MAX:]
            try:
                await self._commit(batch)
            except Exception as error:  # noqa: BLE001 - whatever a batch does, no waiter is left alone and the next is written
                if isinstance(error, Unavailable) or len(batch) == 1:
                    _refuse(batch, error)
                else:
                    await self._commit_one_by_one(batch)

    async def _commit_one_by_one(self, batch: Sequence[_Waiting]) -> None:
        """One row that the database refuses must not take the others with it."""
        for waiting in batch:
            try:
                await self._commit((waiting,))
            except Exception as error:  # noqa: BLE001 - the same
                _refuse((waiting,), error)

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        crash_point("webhook.before_insert")
        async with self._database.single_statement("receive_events") as tx:
            delivered = await store.insert_events(tx, merge_deliveries([event for event, _ in batch]))
        crash_point("webhook.after_insert")
        if self.after_commit is not None and any(event.reason is None for event, _ in batch):
            self.after_commit()
        for event, answer in batch:
            if not answer.done():
                answer.set_result(delivered.get(event.key, 1))
        _log.info("webhook.received", events=[[event.request_id, event.id, event.type] for event, _ in batch])


def _refuse(batch: Sequence[_Waiting], error: Exception) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(error)
