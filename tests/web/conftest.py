"""An application for each test, and a sandbox for those that go to Stripe."""

from collections.abc import AsyncGenerator, Generator

import pytest

from sandbox.harness import ServerThread
from stripe_sandbox import Options
from web.harness import Web, open_web


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A local Stripe on a free port."""
    running = ServerThread(tmp_path_factory.mktemp("web-sandbox"), Options(ack_wait_s=0.2))
    yield running.url
    running.stop()


@pytest.fixture
async def web(database_url: str) -> AsyncGenerator[Web]:
    """The application of a shop in this process; Stripe can't be reached from it."""
    async with open_web(database_url) as opened:
        yield opened
