"""The long proof, within a time: every flow's points, events up to six, a shop under chaos, then pairs.

    python -m proof.drill --minutes 20 [--state FOLDER]

Two processes share the points, each on a database of its own, and go on next time where they stopped.
"""

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cluster import Databases
from proof.flows import FLOWS
from proof.report import TESTS
from vivr.embedded_postgres import temporary_cluster

WORKERS: Final = 2
_ORDERS_SHARE: Final = 0.4
"""How much of the time that the points leave goes to orders of events."""
_CHAOS_SHARE: Final = 0.4
"""How much of what then is left goes to the shop under chaos; pairs have the rest."""


@dataclass
class Findings:
    """What all processes said."""

    reports: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    broken: list[str] = field(default_factory=list[str])

    def hear(self, line: str) -> None:
        """One line of a process."""
        report: dict[str, Any] = json.loads(line)
        self.reports.append(report)
        for point, violations in report.get("violations", {}).items():
            self.broken.append(f"{report.get('flow') or report.get('story')}: {point}: {violations}")
        if report.get("found"):
            self.broken.append(report["found"])
        if report.get("caught") == 0:
            self.broken.append(f"not caught: {report['control']}")

    def sums(self) -> list[str]:
        """A line for each flow, story and control."""
        points: dict[str, list[int]] = {}
        for report in self.reports:
            if "flow" in report and "tried" in report and "what" in report:
                have = points.setdefault(f"{report['flow']}, {report['what']}", [0, 0, 0])
                more = (report["existing"], report["tried"], len(report["violations"]))
                points[f"{report['flow']}, {report['what']}"] = [a + b for a, b in zip(have, more, strict=True)]
            elif "story" in report and "events" in report:
                name = f"{report['story']}, orders of {len(report['events'])} events"
                have = points.setdefault(name, [0, 0, 0])
                more = (sum(report["existing"]), sum(report["tried"]), len(report["violations"]))
                points[name] = [a + b for a, b in zip(have, more, strict=True)]
        lines = [f"{name}: existing {a}, tried {b}, violations {c}" for name, (a, b, c) in points.items()]
        controls = [report for report in self.reports if "control" in report]
        lines.append(f"controls caught: {sum(bool(one['caught']) for one in controls)} of {len(controls)}")
        steps = sum(report["runs"] * report["steps"] for report in self.reports if "steps" in report)
        lines.append(f"steps of a whole shop under chaos: {steps}")
        return lines


def run(databases: Databases, findings: Findings, module: str, *arguments: str) -> None:
    """Run one process on a database of its own, and hear what it says."""
    with databases.lend() as url:
        done = subprocess.run(
            [sys.executable, "-m", module, url, *arguments], cwd=TESTS, capture_output=True, text=True, check=False
        )
    if done.returncode:
        findings.broken.append(f"{module} {arguments}: {done.stderr[-2000:]}")
    for line in done.stdout.splitlines():
        findings.hear(line)


def run_control(databases: Databases, findings: Findings) -> None:
    """The chaos must find a shop that is broken."""
    heard = Findings()
    run(databases, heard, "proof.machine", "--control", "a key for each try")
    caught = sum(bool(report["found"]) for report in heard.reports)
    findings.hear(json.dumps({"control": "a key for each try, under chaos", "caught": caught}))


def work(share: int, findings: Findings, cluster_url: str, state: Path, deadline: float) -> None:
    """One worker's share, one part after the other."""
    databases, part = Databases.on(cluster_url), f"{share}/{WORKERS}"

    def minutes(of_the_rest: float = 1) -> tuple[str, str]:
        return "--minutes", f"{max((deadline - time.monotonic()) / 60 * of_the_rest, 0):.2f}"

    remembered = ("--share", part, "--state", str(state / f"proof-{share}.json"))
    every_flow = [argument for name in FLOWS for argument in ("--flow", name)]
    run(databases, findings, "proof.crash", "--share", part, "--controls", "short")
    if share == 0:
        run_control(databases, findings)
    run(databases, findings, "proof.crash", *remembered, *every_flow, *minutes())
    controls = ("--controls",) if share == 0 else ()
    run(databases, findings, "proof.orders", "--share", part, "--timings", *minutes(_ORDERS_SHARE), *controls)
    seed = str(int(time.time()) + share * 1_000_000)
    run(databases, findings, "proof.machine", "--runs", "1000", "--seed", seed, *minutes(_CHAOS_SHARE))
    run(databases, findings, "proof.crash", *remembered, "--pairs", *minutes())


def prove(folder: Path, cluster_url: str, deadline: float) -> list[str]:
    """Run everything until the deadline (in monotonic seconds) and print what came of it; the promises broken."""
    findings = Findings()
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in [pool.submit(work, share, findings, cluster_url, folder, deadline) for share in range(WORKERS)]:
            done.result()
    for line in [*findings.sums(), *(f"BROKEN {broken}" for broken in findings.broken)]:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    return findings.broken


def main() -> int:
    """Prove until the time is over; 1 if anything broke or was not caught."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--state", type=Path, default=Path(".vivr"))
    given = parser.parse_args()
    given.state.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + given.minutes * 60
    with temporary_cluster() as cluster_url:
        return 1 if prove(given.state.resolve(), cluster_url, deadline) else 0


if __name__ == "__main__":
    sys.exit(main())
