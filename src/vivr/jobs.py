"""Background jobs: enqueued inside the caller's transaction, claimed and ended in the worker's own, through pgqueuer.

A job exists if and only if the transaction that asked for it committed, and it ends in the same transaction as its
effect: no second store, no dual write. pgqueuer's statements run on our own connections, so a restart of the database
is met like everywhere else; a job whose worker died is claimed again when its lease is over.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast
from uuid import uuid4

from pgqueuer import models
from pgqueuer.ports.driver import Driver
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.queries import Queries
from pgqueuer.types import QueueEntrypoint, QueueManagerId
from psycopg import AsyncRawCursor
from psycopg.rows import dict_row

from vivr.database import Tx

_THIS_PROCESS: Final = QueueManagerId(uuid4())


class _TxDriver:
    """What pgqueuer needs to work inside a transaction of ours; its own driver insists on autocommit."""

    def __init__(self, tx: Tx) -> None:
        self._tx: Tx = tx

    async def fetch(self, query: str, *args: object) -> list[dict[str, Any]]:
        cursor = AsyncRawCursor(self._tx.connection, row_factory=dict_row)
        await cursor.execute(cast("Any", query), args or None)
        return await cursor.fetchall()

    async def execute(self, query: str, *args: object) -> str:
        cursor = AsyncRawCursor(self._tx.connection)
        await cursor.execute(cast("Any", query), args or None)
        return cursor.statusmessage or ""


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job.

    Attributes:
        payload: the id that it was enqueued with.
        claimed: pgqueuer's own row.
    """

    payload: str
    claimed: models.Job


async def enqueue(tx: Tx, entrypoint: str, payload: str, *, dedupe_key: str | None = None) -> None:
    """Ask the worker to run a job once this transaction is committed.

    Args:
        tx: the transaction.
        entrypoint: the job's name in the worker.
        payload: an id; everything else is read when the job runs.
        dedupe_key: while a job with this key waits or runs, another one is not added.
    """
    await _queries(tx).enqueue(entrypoint, payload.encode(), dedupe_key=dedupe_key, on_conflict="skip")


async def claim_jobs(tx: Tx, entrypoint: str, *, limit: int, lease: timedelta) -> list[Job]:
    """Claim due jobs, and those whose worker let its lease run out; other workers pass them over.

    Args:
        tx: the transaction; the claim is worth nothing until it is committed.
        entrypoint: the jobs' name.
        limit: jobs at most.
        lease: how long a claim lasts, by the database's clock.
    """
    claimed = await _queries(tx).dequeue(
        batch_size=limit,
        entrypoints={QueueEntrypoint(entrypoint): EntrypointExecutionParameter(concurrency_limit=0)},
        queue_manager_id=_THIS_PROCESS,
        global_concurrency_limit=None,
        heartbeat_timeout=lease,
    )
    return [Job((job.payload or b"").decode(), job) for job in claimed]


async def end_job(tx: Tx, job: Job, *, is_done: bool) -> None:
    """End a job for good: done, or given up."""
    await _queries(tx).log_jobs([(job.claimed, "successful" if is_done else "exception", None)])


async def repeat_job(tx: Tx, job: Job, *, delay: timedelta) -> None:
    """Let a job be claimed again later."""
    await _queries(tx).retry_job(job.claimed, delay, None)


def _queries(tx: Tx) -> Queries:
    return Queries(cast("Driver", cast("object", _TxDriver(tx))))
