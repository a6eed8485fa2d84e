"""What tells who somebody is, found where it must not stand: rule 11, looked for in a whole test run.

Looked through are the log lines of the test's process, the log files of every process that a test starts, and every
database before it is emptied for the next test. Found are e-mail and IP addresses, card and account numbers, telephone
numbers and keys by their form, and the people of the tests by name.
"""

import logging
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
import structlog
from psycopg import sql

from vivr.logs import LOUD_LIBRARIES, fact_processors

PEOPLE: Final = ("Anna Martin", "rue Haute", "@example.", "python-httpx", "Mozilla/5.0", "4242424242424242")
"""The people of the tests, as their names, addresses, browsers and cards say it: long enough to be no accident."""

VISITOR: Final = "198.51.100.7"
"""Where the visitors of the tests come from, an address for documents (RFC 5737); this machine's own tells nothing."""

ALLOWED_COLUMNS: Final = {
    ("inbox_event", "body"): "what Stripe sent, word for word; it can be emptied, and nothing reads it but a person",
}
"""Columns that hold somebody's data as they came, each with its reason; what is sealed shows nothing."""

_FORMS: Final = {
    "an e-mail address": re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
    "an IP address": re.compile(r"(?<![\w.])(?!127\.|0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|\b2001:db8:"),
    "a telephone number": re.compile(r"(?<![\w+])\+\d{2}[ .]?\d(?:[ .]?\d){7,10}(?![\w])"),
    "a secret": re.compile(r"\b(?:[sr]k_(?:test|live)_|whsec_)\w{6,}|_secret_\w{6,}"),
}
_CARD: Final = re.compile(r"(?<![\w.])(?:4|5[1-5]|2[2-7]|3[47]|6[05])\d(?:[ -]?\d){11,16}(?![\w.])")
_IBAN: Final = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_COLUMNS: Final[LiteralString] = """
    SELECT table_name, column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND data_type IN ('text', 'ARRAY', 'json', 'jsonb', 'bytea', 'character varying')
    ORDER BY table_name, ordinal_position
"""
_NOT_OUR_FILES: Final = ("sandbox.log", "pgbouncer.log")
"""Log files that other programs write: the local Stripe, and the pooler, which names its user and its client's port."""

_NOT_OUR_LOGGERS: Final = ("mail.log",)
"""Loggers of what tests put beside the shop: the mail server that it sends to."""


def traces(text: str) -> Iterator[str]:
    """What in a text tells who somebody is, as a name of its kind and the place."""
    yield from names_in(text)
    for kind, form in _FORMS.items():
        found = form.search(text)
        if found:
            yield f"{kind} ({found[0][:40]})"
    for found in _CARD.finditer(text):
        if is_luhn(re.sub(r"\D", "", found[0])):
            yield f"a card number ({found[0]})"
    for found in _IBAN.finditer(text):
        if is_iban(found[0].replace(" ", "")):
            yield f"an account number ({found[0]})"


def names_in(text: str) -> Iterator[str]:
    """Who of the tests is named in a text."""
    return (f"somebody of the tests ({name})" for name in PEOPLE if name in text)


