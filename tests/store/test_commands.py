"""The commands over a real database: exit codes, what they say, and that nothing changes on a refusal."""

import asyncio
import io
import json
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from valkey_server import start_valkey
from vivr.cli.doctor import diagnose
from vivr.cli.environment import with_database
from vivr.cli.main import run
from vivr.database import Database, Sql
from vivr.embedded_postgres import EmbeddedPostgresError
from vivr.settings import read_settings

ENVIRONMENT = {
    "SHOP_ID": "test-shop",
    "SECRET_KEY": "00112233445566778899aabbccddeeff" * 2,
    "STRIPE_SECRET_KEY": "sk_test_0123456789abcdef",
    "STRIPE_WEBHOOK_SECRET": "whsec_0123456789abcdef",
}

_STAFF = Sql("test_staff", "Staff accounts.", "SELECT count(*) FROM person WHERE kind = 'staff' AND role = 'owner'")


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str) -> pytest.MonkeyPatch:
    """An environment that holds this test's shop."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("VIVR_DATA", str(tmp_path / "data"))
    return monkeypatch


def empty_database(database_url: str) -> str:
    """A fresh database beside this test's own, never migrated."""
    name = f"{urlsplit(database_url).path.removeprefix('/')}_bare"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    return urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))


def test_doctor_finds_a_healthy_shop_well(database_url: str) -> None:
    diagnosis = diagnose({**ENVIRONMENT, "DATABASE_URL": database_url})
    assert diagnosis.exit_code == 0
    outcomes = {finding.name: str(finding.outcome) for finding in diagnosis.findings}
    assert outcomes == {
        "stripe_key": "ok",
        "webhook_secret": "ok",
        "mail_server": "note",
        "database": "ok",
        "migrations": "ok",
        "clock": "ok",
    }


def test_doctor_names_every_problem_with_its_cure_and_exits_1() -> None:
    diagnosis = diagnose({"SHOP_ID": "My Shop", "STRIPE_SECRET_KEY": "pk_test_x"})
    assert diagnosis.exit_code == 1
    assert [problem.name for problem in diagnosis.problems] == [
        "SHOP_ID",
        "SECRET_KEY",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
    ]
    assert all(problem.cure for problem in diagnosis.problems)


def test_doctor_that_cannot_reach_the_database_exits_2_and_quotes_no_password(tmp_path: Path) -> None:
    url = f"postgresql://vivr:hunter2@/vivr?host={tmp_path}"
    diagnosis = diagnose({**ENVIRONMENT, "DATABASE_URL": url})
    assert diagnosis.exit_code == 2
    assert "hunter2" not in diagnosis.as_json()


def test_doctor_without_a_database_exits_2(tmp_path: Path) -> None:
    assert diagnose({**ENVIRONMENT, "VIVR_DATA": str(tmp_path)}).exit_code == 2


def test_doctor_sees_missing_and_unknown_migrations(database_url: str) -> None:
    environment = {**ENVIRONMENT, "DATABASE_URL": database_url}
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM schema_migration WHERE name LIKE '0009%'")
        assert diagnose(environment).exit_code == 1
        connection.execute("INSERT INTO schema_migration (name, digest) VALUES ('9999_later.sql', 'x')")
    assert diagnose(environment).exit_code == 1


def test_doctor_lists_settings_without_effect(database_url: str) -> None:
    diagnosis = diagnose({**ENVIRONMENT, "DATABASE_URL": database_url, "PCI_DSS_LEVEL": "3"})
    notes = [finding.name for finding in diagnosis.findings if str(finding.outcome) == "note"]
    assert notes == ["PCI_DSS_LEVEL", "mail_server"]
    assert diagnosis.exit_code == 0


def test_doctor_says_whether_limits_are_shared(database_url: str) -> None:
    with start_valkey() as server:
        environment = {**ENVIRONMENT, "DATABASE_URL": database_url, "REDIS_URL": server.url}
        found = {finding.name: finding.outcome for finding in diagnose(environment).findings}
        assert found["redis"] == "ok"
        server.stop()
        found = {finding.name: finding.outcome for finding in diagnose(environment).findings}
        assert found["redis"] == "problem"


