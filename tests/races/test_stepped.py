"""Schedules with one preemption of the races about money; ``make drill`` has all of them, and those with two."""

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
    """Every race ends well in so many schedules, and without its guards it does not."""
    chosen = [part for race in races for part in ("--race", race)]
    reports = run(database_url, *chosen, "--most", str(most), "--controls", module="races.explore")
    assert [report["race"] for report in reports] == [*races]
    assert [report["violations"] for report in reports] == [{}] * len(races)
    assert sum(report["schedules"] for report in reports) >= least
    assert [report["race"] for report in reports if not report["caught"]] == []


@pytest.mark.timeout(600)
def test_money_comes_in_once_whoever_is_overtaken(database_url: str) -> None:
    assert_every_schedule_holds(database_url, MONEY_IN, most=14, least=80)


@pytest.mark.timeout(600)
def test_money_goes_back_or_is_taken_once_whoever_is_overtaken(database_url: str) -> None:
    assert_every_schedule_holds(database_url, MONEY_BACK, most=12, least=36)
