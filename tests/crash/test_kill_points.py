"""kill -9 of a real web or worker process at named points of a purchase, then a restart: paid once, or cancelled.

Here stands one point of each step; ``make drill`` kills at all of them, and at pairs. Every statement, commit and call
is gone through by ``proof/test_crash_purchase.py`` and its neighbours.
"""

from collections.abc import Generator
from pathlib import Path

import pytest

from crash.purchase import CLOSE_POINTS, REFUND_POINTS, Plan, run_purchase
from sandbox.harness import ServerThread
from stripe_sandbox import Options
from vivr.crash_points import POINTS

WEB_POINTS = tuple(
    point for point in POINTS if point.split(".")[0] in {"order", "customer", "checkout", "webhook", "close", "refund"}
)
WORKER_POINTS = tuple(
    point for point in POINTS if point.startswith("inbox.") or point in {"settle.before_read", "settle.in_apply"}
)
RETURN_POINTS = ("settle.before_read", "settle.after_read", "settle.in_apply", "settle.after_apply")

PLANS = (
    *(Plan("web", (point,)) for point in WEB_POINTS),
    *(Plan("worker", (point,)) for point in WORKER_POINTS),
    *(Plan("web", (point,)) for point in RETURN_POINTS),
)
SAMPLE = (
    Plan("web", ("order.after_place",)),
    Plan("web", ("checkout.after_call",)),
    Plan("web", ("webhook.after_insert",)),
    Plan("worker", ("inbox.in_apply",)),
    Plan("web", ("settle.after_read",)),
    Plan("web", ("close.after_call",)),
    Plan("web", ("refund.after_call",)),
)
CONTROLS = (
    Plan("worker", ("settle.in_apply",), broken="transactions"),
    Plan("web", ("checkout.after_call",), broken="keys"),
)


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """One sandbox for all runs of this process; each run has an account of its own."""
    running = ServerThread(
        tmp_path_factory.mktemp("crash-sandbox"), Options(ack_wait_s=0.2, retry_delays_s=(0.3, 0.5, 1, 2, 5, 10, 20))
    )
    yield running.url
    running.stop()


KILLED_ELSEWHERE = {point for point in POINTS if point.startswith(("capture.", "end.", "intent.", "release."))}
"""Captures and PaymentIntents without a page die in ``flows/test_captures.py`` and ``flows/test_intents.py``."""


def test_every_point_stands_in_a_plan() -> None:
    # The points of money exceptions stand in flows/test_exception_crashes.py.
    planned = {point for plan in PLANS for point in plan.points}
    assert planned | KILLED_ELSEWHERE == {point for point in POINTS if not point.startswith("exception.")}
    assert set(SAMPLE) <= set(PLANS)
    assert len(PLANS) >= 20


@pytest.mark.flow
@pytest.mark.parametrize("plan", SAMPLE, ids=lambda plan: plan.name)
def test_a_purchase_survives_a_kill(plan: Plan, tmp_path: Path, database_url: str, sandbox_url: str) -> None:
    outcome = run_purchase(plan, tmp_path, database_url, sandbox_url)
    assert outcome.violations == []
    assert outcome.reached == 1


@pytest.mark.flow
@pytest.mark.parametrize("plan", CONTROLS, ids=lambda plan: plan.name)
def test_a_broken_variant_is_caught(plan: Plan, tmp_path: Path, database_url: str, sandbox_url: str) -> None:
    outcome = run_purchase(plan, tmp_path, database_url, sandbox_url)
    assert outcome.reached == 1
    assert outcome.violations != []


def test_the_points_of_closing_and_refunding_are_points() -> None:
    assert set(CLOSE_POINTS) | set(REFUND_POINTS) <= set(POINTS)
