"""The circuit breaker: while Stripe itself fails, callers are told at once instead of waiting for it. Pure.

Only Stripe's own failures count (no connection, no answer in time, 5xx); whatever it answers with 4xx shows that it is
there. After a rest one call is let through as a probe: its success closes the breaker, its failure doubles the rest.
"""

from collections import deque
from enum import StrEnum
from typing import Final

CALLS_SEEN: Final = 20
FAILURES_MIN: Final = 5
MEMORY_S: Final = 30.0
REST_FIRST_S: Final = 5.0
REST_MAX_S: Final = 60.0
_PROBE_MAX_S: Final = 15.0
"""A probe that nobody heard of for so long is given up, so that another call may be one."""


class BreakerState(StrEnum):
    """Closed lets every call through, open none, half-open one."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Opens when at least 5 of the last 20 calls within 30 s failed, and no fewer than half of them.

    All times are seconds of one monotonic clock. Each call that is let through gets a ticket, and what it tells at its
    end counts only while nothing has changed since: a call that began before an outage says nothing of its end.
    """

    def __init__(self) -> None:
        self.state: BreakerState = BreakerState.CLOSED
        self._ticket: int = 0
        self._calls: deque[tuple[float, bool]] = deque(maxlen=CALLS_SEEN)
        self._rest_s: float = REST_FIRST_S
        self._none_before_s: float = 0.0

    def rest_left_s(self, now_s: float) -> float:
        """How long no call is let through; 0: the next one may go."""
        return 0.0 if self.state is BreakerState.CLOSED else max(self._none_before_s - now_s, 0.0)

    def admit(self, now_s: float) -> int | None:
        """The ticket of a call that may go now; when the rest of an open breaker is over, one goes, as a probe."""
        if self.rest_left_s(now_s) > 0:
            return None
        if self.state is not BreakerState.CLOSED:
            self._turn_to(BreakerState.HALF_OPEN)
            self._none_before_s = now_s + _PROBE_MAX_S
        return self._ticket

    def note_success(self, ticket: int, now_s: float) -> None:
        """Stripe answered."""
        if ticket != self._ticket:
            return
        if self.state is BreakerState.HALF_OPEN:
            self._rest_s = REST_FIRST_S
            self._turn_to(BreakerState.CLOSED)
        else:
            self._calls.append((now_s, True))

    def note_failure(self, ticket: int, now_s: float) -> None:
        """Stripe failed."""
        if ticket != self._ticket:
            return
        if self.state is BreakerState.HALF_OPEN:
            self._rest_s = min(self._rest_s * 2, REST_MAX_S)
            self._open(now_s)
            return
        self._calls.append((now_s, False))
        recent = [was_good for at_s, was_good in self._calls if now_s - at_s < MEMORY_S]
        failures = recent.count(False)
        if failures >= FAILURES_MIN and failures * 2 >= len(recent):
            self._open(now_s)

    def note_nothing(self, ticket: int, now_s: float) -> None:
        """The caller gave up: that says nothing of Stripe. If it was the probe, the next call is one."""
        if ticket == self._ticket and self.state is BreakerState.HALF_OPEN:
            self._none_before_s = now_s

    def _open(self, now_s: float) -> None:
        self._turn_to(BreakerState.OPEN)
        self._none_before_s = now_s + self._rest_s

    def _turn_to(self, state: BreakerState) -> None:
        self.state = state
        self._ticket += 1
        self._calls.clear()