def test_doctor_speaks_json_without_secrets(shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    del shell
    assert run(["doctor", "--json"]) == 0
    said = capsys.readouterr()
    shown = json.loads(said.out)
    assert shown["ok"] is True
    assert sorted(shown) == ["checks", "ok", "problems", "settings"]
    for secret in ("SECRET_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"):
        assert ENVIRONMENT[secret] not in said.out


def test_doctor_prints_tables(shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    assert "STRIPE_WEBHOOK_SECRET" in capsys.readouterr().out
    shell.setenv("SHOP_ID", "No Slug")
    assert run(["doctor"]) == 1
    assert "SHOP_ID" in capsys.readouterr().err


def test_unusable_settings_stop_every_command_with_one_table(
    shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.delenv("SECRET_KEY")
    shell.setenv("STRIPE_WEBHOOK_SECRET", "wrong")
    for command in (["migrate"], ["web"], ["worker"], ["staff", "add", "a@example.com", "--role", "owner"]):
        assert run(command) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert "SECRET_KEY" in said.err
        assert "STRIPE_WEBHOOK_SECRET" in said.err


def test_migrate_brings_an_empty_database_up_to_date_and_then_finds_nothing(
    shell: pytest.MonkeyPatch, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.setenv("DATABASE_URL_DIRECT", empty_database(database_url))
    assert run(["migrate"]) == 0
    assert "0001_ground.sql" in capsys.readouterr().out
    assert run(["migrate"]) == 0
    assert "0001_ground.sql" not in capsys.readouterr().out


def test_migrate_refuses_a_database_that_is_newer(
    shell: pytest.MonkeyPatch, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    del shell
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO schema_migration (name, digest) VALUES ('9999_later.sql', 'x')")
    assert run(["migrate"]) == 1
    assert "9999_later.sql" in capsys.readouterr().err


def test_worker_without_any_database_says_what_to_do(
    shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.delenv("DATABASE_URL")
    assert run(["worker"]) == 1
    assert "DATABASE_URL" in capsys.readouterr().err


def test_embedded_database_is_started_once_and_shared(tmp_path: Path) -> None:
    settings = read_settings({**ENVIRONMENT, "VIVR_DATA": str(tmp_path / "data")})
    with with_database(settings) as first:
        assert first.database_url is not None
        assert str(first.database_url) == "embedded"
        with with_database(settings, may_start=False) as second:
            assert second.database_url is not None
            assert second.database_url.reveal() == first.database_url.reveal()
        with psycopg.connect(first.database_url.reveal()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert diagnose({**ENVIRONMENT, "VIVR_DATA": str(tmp_path / "data")}).exit_code == 1  # never migrated
    with pytest.raises(EmbeddedPostgresError, match="vivr web"), with_database(settings, may_start=False):
        pass


async def number_of_owners(database: Database) -> int:
    async with database.transaction() as tx:
        return await tx.value(_STAFF, int) or 0


def add_staff(shell: pytest.MonkeyPatch, password: str, *arguments: str) -> int:
    shell.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    return run(["staff", "add", *arguments, "--password-stdin"])


async def test_staff_is_added_once(
    shell: pytest.MonkeyPatch, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("owner@example.com", "--role", "owner")
    assert await asyncio.to_thread(add_staff, shell, "a long password", *arguments) == 0
    assert "http://127.0.0.1:8000/admin/login" in capsys.readouterr().out
    assert await number_of_owners(database) == 1
    assert await asyncio.to_thread(add_staff, shell, "a long password", *arguments) == 1
    assert await asyncio.to_thread(add_staff, shell, "short", "b@example.com", "--role", "owner") == 1
    assert "password" in capsys.readouterr().err
    assert await asyncio.to_thread(add_staff, shell, "a long password", "b@example.com", "--role", "king") == 2
    assert await number_of_owners(database) == 1


def test_wrong_command_line_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctr"]) == 2
    assert "doctr" in capsys.readouterr().err
    assert run(["--help"]) == 0
    assert "VIVR" in capsys.readouterr().out
