"""Starts an enumeration as a process of its own and reads what it says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent.parent


def run(*arguments: str, module: str = "proof.crash") -> list[dict[str, Any]]:
    """One report for each flow, story or control."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=TESTS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def assert_every_point_holds(database_url: str, flow: str, least: int) -> None:
    """Every point of a flow exists, was tried, and broke nothing; there are so many at least."""
    (report,) = run(database_url, "--flow", flow)
    assert report["violations"] == {}
    assert report["tried"] == report["existing"]
    assert report["existing"] >= least
