"""Forward-only migrations: numbered plain SQL files, each in its own transaction, under one advisory lock.

No tool for an ORM fits plain SQL files, and the few that do bring a second way to write SQL (docs/decisions/0003).
A file is never edited once it is released: its SHA-256 is stored and compared.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, LiteralString, cast

import psycopg

_LOCK: Final = 0x56495652  # "VIVR"; an advisory lock's number only has to be ours
_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number and name, its text, and the digest that must not change."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class MigrationError(RuntimeError):
    """The database and the files disagree; the message says which file and how."""


def read_migrations() -> list[Migration]:
    """All migration files in order.

    Raises:
        MigrationError: numbers are not 0001, 0002 … without a gap.
    """
    folder = files("vivr") / "migrations"
    found = sorted(
        (Migration(item.name, item.read_text("utf-8")) for item in folder.iterdir() if _NAME.fullmatch(item.name)),
        key=lambda migration: migration.name,
    )
    for expected, migration in enumerate(found, start=1):
        if int(migration.name[:4]) != expected:
            raise MigrationError(f"{migration.name} stands where number {expected:04} is due")
    return found


def pending_migrations(applied: dict[str, str], migrations: Sequence[Migration]) -> list[Migration]:
    """What remains to be done.

    Args:
        applied: name -> digest of what the database has.
        migrations: the files.

    Raises:
        MigrationError: a file changed after it was applied, or the database is newer than the files.
    """
    known = {migration.name: migration for migration in migrations}
    for name, digest in applied.items():
        if name not in known:
            raise MigrationError(f"the database has {name}, which this version does not know: it is newer")
        if known[name].digest != digest:
            raise MigrationError(f"{name} was changed after it was applied")
    return [migration for migration in migrations if migration.name not in applied]


def applied_migrations(connection: psycopg.Connection) -> dict[str, str]:
    """Name -> digest of what a database has; empty where it was never migrated."""
    if connection.execute("SELECT to_regclass('schema_migration')").fetchone() == (None,):
        return {}
    rows = connection.execute("SELECT name, digest FROM schema_migration ORDER BY name").fetchall()
    return {str(name): str(digest) for name, digest in rows}


def migrate(url: str) -> list[str]:
    """Bring a database up to date; the names of the files that were applied.

    Several processes may call it at once: one works, the others wait for the advisory lock and find nothing to do.

    Raises:
        MigrationError: see ``pending_migrations``.
        psycopg.Error: the database can't be reached, or a statement failed; that file was rolled back whole.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, digest text NOT NULL, "
            "applied_at timestamptz NOT NULL DEFAULT now())"
        )
        todo = pending_migrations(applied_migrations(connection), read_migrations())
        for migration in todo:
            with connection.transaction():
                connection.execute("SET LOCAL lock_timeout = '5s'")
                connection.execute(cast("LiteralString", migration.text))
                connection.execute(
                    "INSERT INTO schema_migration (name, digest) VALUES (%s, %s)", (migration.name, migration.digest)
                )
        return [migration.name for migration in todo]
