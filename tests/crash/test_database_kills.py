"""A short run of the database drill: one kill, and the control that it must catch. ``make drill`` does ten."""

from pathlib import Path

import pytest

from crash.database_kills import survive_kills


@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_when_postgresql_is_killed_under_load(tmp_path: Path) -> None:
    survival = survive_kills(tmp_path, 1)
    assert survival.violations == []
    assert survival.acknowledged >= 40


@pytest.mark.timeout(300)
def test_a_shop_that_acknowledges_before_it_commits_is_caught(tmp_path: Path) -> None:
    survival = survive_kills(tmp_path, 1, broken="acknowledgements")
    assert [text.partition(" of ")[2] for text in survival.violations] == [
        f"{survival.acknowledged} acknowledged events are lost"
    ]
