"""A sandbox for this process's races, and two shops on one database for each of them."""

from collections.abc import AsyncGenerator, Generator

import pytest

from races.interleaving import OtherProcess
from sandbox.harness import ServerThread
from shop_kit import Kit, open_kit
from stripe_sandbox import Options


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A local Stripe on a free port."""
    running = ServerThread(tmp_path_factory.mktemp("races-sandbox"), Options(ack_wait_s=0.1))
    yield running.url
    running.stop()


@pytest.fixture
async def kit(database_url: str, sandbox_url: str) -> AsyncGenerator[Kit]:
    """A shop in this process; its client does not repeat calls by itself."""
    async with open_kit(database_url, sandbox_url, STRIPE_MAX_RETRIES="0") as opened:
        yield opened


@pytest.fixture
async def second(kit: Kit, database_url: str, sandbox_url: str) -> AsyncGenerator[Kit]:
    """Another shop on the same database and account, with connections of its own, on the same event loop."""
    key = kit.shop.settings.stripe_secret_key.reveal()
    async with open_kit(database_url, sandbox_url, STRIPE_SECRET_KEY=key, STRIPE_MAX_RETRIES="0") as opened:
        yield opened


@pytest.fixture
def other(kit: Kit, database_url: str, sandbox_url: str) -> Generator[OtherProcess]:
    """Another shop on the same database and account, in a thread of its own."""
    running = OtherProcess(database_url, sandbox_url, kit.shop.settings.stripe_secret_key.reveal())
    yield running
    running.end()
