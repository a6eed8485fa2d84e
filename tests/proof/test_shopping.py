"""A whole shop under chaos: 40 runs of 50 steps that hypothesis chooses. ``make drill`` has more runs, other seeds."""

import pytest

from proof.report import run


@pytest.mark.timeout(600)
def test_a_shop_under_chaos_keeps_its_promises(database_url: str) -> None:
    (report,) = run(database_url, "--runs", "40", "--steps", "50", module="proof.machine")
    assert report["found"] is None


@pytest.mark.timeout(600)
def test_the_same_chaos_finds_a_shop_that_makes_a_key_for_each_try(database_url: str) -> None:
    arguments = ("--runs", "40", "--steps", "50", "--control", "a key for each try")
    (report,) = run(database_url, *arguments, module="proof.machine")
    assert report["found"] is not None
