"""Watches every transaction and every write at Stripe of a test run: rule 6 (locks) and rule 7 (no float of money).

Each process of the shop that a test starts, and the test's own, writes what breaks a rule into a folder.
"""

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

from exact_money import inexact_rows, inexact_values
from lock_order import Held, note
from vivr import database
from vivr.database import Sql, Tx
from vivr.stripe_gateway.answers import Answer
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import StripeRequest

FOLDER_VARIABLE: Final = "WATCHED_RULES_FOLDER"
LIMITS: Final = ("lock_timeout", "statement_timeout")
_METHODS: Final = ("row", "rows", "value", "run", "run_many")


class Recorder:
    """Watches all transactions of this process."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file: Path | None = folder / f"{os.getpid()}.txt" if folder else None
        self._held: WeakKeyDictionary[Tx, Held] = WeakKeyDictionary()
        self._limited: set[str | None] = set()
        self.complaints: list[str] = []

    def note(self, tx: Tx, sql: Sql, values: Mapping[str, Any], rows: Sequence[object]) -> None:
        """Take down one statement that was run."""
        held = self._held.setdefault(tx, Held())
        for complaint in (
            *note(held, sql.name, sql.text, values, rows),
            *inexact_values(sql.name, values),
            *inexact_rows(sql.name, rows),
        ):
            self.complain(complaint)

    def note_request(self, request: StripeRequest) -> None:
        """Take down one write that is sent to Stripe."""
        for complaint in inexact_values(f"POST {request.path}", request.parameters):
            self.complain(complaint)

    async def look_at_limits(self, tx: Tx) -> None:
        """See once for each name of a transaction that it has its time limits."""
        name = database._OPEN_TRANSACTION.get()  # pyright: ignore[reportPrivateUsage] - no other names it
        # A single statement keeps its limit on the shop's side; architecture/test_personal_data.py shows that it holds.
        if name in self._limited or tx.connection.autocommit:
            return
        self._limited.add(name)
        for limit in LIMITS:
            found = await (await tx.connection.execute("SELECT current_setting(%s)", [limit])).fetchone()
            if found is None or found[0] in {"0", ""}:
                self.complain(f"transaction {name!r} has no {limit}")

    def complain(self, complaint: str) -> None:
        """Keep what breaks the rule, for the test that is running."""
        if self._file:
            with self._file.open("a", encoding="utf-8") as opened:
                opened.write(f"{complaint}\n")
        self.complaints.append(complaint)


def watch(recorder: Recorder) -> None:
    """Let the recorder see all statements and all writes at Stripe of this process from now on."""
    row, rows, value, run, run_many = Tx.row, Tx.rows, Tx.value, Tx.run, Tx.run_many
    send = Stripe.send

    async def watched_row(self: Tx, sql: Sql, row_type: Any, /, **values: object) -> Any:
        await recorder.look_at_limits(self)
        found = await row(self, sql, row_type, **values)
        recorder.note(self, sql, values, [] if found is None else [found])
        return found

    async def watched_rows(self: Tx, sql: Sql, row_type: Any, /, **values: object) -> Any:
        await recorder.look_at_limits(self)
        found = await rows(self, sql, row_type, **values)
        recorder.note(self, sql, values, found)
        return found

    async def watched_value(self: Tx, sql: Sql, value_type: Any, /, **values: object) -> Any:
        await recorder.look_at_limits(self)
        found = await value(self, sql, value_type, **values)
        recorder.note(self, sql, values, [found])
        return found

    async def watched_run(self: Tx, sql: Sql, /, **values: object) -> int:
        await recorder.look_at_limits(self)
        touched = await run(self, sql, **values)
        recorder.note(self, sql, values, [])
        return touched

    async def watched_run_many(self: Tx, sql: Sql, values: list[dict[str, object]]) -> None:
        await recorder.look_at_limits(self)
        await run_many(self, sql, values)
        for one in values:
            recorder.note(self, sql, one, [])

    async def watched_send(self: Stripe, request: StripeRequest, *, idempotency_key: str) -> Answer:
        recorder.note_request(request)
        return await send(self, request, idempotency_key=idempotency_key)

    for method in (watched_row, watched_rows, watched_value, watched_run, watched_run_many):
        setattr(Tx, method.__name__.removeprefix("watched_"), method)
    Stripe.send = watched_send


def watch_if_asked() -> None:
    """For a process that a test starts: watch, if the test's process does."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder:
        watch(Recorder(Path(folder)))


@dataclass
class WatchedRules:
    """A folder with the complaints of each process, and how far each was read."""

    folder: Path
    _read: dict[Path, int] = field(default_factory=dict[Path, int])

    @contextmanager
    def watching(self) -> Generator[None]:
        """Watch this process, and all that are started meanwhile."""
        os.environ[FOLDER_VARIABLE] = str(self.folder)
        kept = {name: getattr(Tx, name) for name in _METHODS}
        send = Stripe.send
        watch(Recorder(self.folder))
        yield
        for name, method in kept.items():
            setattr(Tx, name, method)
        Stripe.send = send
        del os.environ[FOLDER_VARIABLE]

    def new_complaints(self) -> list[str]:
        """What was complained of since the last look."""
        found = list[str]()
        for file in sorted(self.folder.iterdir()):
            size = file.stat().st_size
            if size > self._read.get(file, 0):
                with file.open("rb") as opened:
                    opened.seek(self._read.get(file, 0))
                    found += opened.read(size).decode().splitlines()
                self._read[file] = size
        return found
