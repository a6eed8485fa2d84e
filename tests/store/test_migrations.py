"""Migrations: applied once, whole or not at all, never edited, and dumped where readers look for the schema."""

import secrets
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from architecture.dump_schema import SCHEMA, dump_of
from vivr import migrate as runner
from vivr.embedded_postgres import temporary_cluster
from vivr.migrate import Migration, MigrationError, applied_migrations, migrate, pending_migrations, read_migrations

GOOD = Migration("0001_good.sql", "CREATE TABLE good (id integer)")
BAD = Migration("0002_bad.sql", "CREATE TABLE half (id integer); SELECT 1 / 0")


@pytest.fixture
def empty_url(cluster_url: str) -> Generator[str]:
    """A database without anything in it."""
    name = f"empty_{secrets.token_hex(6)}"
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        yield make_conninfo(cluster_url, dbname=name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {str(row[0]) for row in rows}


def use(monkeypatch: pytest.MonkeyPatch, migrations: Iterable[Migration]) -> None:
    listed = list(migrations)
    monkeypatch.setattr(runner, "read_migrations", lambda: listed)


def stand_in(monkeypatch: pytest.MonkeyPatch, package: Path) -> None:
    def files(name: str) -> Path:
        assert name == "vivr"
        return package

    monkeypatch.setattr(runner, "files", files)


def test_schema_sql_is_what_the_migrations_make_and_another_column_is_caught() -> None:
    with temporary_cluster() as url:
        migrate(url)
        assert dump_of(url) == SCHEMA.read_text("utf-8"), "a migration was added: run `make schema`"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER TABLE orders ADD COLUMN colour text")
        assert dump_of(url) != SCHEMA.read_text("utf-8")


def test_every_file_is_applied_once_in_order(empty_url: str) -> None:
    names = [migration.name for migration in read_migrations()]
    assert migrate(empty_url) == names
    assert migrate(empty_url) == []
    with psycopg.connect(empty_url) as connection:
        assert list(applied_migrations(connection)) == names


def test_processes_that_migrate_at_once_apply_each_file_once(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(migrate, [empty_url] * 4))
    assert sorted(done) == [[], [], [], [migration.name for migration in read_migrations()]]


def test_a_file_that_fails_is_rolled_back_whole_and_the_ones_before_it_stay(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, [GOOD, BAD])
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty_url)
    assert tables(empty_url) == {"schema_migration", "good"}
    with psycopg.connect(empty_url) as connection:
        assert list(applied_migrations(connection)) == ["0001_good.sql"]


def test_a_migration_gives_up_waiting_for_a_lock(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = "CREATE TABLE probe AS SELECT current_setting('lock_timeout') AS lock_timeout"
    use(monkeypatch, [Migration("0001_probe.sql", probe)])
    migrate(empty_url)
    with psycopg.connect(empty_url) as connection:
        assert connection.execute("SELECT lock_timeout FROM probe").fetchone() == ("5s",)


def test_a_file_that_was_changed_after_it_was_applied_is_refused(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, [GOOD])
    migrate(empty_url)
    use(monkeypatch, [Migration(GOOD.name, GOOD.text + "; CREATE TABLE more (id integer)")])
    with pytest.raises(MigrationError, match=r"0001_good\.sql was changed"):
        migrate(empty_url)
    assert tables(empty_url) == {"schema_migration", "good"}


def test_a_database_that_is_newer_than_the_files_is_refused() -> None:
    with pytest.raises(MigrationError, match="newer"):
        pending_migrations({GOOD.name: GOOD.digest, "0002_later.sql": "x"}, [GOOD])


@pytest.mark.parametrize("names", [("0002_a.sql",), ("0001_a.sql", "0003_b.sql"), ("0001_a.sql", "0001_b.sql")])
def test_numbers_with_a_gap_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("SELECT 1")
    stand_in(monkeypatch, tmp_path)
    with pytest.raises(MigrationError, match="is due"):
        read_migrations()


def test_other_files_in_the_folder_are_no_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in ("0001_a.sql", "schema.sql", "README.md", "0002_b.sql.orig"):
        (folder / name).write_text("SELECT 1")
    stand_in(monkeypatch, tmp_path)
    assert [migration.name for migration in read_migrations()] == ["0001_a.sql"]
