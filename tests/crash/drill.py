"""The long crash drill: every point, then every ordered pair of points of one process, until the time is over.

    python -m crash.drill --minutes 20 [--state FILE]

It prints how many plans exist and how many were tried, remembers them in a state file, and goes on there next time.
Both broken controls run first: a drill that can't fail proves nothing. Then PostgreSQL itself is killed under load, ten
times. Exit 0: no promise was broken.
"""

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import psycopg
from psycopg import sql

from cluster import database_at
from crash.database_kills import survive_kills
from crash.purchase import CLOSE_POINTS, Outcome, Plan, run_purchase
from crash.test_kill_points import CONTROLS, PLANS
from sandbox.harness import ServerThread
from stripe_sandbox import Options
from vivr.embedded_postgres import temporary_cluster

WORKERS = 2
DATABASE_KILLS = 10


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
    waiting = iter(plan for plan in plans if plan.name not in tried)
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
                    sys.stdout.write(f"BROKEN {plan.name}: {outcome.violations}\n")
                else:
                    tried.add(plan.name)
                    state.write_text(json.dumps(sorted(tried)), "utf-8")


def main() -> int:
    """Run the controls, then the plans."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--state", type=Path, default=Path(".vivr/drill.json"))
    given = parser.parse_args()
    deadline = time.monotonic() + given.minutes * 60
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
                uncaught = [plan.name for plan in CONTROLS if not drill.run(plan).violations]
                sys.stdout.write(f"controls caught: {len(CONTROLS) - len(uncaught)} of {len(CONTROLS)}\n")
                kills = survive_kills(folder / "kills", DATABASE_KILLS)
                sys.stdout.write(
                    f"PostgreSQL killed {DATABASE_KILLS} times under load: {kills.acknowledged} events acknowledged,"
                    f" broken promises: {kills.violations or 'none'}\n"
                )
                before = len(tried)
                broken = run_plans(drill, plans, deadline, given.state, tried)
        finally:
            server.stop()
    now = len(tried) - before + len(broken)
    sys.stdout.write(
        f"plans existing: {len(plans)}, tried now: {now}, tried in all: {len(tried)}, broken: {len(broken)}\n"
    )
    return 1 if broken or uncaught or kills.violations else 0


if __name__ == "__main__":
    sys.exit(main())
