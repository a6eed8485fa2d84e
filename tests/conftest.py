"""Fixtures for all tests: a real PostgreSQL for each test process, and a migrated database for each test that asks."""

import os
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cluster import Databases
from personal_traces import Traces, log_as_in_production
from sandbox.judged import Records
from stripe_sandbox.options import RECORD_VARIABLE
from vivr.clock import SetClock
from vivr.database import Database
from vivr.embedded_postgres import temporary_cluster
from vivr.ids import RequestId
from vivr.sealing import Seals
from watching import WatchedRules

KEY = bytes(range(32))

# A property is about values, not about how long a busy machine takes for them.
settings.register_profile("vivr", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("vivr-ci", settings.get_profile("vivr"), derandomize=True)
settings.load_profile("vivr-ci" if os.environ.get("CI") else "vivr")


@pytest.fixture(scope="session", autouse=True)
def stripe_records(tmp_path_factory: pytest.TempPathFactory) -> Generator[Records]:
    """What all sandboxes write that live in this process or are started by it, whoever starts them."""
    records = Records(tmp_path_factory.mktemp("stripe-records"))
    os.environ[RECORD_VARIABLE] = records.name
    yield records
    del os.environ[RECORD_VARIABLE]
    assert records.new_complaints() == []


@pytest.fixture(autouse=True)
def stripe_document(stripe_records: Records) -> Generator[None]:
    """Fails a test during which a sandbox answered, let pass or delivered what Stripe's document does not allow."""
    yield
    assert stripe_records.new_complaints() == []


@pytest.fixture(scope="session", autouse=True)
def watched(tmp_path_factory: pytest.TempPathFactory) -> Generator[WatchedRules]:
    """What every process of the shop does against rules 6 and 7, this one and those that tests start."""
    records = WatchedRules(tmp_path_factory.mktemp("watched"))
    with records.watching():
        yield records


@pytest.fixture(autouse=True)
def watched_rules(watched: WatchedRules) -> Generator[None]:
    """Fails a test in which a transaction locked out of order or had no time limits, or money was no whole number."""
    yield
    assert watched.new_complaints() == []


@pytest.fixture(scope="session", autouse=True)
def personal_traces(tmp_path_factory: pytest.TempPathFactory) -> Generator[Traces]:
    """What tells who somebody is, in logs and databases; the files of processes are read when all have ended."""
    found = Traces(tmp_path_factory.getbasetemp())
    with found.listening():
        yield found
    found.look_at_files()
    assert found.new_complaints() == []


@pytest.fixture(autouse=True)
def no_personal_trace(personal_traces: Traces) -> Generator[None]:
    """Fails a test that left in a log line or a database what tells who somebody is."""
    log_as_in_production()
    yield
    assert personal_traces.new_complaints() == []


@pytest.fixture(scope="session")
def cluster_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Generator[str]:
    """A PostgreSQL for this test process; ``VIVR_TEST_DATABASE_URL`` names another one to use instead."""
    given = os.environ.get("VIVR_TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder: Path = tmp_path_factory.mktemp(f"postgres-{worker_id}")
    with temporary_cluster(folder) as url:
        yield url


@pytest.fixture(scope="session")
def databases(cluster_url: str, personal_traces: Traces) -> Databases:
    """Migrated databases to lend, looked through when they come back."""
    return Databases.on(cluster_url, personal_traces.look_at_database)


@pytest.fixture(scope="session")
def template_url(databases: Databases) -> str:
    """A migrated database to copy from, that nobody connects to; its name."""
    return databases.template


@pytest.fixture
def database_url(databases: Databases) -> Generator[str]:
    """The URL of a migrated, empty database that no other test sees."""
    with databases.lend() as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """An open pool on this test's database."""
    opened = Database(database_url)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> SetClock:
    """A clock that a test moves."""
    return SetClock(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))


@pytest.fixture
def seals() -> Seals:
    """Keys that only tests have."""
    return Seals([KEY])


@pytest.fixture
def request_id() -> RequestId:
    """The id that a test's actions are recorded under."""
    return RequestId("req_test")
