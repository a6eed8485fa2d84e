"""The long drill, within a time: what ``make test`` has no time for. It goes on next time where it stopped.

    python -m proof.drill --minutes 20 [--state FOLDER] [--seed N]

Two lanes run side by side, each part as a process on a database of its own. Nothing is left to chance: seeds begin at
1, and a state folder moves them on. ``make test`` has the broken shops that each part must catch.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cluster import Databases
from proof.flows import FLOWS, PAIRED
from proof.report import TESTS
from vivr.embedded_postgres import temporary_cluster

_GRACE_S: Final = 150
"""So much longer than its time a part may take to end what it began; then it is cut off, which breaks no promise."""


@dataclass(frozen=True)
class Part:
    """One part of the drill.

    Attributes:
        name: in reports.
        share: of its lane's time; what it leaves is for the next one.
        module: what is run, with these arguments.
        has_database: whether it is given one; otherwise it brings its own.
        state: the file in which it remembers what it tried.
        has_seed: whether it is given a seed instead.
    """

    name: str
    share: float
    module: str
    arguments: tuple[str, ...] = ()
    has_database: bool = True
    state: str | None = None
    has_seed: bool = False


_EVERY_FLOW: Final = tuple(argument for name in FLOWS for argument in ("--flow", name))
_EVERY_PAIR: Final = tuple(argument for name in PAIRED for argument in ("--pairs", name))
LANES: Final = (
    (
        Part("processes", 0.3, "crash.drill", has_database=False, state="processes"),
        Part("points", 0.5, "proof.crash", _EVERY_FLOW, state="points"),
        Part("pairs", 0.2, "proof.crash", _EVERY_PAIR, state="pairs"),
    ),
    (
        Part("orders", 0.35, "proof.orders", ("--most", "6", "--timings"), state="orders"),
        Part("races", 0.35, "races.explore", ("--preemptions", "2"), has_seed=True),
        Part("chaos", 0.3, "proof.machine", ("--runs", "60"), has_seed=True),
    ),
)


@dataclass
class Drill:
    """One drill: where it runs, what it began with, and what was heard."""

    databases: Databases
    folder: Path
    began: float
    minutes: float
    seeds: dict[str, int]
    lines: list[str] = field(default_factory=list[str])
    broken: list[str] = field(default_factory=list[str])

    def run_lane(self, parts: Sequence[Part]) -> None:
        """One part after the other; each ends when its share and those before it are over."""
        until = 0.0
        for part in parts:
            until += part.share
            minutes = self.minutes * until - (time.monotonic() - self.began) / 60
            if minutes > 0:
                self.run(part, minutes)

    def run(self, part: Part, minutes: float) -> None:
        """One part, and what it says."""
        arguments = [*part.arguments, "--minutes", f"{minutes:.2f}"]
        if part.state is not None:
            arguments += ["--state", str(self.folder / f"drill-{part.state}.json")]
        if part.has_seed:
            arguments += ["--seed", str(self.seeds.setdefault(part.name, 1))]
        if not part.has_database:
            return self.hear(part, arguments, minutes)
        with self.databases.lend() as url:
            return self.hear(part, [url, *arguments], minutes)

    def hear(self, part: Part, arguments: Sequence[str], minutes: float) -> None:
        """Start a process, and read what it says."""
        command = [sys.executable, "-m", part.module, *arguments]
        with subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                said, errors = process.communicate(timeout=minutes * 60 + _GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                said, _ = process.communicate()
                self.lines.append(f"{part.name}: cut off, for it took too long")
            else:
                if process.returncode:
                    self.broken.append(f"{part.name}: {errors[-2000:]}")
        for line in said.splitlines():
            self.note(part, json.loads(line))

    def note(self, part: Part, report: dict[str, Any]) -> None:
        """One report of a part."""
        if part.name == "chaos":
            self.note_chaos(report)
            return
        violations: dict[str, list[str]] = report["violations"]
        subject = " ".join(str(report[key]) for key in ("part", "flow", "story", "race") if key in report)
        existing, tried = report.get("existing"), report.get("tried", report.get("schedules"))
        if existing is None:
            # Schedules lead to further ones: what waits is known to exist.
            existing = f"at least {report['schedules'] + report['waiting']}"
        by = ""
        if "states" in report:
            by = f" by {report['states']} of {report['of_states']} states ({report['first_ends']} first ends known)"
        missed = f", not reached {len(report['not_reached'])}" if report.get("not_reached") else ""
        self.lines.append(
            f"{part.name}: {subject}: existing {existing}, tried {tried}{by}{missed}, violations {len(violations)}"
        )
        self.broken += [f"{part.name}: {subject}: {name}: {found}" for name, found in violations.items()]
        if part.name == "races":
            self.seeds["races"] += report["race"] == "webhook x webhook"

    def note_chaos(self, report: dict[str, Any]) -> None:
        """Runs of a shop under chaos, whose seeds follow one another."""
        runs, steps, first = report["runs"], report["steps"], self.seeds["chaos"]
        self.seeds["chaos"] += runs
        found = report["found"]
        self.lines.append(
            f"chaos: from seed {first} on: tried {runs} runs of {steps} steps, violations {0 if found is None else 1}"
        )
        if found is not None:
            self.broken.append(f"chaos: {found}")


def main() -> int:
    """Drill until the time is over; 1 if a promise was broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--state", type=Path, default=Path(".vivr"))
    parser.add_argument("--seed", type=int, help="where chaos and races begin, instead of where they stopped")
    given = parser.parse_args()
    given.state.mkdir(parents=True, exist_ok=True)
    remembered = given.state.resolve() / "drill-seeds.json"
    seeds: dict[str, int] = json.loads(remembered.read_text("utf-8")) if remembered.exists() else {}
    if given.seed is not None:
        seeds = {"races": given.seed, "chaos": given.seed}
    with temporary_cluster() as cluster_url:
        drill = Drill(Databases.on(cluster_url), given.state.resolve(), time.monotonic(), given.minutes, seeds)
        with ThreadPoolExecutor(len(LANES)) as pool:
            for done in [pool.submit(drill.run_lane, parts) for parts in LANES]:
                done.result()
    remembered.write_text(json.dumps(seeds), "utf-8")
    for line in [*drill.lines, *(f"BROKEN {broken}" for broken in drill.broken)]:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    return 1 if drill.broken else 0


if __name__ == "__main__":
    sys.exit(main())
