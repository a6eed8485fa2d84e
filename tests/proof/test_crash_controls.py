"""Shops that are broken on purpose: an enumeration that lets one of them pass would prove nothing."""

import pytest

from proof.report import run


@pytest.mark.timeout(600)
def test_shops_that_are_broken_as_others_are_are_caught(database_url: str) -> None:
    reports = run(database_url, "--controls", "short")
    assert len(reports) == 7
    assert [report["control"] for report in reports if not report["caught"]] == []
