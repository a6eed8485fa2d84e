"""Databases on one test cluster: migrated once, lent to one test at a time, emptied and lent again.

Making a database costs a third of a second of work, emptying one a few milliseconds. Whatever cannot be emptied safely
is dropped: one whose schema was changed, and one that somebody is still connected to.
"""

import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from vivr.migrate import migrate

_GOODBYE_MS: Final = 10_000

_SAY_GOODBYE: Final[LiteralString] = """
    SELECT coalesce(bool_and(pg_terminate_backend(pid, %s)), true) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""

# A catalogue row that was written after the template was made has a younger xmin; one that is gone changes the count.
_LOOK: Final[LiteralString] = """
    SELECT (SELECT count(*) || ':' || max(xmin::text::bigint) FROM pg_class) || ' ' ||
           (SELECT count(*) || ':' || max(xmin::text::bigint) FROM pg_attribute) || ' ' ||
           (SELECT count(*) || ':' || max(xmin::text::bigint) FROM pg_constraint) || ' ' ||
           (SELECT count(*) || ':' || max(xmin::text::bigint) FROM pg_trigger) || ' ' ||
           (SELECT count(*) || ':' || max(xmin::text::bigint) FROM pg_proc) || ' ' ||
           (SELECT count(*) || ':' || max(xmin::text::bigint) FROM pg_type) || ' ' ||
           (SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
            WHERE d.datname = current_database()) || ' ' ||
           (SELECT md5(string_agg(m::text, '|' ORDER BY m::text)) FROM schema_migration m)
"""

_TABLES: Final[LiteralString] = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'schema_migration' ORDER BY relname
"""

_REWIND: Final[LiteralString] = """
    SELECT setval(quote_ident(schemaname) || '.' || quote_ident(sequencename), start_value, false)
    FROM pg_sequences WHERE last_value IS NOT NULL
"""


def database_at(cluster_url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlunsplit(urlsplit(cluster_url)._replace(path=f"/{name}"))


LookThrough = Callable[[psycopg.Connection, list[str]], None]


@dataclass
class Databases:
    """Migrated, empty databases on one cluster, for one test process.

    Attributes:
        cluster_url: any database of the server, from which others are made.
        template: the name of the migrated one that all are copied from.
        look_through: is shown every database that comes back, with the tables that have rows.
    """

    cluster_url: str
    template: str
    look_through: LookThrough
    _look: str = ""
    _tables: tuple[str, ...] = ()
    _free: list[str] = field(default_factory=list[str])

    @classmethod
    def on(cls, cluster_url: str, look_through: LookThrough = lambda _, __: None) -> "Databases":
        """Make the template."""
        made = cls(cluster_url, f"template_{secrets.token_hex(4)}", look_through)
        made._run("CREATE DATABASE {}", made.template)
        migrate(database_at(cluster_url, made.template))
        with psycopg.connect(database_at(cluster_url, made.template)) as connection:
            made._look = _value(connection, _LOOK)
            made._tables = tuple(str(row[0]) for row in connection.execute(_TABLES))
        return made

    @contextmanager
    def lend(self) -> Generator[str]:
        """The URL of a database that is as if new, and nobody else's until the end of the block."""
        name = self._free.pop() if self._free else self._make()
        yield database_at(self.cluster_url, name)
        if self._empty(name):
            self._free.append(name)
        else:
            self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _make(self) -> str:
        name = f"test_{secrets.token_hex(6)}"
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, self.template)
        return name

    def _empty(self, name: str) -> bool:
        """Look through it and take everything out of it; False if it is not what it was made as."""
        with psycopg.connect(database_at(self.cluster_url, name), autocommit=True) as connection:
            probe = sql.SQL(" UNION ALL ").join(
                sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(table), sql.Identifier(table))
                for table in self._tables
            )
            try:
                is_left = _value(connection, _SAY_GOODBYE, _GOODBYE_MS)
                filled = [str(row[0]) for row in connection.execute(probe)]
                if filled:
                    self.look_through(connection, filled)
                if not is_left or _value(connection, _LOOK) != self._look:
                    return False
            except psycopg.errors.UndefinedTable:
                return False
            connection.execute("SET session_replication_role = replica")  # no trigger and no foreign key refuses
            for table in filled:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            connection.execute(_REWIND)
        return True

    def _run(self, text: LiteralString, *names: str) -> None:
        with psycopg.connect(self.cluster_url, autocommit=True) as connection:
            connection.execute(sql.SQL(text).format(*map(sql.Identifier, names)))


def _value(connection: psycopg.Connection, text: LiteralString, *values: object) -> Any:
    row = connection.execute(text, values).fetchone()
    assert row is not None
    return row[0]
