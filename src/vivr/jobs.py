"""Background jobs: enqueued inside the caller's transaction, run by the worker through pgqueuer.

A job exists if and only if the transaction that asked for it committed: no second store, no dual write.
"""

from typing import Any, cast

from pgqueuer.ports.driver import Driver
from pgqueuer.queries import Queries
from psycopg import AsyncRawCursor
from psycopg.rows import dict_row

from vivr.database import Tx


class _TxDriver:
    """What pgqueuer needs to write inside a transaction of ours; its own driver insists on autocommit."""

    def __init__(self, tx: Tx) -> None:
        self._tx: Tx = tx

    async def fetch(self, query: str, *args: object) -> list[dict[str, Any]]:
        cursor = AsyncRawCursor(self._tx.connection, row_factory=dict_row)
        await cursor.execute(cast("Any", query), args or None)
        return await cursor.fetchall()


async def enqueue(tx: Tx, entrypoint: str, payload: str, *, dedupe_key: str | None = None) -> None:
    """Ask the worker to run a job once this transaction is committed.

    Args:
        tx: the transaction.
        entrypoint: the job's name in the worker.
        payload: an id; everything else is read when the job runs.
        dedupe_key: while a job with this key waits or runs, another one is not added.
    """
    queries = Queries(cast("Driver", cast("object", _TxDriver(tx))))
    await queries.enqueue(entrypoint, payload.encode(), dedupe_key=dedupe_key, on_conflict="skip")
