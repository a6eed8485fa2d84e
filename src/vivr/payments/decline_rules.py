"""How declines slow down who tries stolen cards, and then stop him. Pure.

Who was declined now and then is asked for no patience. Beyond that the wait for another way to pay doubles with each
decline, and at the most there is none until a day has passed. An address may be that of a whole office: it may have
three times as many. An open page stays open to whoever is at it, until its declines reach the most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

WINDOW: Final = timedelta(hours=24)
"""Declines count for so long."""

_FIRST_WAIT: Final = timedelta(minutes=1)
_DOUBLINGS_MAX: Final = 20


class CountedBy(StrEnum):
    """Whose declines are counted."""

    CLIENT = "client"
    CUSTOMER = "customer"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Declines:
    """Tries that failed within the window, counted by one of three."""

    kind: CountedBy
    count: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeclineTerms:
    """How many declines within a day cost nothing, and how many end it."""

    free: int
    most: int

    def of(self, kind: CountedBy) -> "DeclineTerms":
        """The terms for one kind of count."""
        shared_by = 3 if kind == CountedBy.CLIENT else 1
        return DeclineTerms(self.free * shared_by, self.most * shared_by)


def wait_after(counts: Sequence[Declines], terms: DeclineTerms, now: datetime) -> timedelta:
    """How long there is no other way to pay: the longest that any count asks for, or nothing."""
    return max((_wait(one, terms.of(one.kind), now) for one in counts), default=timedelta(0))


def _wait(declines: Declines, terms: DeclineTerms, now: datetime) -> timedelta:
    beyond = declines.count - terms.free
    if declines.last_at is None or beyond <= 0:
        return timedelta(0)
    doubled = _FIRST_WAIT * 2 ** min(beyond - 1, _DOUBLINGS_MAX)
    wait = WINDOW if declines.count >= terms.most else min(WINDOW, doubled)
    return max(timedelta(0), declines.last_at + wait - now)
