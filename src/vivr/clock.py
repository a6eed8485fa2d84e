"""The time: an argument for every decision, so that a test can set it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Something that tells the present time."""

    def now(self) -> datetime:
        """The present, in UTC and aware of it."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present, in UTC."""
        return datetime.now(UTC)


@dataclass
class SetClock:
    """A clock that stands still until it is moved: for tests and simulations."""

    time: datetime

    def now(self) -> datetime:
        """The time that was set."""
        return self.time

    def advance(self, **by: float) -> None:
        """Move forward by a ``timedelta``'s keywords, such as ``minutes=46``."""
        self.time += timedelta(**by)
