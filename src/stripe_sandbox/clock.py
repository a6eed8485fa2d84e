"""Time: the machine's clock, and each account's own time on top of it, which can be advanced and compressed.

An account's time starts as real time. Setting it forward or changing its speed moves the anchor: from there on sandbox
time runs `speed` times as fast as real time. It never runs backwards, because events and objects already carry its
past.
"""

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Where real time comes from."""

    def now(self) -> float:
        """Real seconds since 1970."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Real seconds since 1970."""
        return time.time()


class ManualClock:
    """A clock that stands still until it is moved, for runs that must be the same every time."""

    def __init__(self, start: float) -> None:
        self.time = start

    def now(self) -> float:
        """The seconds it was last set to."""
        return self.time


@dataclass(frozen=True)
class AccountTime:
    """The anchor of one account's time: at real time `real` it was `sandbox`, running at `speed`."""

    real: float
    sandbox: float
    speed: float = 1.0

    def at(self, real_now: float) -> float:
        """Sandbox seconds at a real time."""
        return self.sandbox + max(0.0, real_now - self.real) * self.speed

    def moved(self, real_now: float, *, target: float | None = None, speed: float | None = None) -> "AccountTime":
        """The anchor after a jump to `target` (not before the present) or a change of speed."""
        present = self.at(real_now)
        return AccountTime(
            real=real_now,
            sandbox=present if target is None else max(present, target),
            speed=self.speed if speed is None else speed,
        )

    def real_wait_s(self, due: float, real_now: float) -> float:
        """Real seconds until sandbox time `due`; infinite while time stands still."""
        missing = due - self.at(real_now)
        if missing <= 0:
            return 0.0
        return missing / self.speed if self.speed > 0 else float("inf")
