"""Where the suite runs: against the local sandbox, or against any Stripe test account.

    python -m pytest tests/sandbox/conformance --base-url https://api.stripe.com --key sk_test_...

Marked ``sandbox_only`` is what needs the sandbox's controls, and ``unsure`` what no published source of Stripe settles.
"""

import itertools
import secrets
from collections.abc import Generator

import httpx
import pytest

from sandbox.conformance.remote import Remote
from sandbox.harness import ServerThread
from stripe_sandbox import Options

_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--base-url", help="address of the API; without it the sandbox is started")
    parser.addoption("--key", help="secret test key of the account there")


@pytest.fixture(scope="session")
def base_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The API's address."""
    given: str | None = request.config.getoption("--base-url", None)
    if given is not None:
        yield given.rstrip("/")
        return
    running = ServerThread(tmp_path_factory.mktemp("conformance"), Options())
    yield running.url
    running.stop()


@pytest.fixture(scope="session")
def http(base_url: str) -> Generator[httpx.Client]:
    """One connection pool for all cases."""
    with httpx.Client(base_url=base_url, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def is_sandbox(http: httpx.Client) -> bool:
    """Whether the controls are there."""
    return http.get("/_sandbox/health").status_code == 200


@pytest.fixture
def api(request: pytest.FixtureRequest, http: httpx.Client, *, is_sandbox: bool) -> Remote:
    """The account under test; at the sandbox a new one for each case."""
    if not is_sandbox and request.node.get_closest_marker("sandbox_only") is not None:
        pytest.skip("needs the sandbox's controls")
    given: str | None = request.config.getoption("--key", None)
    return Remote(http, given or f"sk_test_conform{next(_numbers):05d}{secrets.token_hex(4)}")
