"""Ends a shop process at any one of its exchanges with the world: every statement, every COMMIT, every call of Stripe.

A process can act on the outside in two ways alone: over its database connections, each of whose exchanges goes through
``AsyncConnection.wait``, and over the transport of its Stripe client. Both are watched here. A killed process loses its
connections at once, as when the kernel closes a dead one's sockets, so PostgreSQL rolls back what was open; its tasks
are ended, and whatever they still try meets a closed door: nothing that they do afterwards can reach the world, which
is all that kill -9 means. What it held in memory is never looked at again.
"""

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

import psycopg
import stripe

T = TypeVar("T")

_PATIENCE_S: Final = 60.0


class Killed(BaseException):
    """This process is dead; no ``except Exception`` of it may live on."""


class How(StrEnum):
    """What happens at an exchange."""

    KILL_BEFORE = "killed before"
    KILL_AFTER = "killed after"
    CUT_BEFORE = "cut before"
    """The connection breaks before it was heard; the process lives and is told so."""
    CUT_AFTER = "cut after"
    """It was heard and done, but the answer is lost: an unknown COMMIT, an unknown write at Stripe."""


class Kind(StrEnum):
    """What is exchanged."""

    STATEMENT = "statement"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    CALL = "call"


WAYS: Final[Mapping[Kind, tuple[How, ...]]] = {
    Kind.STATEMENT: (How.KILL_BEFORE, How.KILL_AFTER),
    Kind.ROLLBACK: (How.KILL_BEFORE, How.KILL_AFTER),
    Kind.COMMIT: tuple(How),
    Kind.CALL: tuple(How),
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange, as it is told in a report."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """At which exchange of a process, counted from 0, and what happens there."""

    at: int
    how: How


@dataclass
class Knife:
    """Counts the exchanges of one process while it is armed, and strikes at one of them."""

    stroke: Stroke | None = None
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    is_dead: bool = False
    has_struck: bool = False
    is_armed: bool = False
    death: asyncio.Event = field(default_factory=asyncio.Event)
    connections: "weakref.WeakSet[psycopg.AsyncConnection[Any]]" = field(
        default_factory=weakref.WeakSet[psycopg.AsyncConnection[Any]]
    )

    async def exchange(
        self, exchange: Exchange, act: Callable[[], Awaitable[T]], sever: Callable[[], BaseException]
    ) -> T:
        """Let one exchange happen, or strike; ``sever`` breaks the connection and says what its user then sees."""
        if self.is_dead:
            raise Killed
        if not self.is_armed:
            return await act()
        mine = len(self.exchanges)
        self.exchanges.append(exchange)
        how = self.stroke.how if self.stroke is not None and self.stroke.at == mine else None
        self.has_struck |= how is not None
        if how is How.KILL_BEFORE:
            self.kill()
        if how is How.CUT_BEFORE:
            raise sever()
        answer = await act()
        if self.is_dead:
            raise Killed
        if how is How.KILL_AFTER:
            self.kill()
        if how is How.CUT_AFTER:
            raise sever()
        return answer

    def kill(self) -> None:
        """Die: every connection is closed as it is."""
        self.is_dead = True
        for connection in list(self.connections):
            connection.pgconn.finish()
        self.death.set()
        raise Killed

    async def run(self, act: Callable[[], Awaitable[T]]) -> T:
        """Run something as this process's work, counted; if it is killed, the work ends with it.

        Raises:
            Killed: it was.
        """

        async def acted() -> T:
            return await act()

        self.is_armed = True
        work, death = asyncio.create_task(acted()), asyncio.create_task(self.death.wait())
        done, _ = await asyncio.wait({work, death}, return_when=asyncio.FIRST_COMPLETED, timeout=_PATIENCE_S)
        self.is_armed = False
        for task in (work, death):
            task.cancel()
        await asyncio.gather(work, death, return_exceptions=True)
        assert done, "it hangs"
        if not self.is_dead:
            return work.result()
        raise Killed


def _read(generator: Any) -> Exchange | None:
    """What a generator of psycopg's is about to exchange; None: nothing that the shop asked for."""
    frame = generator.gi_frame
    if frame is None:
        return None
    values = frame.f_locals
    match generator.__name__:
        case "_execute_gen" | "_executemany_gen_no_pipeline" | "_executemany_gen_pipeline":
            words = " ".join(str(values["query"]).split())
            return Exchange(Kind.STATEMENT, words[:60])
        case "_exit_gen":
            is_rollback = values.get("exc_val") is not None
            return Exchange(Kind.ROLLBACK if is_rollback else Kind.COMMIT, "ROLLBACK" if is_rollback else "COMMIT")
        case _:
            # BEGIN: nothing has happened yet, so before and after it are the instants around it.
            return None


@contextmanager
def watched(knife: Callable[[psycopg.AsyncConnection[Any]], Knife | None]) -> Generator[None]:
    """Lead all asynchronous database exchanges in the block through the knife of the connection's process."""
    real = psycopg.AsyncConnection[Any].wait

    async def wait(self: psycopg.AsyncConnection[Any], generator: Any, *args: Any, **named: Any) -> Any:
        present = knife(self)
        if present is None:
            return await real(self, generator, *args, **named)
        present.connections.add(self)
        exchange = _read(generator)
        if exchange is None:
            if present.is_dead:
                raise Killed
            return await real(self, generator, *args, **named)

        def sever() -> BaseException:
            self.pgconn.finish()
            return psycopg.OperationalError("the connection was cut")

        return await present.exchange(exchange, lambda: real(self, generator, *args, **named), sever)

    setattr(psycopg.AsyncConnection, "wait", wait)  # noqa: B010 - a method can't be assigned in typed code
    try:
        yield
    finally:
        setattr(psycopg.AsyncConnection, "wait", real)  # noqa: B010 - the same


Answer = tuple[bytes, int, Mapping[str, str]]


def lead_through(knife: Knife, transport: Any) -> None:
    """Lead every call of a Stripe client's transport through the knife."""
    real = cast("Callable[..., Awaitable[Answer]]", transport.request_async)

    async def request(method: str, url: str, headers: Mapping[str, str], post_data: Any = None) -> Answer:
        exchange = Exchange(Kind.CALL, f"{method.upper()} {urlsplit(url).path}")
        return await knife.exchange(
            exchange,
            lambda: real(method, url, headers, post_data),
            lambda: stripe.APIConnectionError("the connection was cut", should_retry=True),
        )

    transport.request_async = request
