"""A sandbox for all flow tests of this process, and a shop of its own for each."""

from collections.abc import AsyncGenerator, Generator

import pytest

from sandbox.harness import ServerThread
from shop_kit import Kit, open_kit
from stripe_sandbox import Options


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A local Stripe on a free port."""
    running = ServerThread(tmp_path_factory.mktemp("flows-sandbox"), Options(ack_wait_s=0.2))
    yield running.url
    running.stop()


@pytest.fixture
async def kit(database_url: str, sandbox_url: str) -> AsyncGenerator[Kit]:
    """A shop in this process."""
    async with open_kit(database_url, sandbox_url) as opened:
        yield opened
