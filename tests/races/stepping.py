"""Runs several processes statement by statement, in an order that is chosen, and walks through all such orders.

Each process is a shop with connections of its own. It is held before each of its exchanges with the world (statement,
COMMIT, call of Stripe), and one of them at a time is let go on by one exchange. A process that waits for a lock is
found in ``pg_locks``; another one then goes on, which is no preemption. A schedule names the moments at which somebody
else than the one that would go on is chosen; what it leads to is the same each time.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString, TypeVar, cast

import psycopg

from proof.knife import Exchange, Knife, watched
from proof.world import World
from shop_kit import Kit
from vivr.errors import VivrError

T = TypeVar("T")

_LOOK_EACH_S: Final = 0.01
_PATIENCE_S: Final = 30.0
_WAITING: Final[LiteralString] = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid = ANY(%s))"
_NO_EFFECT: Final = "SET LOCAL "
"""Begins each transaction, and neither reads nor writes."""

Choice = tuple[int, int]
"""After so many exchanges of all processes, this process goes on."""


@dataclass
class Process(Knife):
    """One process: what it is about to do, and what it has come to."""

    kit: Kit | None = None
    waiting: list[tuple[Exchange, asyncio.Future[None]]] = field(
        default_factory=list[tuple[Exchange, asyncio.Future[None]]]
    )
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    work: asyncio.Task[str] | None = None
    is_blocked: bool = False

    async def exchange(
        self, exchange: Exchange, act: Callable[[], Awaitable[T]], sever: Callable[[], BaseException]
    ) -> T:
        """Wait until it is this process's turn."""
        del sever
        if self.is_armed and not exchange.text.startswith(_NO_EFFECT):
            await self.hold(exchange)
        return await act()

    async def hold(self, exchange: Exchange) -> None:
        """Wait for the next turn; also for what happens at Stripe by another hand."""
        go = asyncio.get_running_loop().create_future()
        self.waiting.append((exchange, go))
        self.stirred.set()
        await go

    @property
    def is_done(self) -> bool:
        """Whether its work has ended."""
        return self.work is not None and self.work.done()

    @property
    def is_ready(self) -> bool:
        """Whether it can be given a turn."""
        return bool(self.waiting) and not self.is_done

    def go_on(self) -> Exchange:
        """Give it a turn."""
        exchange, go = self.waiting.pop(0)
        self.stirred.clear()
        go.set_result(None)
        return exchange

    def begin(self, act: Callable[["Process"], Awaitable[object]]) -> None:
        """Begin its work, which is held at its first exchange."""

        async def acted() -> str:
            try:
                await act(self)
            except VivrError as error:
                return error.code
            finally:
                self.stirred.set()
            return "done"

        self.waiting.clear()
        self.stirred.clear()
        self.is_blocked, self.is_armed = False, True
        self.work = asyncio.create_task(acted())


@dataclass(frozen=True)
class Played:
    """What a schedule led to.

    Attributes:
        told: of each process: done, or the code of its refusal.
        others: for each moment, who else could have gone on, and whether that would have been a preemption.
        steps: what was exchanged, by whom.
    """

    told: str
    others: tuple[tuple[tuple[int, ...], bool], ...]
    steps: tuple[tuple[int, Exchange], ...]


@dataclass
class Stage:
    """Processes side by side on one world."""

    world: World
    processes: Sequence[Process]

    async def play(self, acts: Sequence[Callable[[Process], Awaitable[object]]], choices: Sequence[Choice]) -> Played:
        """Play one schedule to its end.

        Raises:
            AssertionError: the processes wait for each other.
        """
        chosen, current = dict(choices), 0
        others, steps = list[tuple[tuple[int, ...], bool]](), list[tuple[int, Exchange]]()
        for process, act in zip(self.processes, acts, strict=True):
            process.begin(act)
            await self._settle(process)
        try:
            while ready := await self._ready():
                is_free = current in ready
                usual = current if is_free else min(ready, key=lambda one: (one - current) % len(self.processes))
                others.append((tuple(one for one in ready if one != usual), is_free and bool(steps)))
                current = chosen.get(len(steps), usual)
                assert current in ready, "the schedule goes otherwise than before"
                steps.append((current, self.processes[current].go_on()))
                await self._settle(self.processes[current])
        finally:
            await self._end()
        told = " | ".join(cast("asyncio.Task[str]", process.work).result() for process in self.processes)
        return Played(told, tuple(others), tuple(steps))

    async def _ready(self) -> list[int]:
        """Who can go on (nobody: all have ended); whoever was given the lock it waited for comes to its hold first."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            for process in self.processes:
                if process.is_blocked:
                    await self._settle(process)
            ready = [number for number, process in enumerate(self.processes) if process.is_ready]
            if ready or all(process.is_done for process in self.processes):
                return ready
            assert time.monotonic() < deadline, "the processes wait for each other"
            await asyncio.sleep(_LOOK_EACH_S)

    async def _settle(self, process: Process) -> None:
        """Until the process is held again, has ended, or waits for a lock."""
        deadline = time.monotonic() + _PATIENCE_S
        while not process.stirred.is_set():
            process.is_blocked = process.is_blocked and self._waits(process)
            if process.is_blocked:
                return
            try:
                await asyncio.wait_for(process.stirred.wait(), _LOOK_EACH_S)
            except TimeoutError:
                process.is_blocked = self._waits(process)
            assert time.monotonic() < deadline, "it hangs"
        process.is_blocked = False

    def _waits(self, process: Process) -> bool:
        pids = [one.info.backend_pid for one in list(process.connections) if not one.closed]
        return bool(self.world.ask(_WAITING, pids))

    async def _end(self) -> None:
        """Nothing of the schedule goes on after it."""
        for process in self.processes:
            process.is_armed = False
            if process.work is not None and not process.work.done():
                process.work.cancel()
        left = [process.work for process in self.processes if process.work is not None]
        await asyncio.gather(*left, return_exceptions=True)


@asynccontextmanager
async def open_stage(world: World, count: int) -> AsyncGenerator[Stage]:
    """So many processes, and a last one that does what must be done before and after a schedule."""
    processes = [Process() for _ in range(count)]
    owners: dict[object, Process] = {}

    def owner(connection: psycopg.AsyncConnection[Any]) -> Process | None:
        return owners.get(getattr(connection, "_pool", None))

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(world.process())
        present = world.knife
        for process in processes:
            process.kit = await stack.enter_async_context(world.open_kit(process))
            owners[process.kit.shop.database._pool] = process  # pyright: ignore[reportPrivateUsage] - no other name
        world.knife = present
        stack.enter_context(watched(owner))
        yield Stage(world, processes)


def next_schedules(choices: Sequence[Choice], played: Played) -> Iterator[tuple[tuple[Choice, ...], bool]]:
    """The schedules that have one choice more than a played one, and whether that choice is a preemption."""
    first = choices[-1][0] + 1 if choices else 0
    for at in range(first, len(played.steps)):
        others, is_preemption = played.others[at]
        for other in others:
            yield (*choices, (at, other)), is_preemption
