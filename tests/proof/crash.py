"""Runs crash enumerations on a database of its own and says what came of them, a line of JSON for each flow.

    python -m proof.crash DATABASE_URL [--flow NAME]... [--controls short] [--pairs NAME]... [--share 0/2]
                          [--minutes 5] [--state FILE]

It is a process of its own because every run counts: nothing traces it, and what it imported is not collected again.
A share is every so-manieth point, of pairs it is all. With a state file it goes on where it stopped.
"""

import argparse
import asyncio
import gc
import hashlib
import json
import logging
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from proof.controls import CONTROLS, Control
from proof.enumeration import NotReachedError, Point, Recording, attempt, record
from proof.flows import FLOWS, PAIRED
from proof.knife import Kind
from proof.pairs import Pairs
from proof.world import World, open_world

_TIDY_EACH: Final = 200
_WRITE_EACH_S: Final = 5.0


@dataclass
class State:
    """What was tried of each flow, remembered in a file; of a flow that goes otherwise by now it does not count."""

    file: Path | None
    tried: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    written_at: float = 0.0

    @classmethod
    def read(cls, file: Path | None) -> "State":
        """The state as it was left."""
        return cls(file, json.loads(file.read_text("utf-8")) if file and file.exists() else {})

    def of(self, recording: Recording, what: str) -> dict[str, Any]:
        """What was tried of a flow as it goes now."""
        print_of = hashlib.sha256(repr(recording.exchanges).encode()).hexdigest()[:16]
        key = f"{what} {recording.flow.name} {print_of}"
        for old in [name for name in self.tried if name.startswith(f"{what} {recording.flow.name} ") and name != key]:
            del self.tried[old]
        return self.tried.setdefault(key, {})

    def write(self, *, is_last: bool = False) -> None:
        """Remember, now and then."""
        if self.file is not None and (is_last or time.monotonic() - self.written_at > _WRITE_EACH_S):
            self.written_at = time.monotonic()
            self.file.write_text(json.dumps(self.tried), "utf-8")


@dataclass
class Run:
    """One process's share of the work, and until when."""

    share: tuple[int, int]
    deadline: float
    state: State
    count: int = 0

    def mine(self, points: Sequence[Point]) -> list[Point]:
        """Every so-manieth point."""
        return [point for number, point in enumerate(points) if number % self.share[1] == self.share[0]]

    async def enumerate(self, world: World, recording: Recording, points: Sequence[Point]) -> None:
        """Try what was not tried yet until the time is over, and say how far it came."""
        tried, violations, missed = self.state.of(recording, "points"), dict[str, list[str]](), list[str]()
        for point in points:
            if point.name in tried:
                continue
            if time.monotonic() > self.deadline:
                break
            try:
                broken = await attempt(world, recording, point, is_patient=point.is_patient)
            except NotReachedError:
                missed.append(point.name)
                continue
            if broken:
                violations[f"{point.name} {point.exchange.text}"] = broken
            else:
                tried[point.name] = True
            self.count_one(world)
        self.state.write(is_last=True)
        of = {"existing": len(points), "tried": len(tried) + len(violations), "not_reached": missed}
        say(flow=recording.flow.name, what="points", **of, violations=violations)

    def count_one(self, world: World) -> None:
        """One more run is over: remember it, and tidy up now and then."""
        self.count += 1
        if self.count % _TIDY_EACH == 0:
            world.tidy()
        self.state.write()

    async def singles(self, database_url: str, name: str) -> None:
        """Every point of a flow."""
        if time.monotonic() > self.deadline:
            return
        async with open_world(database_url, **FLOWS[name].settings) as world:
            recording = await record(world, FLOWS[name])
            points, tried = self.mine(recording.points()), self.state.of(recording, "points")
            if all(point.name in tried for point in points):
                # It came to its end last time: once more, for the code may have changed between its exchanges.
                tried.clear()
            await self.enumerate(world, recording, points)
            world.clear()

    async def pairs(self, database_url: str, name: str) -> None:
        """Every second end of a process, in the recovery from every point, by what it leaves behind."""
        if time.monotonic() > self.deadline:
            return
        async with open_world(database_url, **FLOWS[name].settings) as world:
            recording = await record(world, FLOWS[name])
            pairs = Pairs(world, recording, self.state.of(recording, "pairs"), partial(self.count_one, world))
            await pairs.enumerate(self.deadline)
            self.state.write(is_last=True)
            say(flow=name, what="pairs", **pairs.report())
            world.clear()


def _tells_soon(point: Point) -> int:
    """Calls and commits first: most broken shops break there."""
    return [Kind.CALL, Kind.COMMIT].index(point.exchange.kind) if point.exchange.kind in {Kind.CALL, Kind.COMMIT} else 2


async def control(database_url: str, broken: Control, *, is_short: bool) -> None:
    """Say at how many points a broken shop is caught; the short way ends at the first."""
    async with open_world(database_url, **broken.flow.settings) as world:
        recording = await record(world, broken.flow, broken.variant)
        points, caught, tried = sorted(recording.points(), key=_tells_soon), 0, 0
        for point in points:
            tried += 1
            with suppress(NotReachedError):
                caught += bool(await attempt(world, recording, point, broken.variant))
            if caught and is_short:
                break
        say(control=broken.name, flow=broken.flow.name, existing=len(points), tried=tried, caught=caught)
        world.clear()


def say(**facts: Any) -> None:
    """A line for whoever started this process."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Read the arguments and do what they ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database_url")
    parser.add_argument("--flow", action="append", choices=[*FLOWS], default=[])
    parser.add_argument("--controls", choices=["short", "whole"])
    parser.add_argument("--pairs", action="append", choices=PAIRED, default=[])
    parser.add_argument("--share", default="0/1")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--state", type=Path)
    given = parser.parse_args()
    mine, of = (int(part) for part in given.share.split("/"))
    run = Run((mine, of), time.monotonic() + given.minutes * 60, State.read(given.state))
    if given.controls:
        for broken in CONTROLS[mine::of]:
            await control(given.database_url, broken, is_short=given.controls == "short")
    for name in given.flow:
        await run.singles(given.database_url, name)
    for name in given.pairs:
        await run.pairs(given.database_url, name)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    gc.freeze()
    asyncio.run(main())
