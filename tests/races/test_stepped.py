"""Every schedule with one preemption of the races about money; ``races.explore`` has more of them."""

import pytest

from proof.report import run

MONEY_IN = (
    "webhook x webhook",
    "webhook x return page",
    "webhook x expiry",
    "cancel x pay",
    "last unit x two buyers",
    "same key x two requests",
)
MONEY_BACK = ("refund x refund", "refund x dispute", "capture x release")


def assert_every_schedule_holds(database_url: str, races: tuple[str, ...], *, most: int, least: int) -> None:
    """Every race ends well in so many schedules, and the controls among them are caught."""
    chosen = [part for race in races for part in ("--race", race)]
    reports = run(database_url, *chosen, "--most", str(most), "--controls", module="races.explore")
    assert [report["race"] for report in reports] == [*races]
    assert [report["violations"] for report in reports] == [{}] * len(races)
    assert sum(report["schedules"] for report in reports) >= least
    controls = [report["caught"] for report in reports if "caught" in report]
    assert controls
    assert all(controls)


@pytest.mark.timeout(300)
def test_money_comes_in_once_in_every_schedule(database_url: str) -> None:
    assert_every_schedule_holds(database_url, MONEY_IN, most=70, least=280)


@pytest.mark.timeout(300)
def test_money_goes_back_or_is_taken_once_in_every_schedule(database_url: str) -> None:
    assert_every_schedule_holds(database_url, MONEY_BACK, most=40, least=120)
