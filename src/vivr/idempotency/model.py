"""What a client's key stands for, and what a repeat of it gets. Pure.

The subject is the id of what the request makes (an order's). It is chosen when the key is first seen, so that a repeat
after a crash goes on with the same work. A fence counts who works on it: only the latest one may store the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

LEASE: Final = timedelta(seconds=30)
"""How long a request counts as being worked on; after that a repeat takes over."""

RETENTION: Final = timedelta(hours=48)
"""How long a key and its answer are kept."""

KEY_LENGTH_MAX: Final = 255


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """A key as it is stored; ``fields`` maps a top-level field of the body to a keyed hash of its value."""

    principal: str
    route: str
    key: str
    subject_id: str
    fields: Mapping[str, str]
    status: int | None
    answer_sealed: bytes | None
    fence: int
    lease_until: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer: an HTTP status and a body."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class New:
    """Do the work under this subject; ``fence`` is the right to store its answer."""

    subject_id: str
    fence: int


@dataclass(frozen=True, slots=True)
class Replay:
    """The work was done: this was the answer."""

    subject_id: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class InFlight:
    """Somebody works on it."""

    retry_after_s: int


@dataclass(frozen=True, slots=True)
class Differs:
    """The key was used for other input; these fields differ."""

    fields: tuple[str, ...]


Claim: TypeAlias = New | Replay | InFlight | Differs


def differing_fields(stored: Mapping[str, str], given: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The fields that are not the same in both, sorted.

    Args:
        stored: field -> hash.
        given: field -> its hash under each active key.
    """
    return tuple(
        sorted(
            name
            for name in stored.keys() | given.keys()
            if name not in stored or name not in given or stored[name] not in given[name]
        )
    )


def seconds_left(request: ClientRequest, now: datetime) -> int:
    """How long the one who works on it still has, in whole seconds and at least one; 0: nobody does any more."""
    if request.lease_until <= now:
        return 0
    return max(1, int((request.lease_until - now).total_seconds()))


def is_key(key: str) -> bool:
    """Whether a text can be a key: 1 to 255 visible ASCII characters, inner spaces allowed."""
    return 1 <= len(key) <= KEY_LENGTH_MAX and key.isascii() and key.isprintable() and key == key.strip()
