"""Two processes in one test: what the other one does between two steps of this one is chosen, not left to luck."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

from shop_kit import Kit, open_kit
from vivr import crash_points

T = TypeVar("T")


class OtherProcess:
    """A shop of its own on the same database and the same Stripe account, in another thread with its own event loop."""

    def __init__(self, database_url: str, sandbox_url: str, stripe_key: str) -> None:
        self._where: tuple[str, str, str] = (database_url, sandbox_url, stripe_key)
        self._loop: asyncio.AbstractEventLoop = asyncio.new_event_loop()
        self._ready: threading.Event = threading.Event()
        self._stop: asyncio.Event = asyncio.Event()
        self._kit: Kit | None = None
        self._thread: threading.Thread = threading.Thread(target=self._loop.run_until_complete, args=(self._live(),))
        self._thread.start()
        assert self._ready.wait(20)

    async def _live(self) -> None:
        database_url, sandbox_url, key = self._where
        async with open_kit(database_url, sandbox_url, STRIPE_SECRET_KEY=key) as kit:
            self._kit = kit
            self._ready.set()
            await self._stop.wait()

    def run(self, act: Callable[[Kit], Awaitable[T]]) -> T:
        """Do something there, and wait for it here; nothing of this process goes on meanwhile."""
        kit = self._kit
        assert kit is not None

        async def acted() -> T:
            return await act(kit)

        return asyncio.run_coroutine_threadsafe(acted(), self._loop).result(20)

    def end(self) -> None:
        """Stop the process."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        self._loop.close()


@contextmanager
def at_point(name: str, act: Callable[[], object]) -> Generator[list[str]]:
    """Act once, when this thread reaches a named point; gives the names of all points that this thread reached."""
    here, reached = threading.get_ident(), list[str]()

    def hear(point: str) -> None:
        if threading.get_ident() != here:
            return
        first_time = point == name and name not in reached
        reached.append(point)
        if first_time:
            act()

    crash_points.listen(hear)
    try:
        yield reached
    finally:
        crash_points.listen(None)
