"""The official command line with a key of its own for each test."""

from pathlib import Path

import pytest

from sandbox.harness import Shop
from sandbox.official.tools import CommandLine


@pytest.fixture(scope="session")
def cli_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the command line's configuration."""
    return tmp_path_factory.mktemp("stripe-cli")


@pytest.fixture
def cli(shop: Shop, cli_home: Path) -> CommandLine:
    """Acts on the same account as the fixture `shop`."""
    return CommandLine(shop.url, shop.key, cli_home)
