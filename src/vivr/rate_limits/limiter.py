"""Counts what clients do and says when one of them has to wait.

``5/minute`` means five at once, and one more every twelve seconds (the generic cell rate algorithm): so ``Retry-After``
is exact, and nobody waits for the end of a window. Counts live in this process, or on a Redis-compatible server that
all web processes share. While that server is away each process counts for itself and asks again every few seconds: a
shop that refuses everybody because of a counter would be the greater harm, and one that counts nobody an open door.

Nothing that is counted names anybody: keys are digests under the shop's own key.
"""

import asyncio
import math
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, cast

import structlog
from prometheus_client import Counter, Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError
from throttled.asyncio import (
    BaseRateLimiter,
    BaseStore,
    MemoryStore,
    RateLimiterRegistry,
    RedisStore,
    exceptions,
    per_duration,
)

from vivr.errors import VivrError
from vivr.sealing import Seals
from vivr.settings import RateLimit

_log: Final = structlog.stdlib.get_logger("vivr.rate_limits")
_SUBJECTS_MAX: Final = 100_000
"""Counts kept in one process; beyond it the one that rested longest is forgotten (about 25 MB)."""
_PATIENCE_S: Final = 0.25
_AGAIN_AFTER_S: Final = 5.0
_PREFIX: Final = "vivr"
_TRIAL: Final = RateLimit(1_000_000, 1)

LIMITED: Final = Counter("vivr_rate_limited", "Requests told to wait.", ("limit",))
_SHARED: Final = Gauge("vivr_rate_limits_shared", "1: counts are shared by REDIS_URL; 0: this process counts alone.")


class RateLimited(VivrError):  # noqa: N818 - reads as what it is
    """Too many of the same kind.

    Attributes:
        retry_after_s: how long to wait.
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("rate_limited", retry_after_s=retry_after_s)
        self.retry_after_s: int = retry_after_s


class RateLimiter:
    """Counts for one process, or for all that share a server.

    Args:
        limits: name -> how often, the settings' one table.
        seals: makes the digests that stand for clients.
        shared_url: a Redis-compatible server, by any scheme that ``REDIS_URL`` takes; None: memory.
    """

    def __init__(self, limits: Mapping[str, RateLimit], seals: Seals, shared_url: str | None) -> None:
        self._seals: Seals = seals
        own = MemoryStore(options={"MAX_SIZE": _SUBJECTS_MAX})
        self._own: dict[str, BaseRateLimiter] = {name: _counter(own, limit) for name, limit in limits.items()}
        self._store: _SharedStore | None = _shared_store(shared_url) if shared_url else None
        self._shared: dict[str, BaseRateLimiter] = (
            {name: _counter(self._store, limit) for name, limit in limits.items()} if self._store else {}
        )
        self._shared_again_at: float = 0.0
        _SHARED.set(0)

    async def take(self, name: str, kind: str, who: str) -> None:
        """Count one more.

        Args:
            name: which limit, as in the settings' table.
            kind: what ``who`` is: ``address``, ``principal``, ``email``.
            who: the client; only its digest is kept.

        Raises:
            RateLimited: this one is too many; it is not counted.
        """
        key = f"{name}:{self._seals.digest(f'rate_limit/{kind}', who).hex()}"
        wait_s = await self._wait_s(name, key)
        if wait_s > 0:
            LIMITED.labels(name).inc()
            raise RateLimited(math.ceil(wait_s))

    async def close(self) -> None:
        """Let go of the shared server."""
        if self._store is not None:
            await self._store.close()

    async def _wait_s(self, name: str, key: str) -> float:
        if self._shared and time.monotonic() >= self._shared_again_at:
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    wait_s = await _ask(self._shared[name], key)
            except (RedisError, exceptions.BaseThrottledError, OSError) as error:
                # The server's own words may quote its address.
                _log.warning("rate_limits.alone", kind=type(error).__name__)
                self._shared_again_at = time.monotonic() + _AGAIN_AFTER_S
                _SHARED.set(0)
            else:
                _SHARED.set(1)
                return wait_s
        return await _ask(self._own[name], key)


def can_share(url: str) -> bool:
    """Whether a Redis-compatible server counts at ``REDIS_URL``; for the doctor, which has no loop."""

    async def count_once() -> None:
        store = _shared_store(url)
        try:
            await _ask(_counter(store, _TRIAL), "doctor")
        finally:
            await store.close()

    try:
        asyncio.run(count_once())
    except (RedisError, exceptions.BaseThrottledError, OSError):
        return False
    return True


def _counter(store: BaseStore, limit: RateLimit) -> BaseRateLimiter:
    quota = per_duration(timedelta(seconds=limit.period_s), limit.count)
    return RateLimiterRegistry.get("gcra")(quota, store, key_prefix=_PREFIX)


async def _ask(counter: BaseRateLimiter, key: str) -> float:
    result = await counter.limit(key)
    return result.state.retry_after if result.limited else 0.0


class _SharedStore(RedisStore):
    """The library's store, which offers no way to let go of its connections."""

    async def close(self) -> None:
        await cast("Redis", self._backend.get_client()).aclose(close_connection_pool=True)


def _shared_store(url: str) -> _SharedStore:
    # The client knows the protocol by its elder name alone.
    scheme, _, rest = url.partition(":")
    known = {"valkey": "redis", "valkeys": "rediss"}.get(scheme, scheme)
    patience = {"SOCKET_TIMEOUT": _PATIENCE_S, "SOCKET_CONNECT_TIMEOUT": _PATIENCE_S}
    return _SharedStore(server=f"{known}:{rest}", options=patience)
