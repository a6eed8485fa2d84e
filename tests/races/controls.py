"""Shops without what guards them: whoever reads in order to write may be overtaken in between."""

import re
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import psycopg

import vivr.web.idempotency
from proof.world import patched
from vivr.idempotency.model import New
from vivr.ids import OrderId

_ROW_LOCK: Final = re.compile(r"\bFOR (NO KEY )?UPDATE( OF \w+)?( SKIP LOCKED)?")
_ADVISORY_LOCK: Final = re.compile(r"\bpg_(try_)?advisory_xact_lock\((?:[^()]|\([^()]*(?:\([^()]*\))?[^()]*\))*\)")


def unlocked(text: str) -> str:
    """A statement that locks nothing that it does not write."""
    return _ADVISORY_LOCK.sub("true", _ROW_LOCK.sub("", text))


@contextmanager
def without_locks() -> Generator[None]:
    """A shop that locks nothing that it does not write."""
    execute: Any = psycopg.AsyncCursor[Any].execute

    async def careless(self: psycopg.AsyncCursor[Any], query: Any, *args: Any, **named: Any) -> Any:
        return await execute(self, unlocked(query) if isinstance(query, str) else query, *args, **named)

    with patched(psycopg.AsyncCursor, execute=careless):
        yield


def keys_forgotten() -> AbstractContextManager[None]:
    """A shop for which each request with a key is the first one."""

    async def claim(*_: object, subject_id: OrderId, **__: object) -> New:
        return New(subject_id, fence=1)

    return patched(vivr.web.idempotency, claim_request=claim)
