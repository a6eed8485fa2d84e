"""Debian's own Chromium, or what to type to get it; Playwright's own download is never used."""

import os
from pathlib import Path
from typing import Final

import pytest

PATH: Final = Path("/usr/bin/chromium")
INSTALL: Final = "apt-get update && apt-get install --yes --no-install-recommends chromium fonts-liberation"
ARGUMENTS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
)


def chromium_path() -> str:
    """Where Chromium is; without it a test is skipped with the command to install it, and fails under ``CI=true``."""
    if not PATH.is_file():
        report = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        report(f"{PATH} is missing: {INSTALL}")
    return str(PATH)


def chromium_arguments() -> list[str]:
    """Its options; root has no sandbox to put it in."""
    return [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
