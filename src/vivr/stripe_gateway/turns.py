"""Whose turn it is to call Stripe: token buckets for its limits, and a queue in which writes go before reads.

Stripe takes 100 calls a second in live mode and 25 in test mode, and 25 at one endpoint (Stripe docs, rate limits).
``TurnQueue`` is pure and decides; ``Turns`` waits.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable
from typing import Final

ENDPOINT_PER_S: Final = 25
_WORD: Final = re.compile(r"v[12]|[a-z_]+")
_WINDOW_S: Final = 1.0


def endpoint_of(method: str, path: str) -> str:
    """What Stripe counts a call under: the method, and the path with its ids taken out."""
    parts = (part if _WORD.fullmatch(part) else "{id}" for part in path.strip("/").split("/"))
    return f"{method.upper()} /{'/'.join(parts)}"


class Bucket:
    """So many tokens, each of which comes back a second after it was taken: no second ever sees more than there are.

    Args:
        size: tokens, at least one.
    """

    def __init__(self, size: int) -> None:
        self._size: int = size
        self._taken_s: deque[float] = deque(maxlen=size)

    def free_at(self, now_s: float) -> float:
        """When a token is there; not later than now: at once."""
        return now_s if len(self._taken_s) < self._size else self._taken_s[0] + _WINDOW_S

    def take(self, now_s: float) -> None:
        """Take a token that is there; the one that was away longest gives way to it."""
        self._taken_s.append(now_s)

    def drain(self, now_s: float) -> None:
        """Take all of them: Stripe says that others use up its limit too."""
        self._taken_s.extend([now_s] * self._size)


class Waiter:
    """One call that waits for its turn.

    Args:
        endpoint: what Stripe counts it under.
        go: called once when it is its turn; False: it does not wait any more.
    """

    def __init__(self, endpoint: str, go: Callable[[], bool]) -> None:
        self.endpoint: str = endpoint
        self.go: Callable[[], bool] = go


class TurnQueue:
    """Who goes next: writes first, each kind in the order of coming, none past a bucket that is empty for it.

    Args:
        per_s: calls a second in all.
        endpoint_per_s: calls a second at one endpoint.
    """

    def __init__(self, per_s: int, endpoint_per_s: int) -> None:
        self._all: Bucket = Bucket(per_s)
        self._endpoint_per_s: int = endpoint_per_s
        self._endpoints: dict[str, Bucket] = {}
        self._writes: deque[Waiter] = deque()
        self._reads: deque[Waiter] = deque()

    def join(self, waiter: Waiter, *, is_write: bool) -> None:
        """Stand in line."""
        (self._writes if is_write else self._reads).append(waiter)

    def serve(self, now_s: float) -> float | None:
        """Let everybody go whose turn it is; when to look again, or None if nobody waits."""
        look_again_s: float | None = None
        for line in (self._writes, self._reads):
            for _ in range(len(line)):
                waiter = line.popleft()
                bucket = self._bucket_of(waiter.endpoint)
                free_at_s = max(self._all.free_at(now_s), bucket.free_at(now_s))
                if free_at_s > now_s:
                    line.append(waiter)
                    look_again_s = free_at_s if look_again_s is None else min(free_at_s, look_again_s)
                elif waiter.go():
                    self._all.take(now_s)
                    bucket.take(now_s)
        return look_again_s

    def drain(self, endpoint: str, now_s: float) -> None:
        """Nobody goes to an endpoint for a second."""
        self._bucket_of(endpoint).drain(now_s)

    def _bucket_of(self, endpoint: str) -> Bucket:
        return self._endpoints.setdefault(endpoint, Bucket(self._endpoint_per_s))


class Turns:
    """Waits for the turn of each call of this process.

    Args:
        per_s: this process's share of the account's calls a second; None: no limit is kept.
        endpoint_per_s: the same for one endpoint.
    """

    def __init__(self, per_s: int | None, endpoint_per_s: int = ENDPOINT_PER_S) -> None:
        self._queue: TurnQueue | None = TurnQueue(per_s, endpoint_per_s) if per_s else None
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, endpoint: str, *, is_write: bool, patience_s: float) -> bool:
        """Return when it is this call's turn; False: it did not come in time."""
        if self._queue is None:
            return True
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def go() -> bool:
            if turn.done():
                return False
            turn.set_result(None)
            return True

        self._queue.join(Waiter(endpoint, go), is_write=is_write)
        self._serve()
        try:
            await asyncio.wait_for(turn, patience_s)
        except TimeoutError:
            return False
        return True

    def drain(self, endpoint: str) -> None:
        """Stripe said that an endpoint's limit is used up: rest for a second."""
        if self._queue is not None:
            self._queue.drain(endpoint, time.monotonic())

    def _serve(self) -> None:
        assert self._queue is not None
        if self._timer is not None:
            self._timer.cancel()
        now_s = time.monotonic()
        look_again_s = self._queue.serve(now_s)
        self._timer = None
        if look_again_s is not None:
            self._timer = asyncio.get_running_loop().call_later(look_again_s - now_s, self._serve)