def is_luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return 13 <= len(digits) <= 19 and sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether the two digits after the country check the rest (ISO 13616-1)."""
    return 15 <= len(text) <= 34 and int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


@dataclass
class Traces:
    """Everything that was found in this test process and in what it started."""

    base: Path
    texts_read: int = 0
    _found: list[str] = field(default_factory=list[str])
    _tables: "dict[str, Table]" = field(default_factory=dict[str, "Table"])

    def look_at(self, where: str, text: str) -> None:
        """Look through one text."""
        self.texts_read += 1
        self._found += [f"{where}: {trace} in {text[:300]!r}" for trace in traces(text)]

    def new_complaints(self) -> list[str]:
        """What was found since the last look."""
        found, self._found = self._found, []
        return found

    def look_at_database(self, connection: psycopg.Connection, filled: list[str]) -> None:
        """Look through all texts of the tables that have rows."""
        if not self._tables:
            self._tables = tables_of(connection)
        tables = [self._tables[name] for name in filled if name in self._tables]
        if tables:
            rows = connection.execute(sql.SQL(" UNION ALL ").join(table.rows() for table in tables)).fetchall()
            self.texts_read += len(rows)
            told = {name for name, text, unreadable in rows if any(traces(text)) or any(names_in(unreadable))}
            for table in tables:
                if table.name in told:
                    self._found += table.complaints(connection)

    def look_at_files(self) -> None:
        """Look through the log files of all processes that were started."""
        for file in sorted(self.base.rglob("*.log")):
            if file.name not in _NOT_OUR_FILES:
                for line in file.read_text("utf-8", "replace").splitlines():
                    self.look_at(str(file.relative_to(self.base)), line)

    @contextmanager
    def listening(self) -> Generator[None]:
        """Look at every line that this process logs, through whichever library and to whichever stream."""
        handle, look_at = logging.Logger.handle, self.look_at

        def watched_handle(self: logging.Logger, record: logging.LogRecord) -> None:
            least = logging.WARNING if record.name.startswith(LOUD_LIBRARIES) else logging.INFO
            if record.levelno >= least and not record.name.startswith(_NOT_OUR_LOGGERS):
                look_at(f"log of {record.name}", record.getMessage())
            handle(self, record)

        kept = [(kind, name, getattr(kind, name)) for kind in _LOGGERS for name in _METHODS if hasattr(kind, name)]
        logging.Logger.handle = watched_handle
        for kind, name, method in kept:
            setattr(kind, name, self._watched(method))
        yield
        logging.Logger.handle = handle
        for kind, name, method in kept:
            setattr(kind, name, method)

    def _watched(self, method: Callable[[Any, str], None]) -> Callable[[Any, str], None]:
        def watched(logger: Any, message: str) -> None:
            self.look_at("log", message)
            method(logger, message)

        return watched


_LOGGERS: Final = (structlog.PrintLogger, structlog.WriteLogger)
_METHODS: Final = ("msg", "log", "debug", "info", "warn", "warning", "error", "err", "critical", "fatal", "failure")


def log_as_in_production() -> None:
    """Let this process write its facts as the shop's processes do, whatever a command that it ran has changed."""
    structlog.reset_defaults()
    structlog.configure(processors=fact_processors())


@dataclass
class Table:
    """The columns of a table that may tell who somebody is: texts, and bytes, of which only whole names count.

    Bytes may be sealed, and chance writes many an account number there, but no name.
    """

    name: str
    texts: list[sql.Identifier] = field(default_factory=list[sql.Identifier])
    bytes_: list[sql.Identifier] = field(default_factory=list[sql.Identifier])

    def rows(self) -> sql.Composed:
        """A question for all rows: the table, its texts in one, and its bytes in one."""
        escaped = [sql.SQL("encode({}, 'escape')").format(column) for column in self.bytes_]
        return sql.SQL("SELECT {}, concat_ws(E'\\n', {}), concat_ws(E'\\n', {}) FROM {}").format(
            sql.Literal(self.name),
            sql.SQL(", ").join([*self.texts, sql.NULL]),
            sql.SQL(", ").join([*escaped, sql.NULL]),
            sql.Identifier(self.name),
        )

    def complaints(self, connection: psycopg.Connection) -> Iterator[str]:
        """What is found, column by column."""
        for column in (*self.texts, *self.bytes_):
            is_text = column in self.texts
            shown = sql.SQL("{}::text" if is_text else "encode({}, 'escape')").format(column)
            asked = sql.SQL("SELECT {} FROM {} WHERE {} IS NOT NULL").format(shown, sql.Identifier(self.name), column)
            for (text,) in connection.execute(asked).fetchall():
                found = traces(text) if is_text else names_in(text)
                where = f"table {self.name}.{column.as_string(connection).strip(chr(34))}"
                yield from (f"{where}: {trace} in {text[:300]!r}" for trace in found)


def tables_of(connection: psycopg.Connection) -> dict[str, Table]:
    """All tables with the columns to look through."""
    tables: dict[str, Table] = {}
    for name, column, kind in connection.execute(_COLUMNS).fetchall():
        if (name, column) not in ALLOWED_COLUMNS:
            table = tables.setdefault(name, Table(name))
            (table.bytes_ if kind == "bytea" else table.texts).append(sql.Identifier(column))
    return tables
