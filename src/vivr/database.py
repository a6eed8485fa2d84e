"""The database: named SQL, transactions that can be seen in a signature, and a guard against network calls inside one.

``Database`` opens transactions; ``Tx`` is one open transaction. A function that takes ``Tx`` writes in its caller's
transaction, a function that takes ``Database`` opens its own. ``refuse_inside_transaction`` is called by everything
that goes to the network, and sees transactions of the same task and of the tasks that it started.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Final, LiteralString, TypeVar, cast, get_args, get_type_hints

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import AsyncRowFactory, class_row, kwargs_row, scalar_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from vivr.constraints import error_code_of
from vivr.errors import ConstraintViolated, Unavailable

T = TypeVar("T")

_OPEN_TRANSACTION: ContextVar[str | None] = ContextVar("open_transaction", default=None)

# A waiter gives up before the caller's own deadline, and no statement runs away.
_SINGLE_STATEMENT_S: Final = 15
_BEGIN: Final = "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '15s'"


class TransactionOpenError(RuntimeError):
    """A network call was tried while a transaction is open in this task: a bug, never a refusal."""


def refuse_inside_transaction(call: str) -> None:
    """Raise ``TransactionOpenError`` if this task, or one that started it, has a transaction open."""
    if _OPEN_TRANSACTION.get() is not None:
        raise TransactionOpenError(f"{call} inside an open transaction")


@dataclass(frozen=True, slots=True)
class Sql:
    """One statement with a name and a purpose; parameters are ``%(name)s``.

    The text is a literal string: a statement made by formatting does not pass the type checker.
    """

    name: str
    purpose: str
    text: LiteralString


def _typed_row(row_type: type[T]) -> AsyncRowFactory[T]:
    """A row factory for a dataclass that turns texts into the enumerations that its fields declare."""
    enumerations = _enumerations_of(row_type)
    if not enumerations:
        return class_row(row_type)

    def make_row(**values: Any) -> T:
        for name, enumeration in enumerations.items():
            if values.get(name) is not None:
                values[name] = enumeration(values[name])
        return row_type(**values)

    return cast("AsyncRowFactory[T]", kwargs_row(make_row))


@cache
def _enumerations_of(row_type: type[object]) -> dict[str, type[Enum]]:
    found: dict[str, type[Enum]] = {}
    for name, hint in get_type_hints(row_type).items():
        for part in (hint, *get_args(hint)):
            if isinstance(part, type) and issubclass(part, Enum):
                found[name] = part
    return found


class Tx:
    """One open transaction."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection: AsyncConnection[Any] = connection

    @property
    def connection(self) -> AsyncConnection[Any]:
        """The driver's connection, for a library that joins this transaction (the job queue)."""
        return self._connection

    async def row(self, sql: Sql, row_type: type[T], /, **values: object) -> T | None:
        """The only row as a dataclass, or None."""
        async with self._connection.cursor(row_factory=_typed_row(row_type)) as cursor:
            await cursor.execute(sql.text, values)
            return await cursor.fetchone()

    async def rows(self, sql: Sql, row_type: type[T], /, **values: object) -> list[T]:
        """All rows as dataclasses."""
        async with self._connection.cursor(row_factory=_typed_row(row_type)) as cursor:
            await cursor.execute(sql.text, values)
            return await cursor.fetchall()

    async def value(self, sql: Sql, value_type: type[T], /, **values: object) -> T | None:
        """The first column of the only row, or None."""
        factory = cast("AsyncRowFactory[T]", scalar_row)
        async with self._connection.cursor(row_factory=factory) as cursor:
            await cursor.execute(sql.text, values)
            found = await cursor.fetchone()
        assert found is None or isinstance(found, value_type)
        return found

    async def run(self, sql: Sql, /, **values: object) -> int:
        """Execute for effect; the number of rows it touched."""
        async with self._connection.cursor() as cursor:
            await cursor.execute(sql.text, values)
            return cursor.rowcount

    async def run_many(self, sql: Sql, values: list[dict[str, object]]) -> None:
        """Execute once per row of values, in one pipeline."""
        if values:
            async with self._connection.cursor() as cursor:
                await cursor.executemany(sql.text, values)


class Database:
    """A pool of connections to the one PostgreSQL that decides.

    Args:
        url: a libpq URL or conninfo text.
        pool_max: connections at most.
        is_pooled: whether a pooler stands in front, which hands each transaction to another connection of its own:
            then nothing is prepared, for a prepared statement belongs to one connection.
    """

    def __init__(self, url: str, *, pool_max: int = 10, is_pooled: bool = False) -> None:
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=pool_max,
            open=False,
            timeout=5,
            # Connections are renewed now and then: a plan cached while a table was empty must not live forever.
            max_lifetime=1800,
            kwargs={"application_name": "vivr"} | ({"prepare_threshold": None} if is_pooled else {}),
        )

    async def open(self) -> None:
        """Start the pool; it connects in the background and keeps trying."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self, name: str = "transaction") -> AsyncGenerator[Tx]:
        """Open a transaction that commits at the end of the block and rolls back on any exception.

        Raises:
            ConstraintViolated: the database refused what must never be.
            Unavailable: no connection, or it broke; whether a broken commit happened is unknown.
        """
        refuse_inside_transaction(f"transaction {name!r}")
        with _errors_named():
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute(_BEGIN)
                with _seen_as_open(name):
                    yield Tx(connection)

    @asynccontextmanager
    async def single_statement(self, name: str) -> AsyncGenerator[Tx]:
        """A transaction of exactly one statement, committed with it: one round trip instead of four.

        For the hottest write alone. Its time limit is kept on this side, which cancels the statement at the server.

        Raises:
            ConstraintViolated: the database refused what must never be.
            Unavailable: no connection, or it broke, or the time is over; whether the statement happened is unknown.
        """
        refuse_inside_transaction(f"statement {name!r}")
        with _errors_named():
            async with asyncio.timeout(_SINGLE_STATEMENT_S), self._pool.connection() as connection:
                await connection.set_autocommit(True)
                try:
                    with _seen_as_open(name):
                        yield Tx(connection)
                finally:
                    if not connection.closed:
                        await connection.set_autocommit(False)


@contextmanager
def _seen_as_open(name: str) -> Generator[None]:
    token = _OPEN_TRANSACTION.set(name)
    try:
        yield
    finally:
        _OPEN_TRANSACTION.reset(token)


@contextmanager
def _errors_named() -> Generator[None]:
    try:
        yield
    except psycopg.IntegrityError as error:
        constraint = error.diag.constraint_name or "unnamed"
        raise ConstraintViolated(constraint, error_code_of(constraint)) from error
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, TimeoutError) as error:
        raise Unavailable("database_unavailable") from error
