"""Every point of a purchase and of a refund at which a process can end: all exist, all were tried, nothing broke.

The enumeration runs in a process of its own, one for each of these tests. ``make drill`` has the other flows and pairs.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parent.parent


def run(*arguments: str) -> list[dict[str, Any]]:
    """What ``proof.crash`` says."""
    done = subprocess.run(
        [sys.executable, "-m", "proof.crash", *arguments], cwd=TESTS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("flow", "least"), [("purchase", 250), ("full refund", 200)])
def test_every_point_at_which_a_process_can_end_is_tried_and_none_breaks_a_promise(
    database_url: str, flow: str, least: int
) -> None:
    (report,) = run(database_url, "--flow", flow)
    assert report["violations"] == {}
    assert report["tried"] == report["existing"]
    assert report["existing"] >= least


@pytest.mark.timeout(400)
def test_shops_that_are_broken_as_others_are_are_caught(database_url: str) -> None:
    reports = run(database_url, "--controls", "short")
    assert len(reports) == 7
    assert [report["control"] for report in reports if not report["caught"]] == []
