"""Real processes: PostgreSQL is killed under load, then web and worker at every named point and ordered pair of points.

    python -m crash.drill --minutes 6 [--state FILE]

It says what came of it in a line of JSON for each, remembers the plans tried in a state file, and goes on there next
time. Every limit is one of time: no kill and no plan begins after it.
"""

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import psycopg
from psycopg import sql

from cluster import database_at
from crash.database_kills import survive_kills
from crash.purchase import CLOSE_POINTS, Outcome, Plan, run_purchase
from crash.test_kill_points import PLANS
from sandbox.harness import ServerThread
from stripe_sandbox import Options
from vivr.embedded_postgres import temporary_cluster

WORKERS = 2
DATABASE_KILLS = 10
KILLS_SHARE = 0.5
"""How much of the time the kills of PostgreSQL may take."""


def all_plans() -> list[Plan]:
    """Single kills first, then double ones: the second kill comes after the restart that the first one caused."""
    pairs = [
        Plan(first.process, (first.points[0], second.points[0]))
        for first, second in itertools.product(PLANS, PLANS)
        if first.process == second.process
        and (first.points[0] in CLOSE_POINTS) == (second.points[0] in CLOSE_POINTS)
        and not (first.refunds and second.points[0].startswith(("order.", "customer.", "checkout.")))
        and not first.points[0].startswith("settle.")
        and not second.points[0].startswith("settle.")
    ]
    return [*PLANS, *dict.fromkeys(pairs)]


class Drill:
    """One drill: a cluster, a sandbox, and what was tried so far."""

    def __init__(self, folder: Path, cluster_url: str, sandbox_url: str) -> None:
        self.folder = folder
        self.cluster_url = cluster_url
        self.sandbox_url = sandbox_url
        self.numbers = itertools.count(1)

    def run(self, plan: Plan) -> Outcome:
        """One plan on a database of its own."""
        number = next(self.numbers)
        name = f"drill_{number}"
        with psycopg.connect(self.cluster_url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            try:
                url = database_at(self.cluster_url, name)
                return run_purchase(plan, self.folder / name, url, self.sandbox_url)
            except AssertionError as error:
                return Outcome(0, [str(error)])
            finally:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def run_plans(
    drill: Drill, plans: Sequence[Plan], deadline: float, state: Path, tried: set[str]
) -> dict[str, list[str]]:
    """Run plans side by side until the deadline; name -> violations of those that broke a promise."""
    broken: dict[str, list[str]] = {}
    waiting = iter([plan for plan in plans if plan.name not in tried])
    running: dict[Future[Outcome], Plan] = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        while True:
            while len(running) < WORKERS and time.monotonic() < deadline:
                plan = next(waiting, None)
                if plan is None:
                    break
                running[pool.submit(drill.run, plan)] = plan
            if not running:
                return broken
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                plan, outcome = running.pop(done), done.result()
                if outcome.violations:
                    broken[plan.name] = outcome.violations
                else:
                    tried.add(plan.name)
                    state.write_text(json.dumps(sorted(tried)), "utf-8")


def say(part: str, existing: int, tried: int, violations: Mapping[str, list[str]]) -> None:
    """A line for whoever started this process."""
    facts = {"part": part, "existing": existing, "tried": tried, "violations": violations}
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Kill PostgreSQL, then processes, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--state", type=Path, default=Path(".vivr/drill-processes.json"))
    given = parser.parse_args()
    began = time.monotonic()
    given.state.parent.mkdir(parents=True, exist_ok=True)
    tried: set[str] = set(json.loads(given.state.read_text("utf-8"))) if given.state.exists() else set()
    plans = all_plans()
    if all(plan.name in tried for plan in plans):
        tried.clear()
    with tempfile.TemporaryDirectory(prefix="vivr-drill-") as text:
        folder = Path(text)
        server = ServerThread(folder / "sandbox", Options(ack_wait_s=0.2, retry_delays_s=(0.3, 0.5, 1, 2, 5, 10, 20)))
        try:
            with temporary_cluster(folder / "postgres") as cluster_url:
                drill = Drill(folder, cluster_url, server.url)
                until = began + given.minutes * 60 * KILLS_SHARE
                kills = survive_kills(folder / "kills", DATABASE_KILLS, deadline=until)
                violations = {"kill": kills.violations} if kills.violations else {}
                say("kills of PostgreSQL under load", DATABASE_KILLS, kills.kills, violations)
                broken = run_plans(drill, plans, began + given.minutes * 60, given.state, tried)
        finally:
            server.stop()
    say("kills of processes", len(plans), len(tried) + len(broken), broken)


if __name__ == "__main__":
    main()
