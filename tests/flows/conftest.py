"""A sandbox for all flow tests of this process, and a shop of its own for each."""

from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime

import pytest
import structlog

from sandbox.harness import ServerThread
from shop_kit import Kit, open_kit
from stripe_sandbox import Options
from vivr.cli.language import own_locale
from vivr.clock import SetClock


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A local Stripe on a free port."""
    running = ServerThread(tmp_path_factory.mktemp("flows-sandbox"), Options(ack_wait_s=0.2))
    yield running.url
    running.stop()


@pytest.fixture
def clock() -> SetClock:
    """The clock of a shop that is marked so; the sandbox has its own, so both begin at the true time."""
    return SetClock(datetime.now(UTC))


@pytest.fixture
async def kit(request: pytest.FixtureRequest, database_url: str, sandbox_url: str) -> AsyncGenerator[Kit]:
    """A shop in this process; the mark ``set_clock`` gives it a clock that the test moves, and settings."""
    mark = request.node.get_closest_marker("set_clock")
    settings = {} if mark is None else {"clock": request.getfixturevalue("clock"), **mark.kwargs}
    async with open_kit(database_url, sandbox_url, **settings) as opened:
        yield opened


@pytest.fixture
def shell(kit: Kit, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Generator[pytest.MonkeyPatch]:
    """An environment in which commands find this test's shop, in English and on a wide screen."""
    settings = kit.shop.settings
    for name, value in {
        "SHOP_ID": settings.shop_id,
        "SECRET_KEY": "00112233445566778899aabbccddeeff" * 2,
        "STRIPE_SECRET_KEY": settings.stripe_secret_key.reveal(),
        "STRIPE_WEBHOOK_SECRET": settings.stripe_webhook_secret[0].reveal(),
        "STRIPE_API_BASE": settings.stripe_api_base or "",
        "DATABASE_URL": database_url,
        "LC_ALL": "en",
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)
    own_locale.cache_clear()
    yield monkeypatch
    own_locale.cache_clear()
    structlog.reset_defaults()  # commands are silent, and this process has more tests
