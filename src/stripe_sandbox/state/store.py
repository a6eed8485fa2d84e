"""Opens the SQLite file and its transactions, and knows the accounts in it.

The sandbox is one process with one event loop: a transaction never spans an `await`, so one connection serves all
requests in turn. A killed process loses nothing that it answered: the commit stands before the answer.
"""

import json
import secrets
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from stripe_sandbox.clock import AccountTime, Clock
from stripe_sandbox.ids import account_id, scramble

DATABASE_NAME = "stripe_sandbox.sqlite3"


@dataclass(frozen=True)
class Account:
    """One test key's world: its id, the seed of its ids, its time and its settings."""

    id: str
    seed: str
    created: int
    time: AccountTime
    settings: dict[str, Any]


class Store:
    """The state of all accounts; `data` None keeps it in memory only."""

    def __init__(self, data: Path | None, clock: Clock, seed: int | None = None) -> None:
        self.clock = clock
        self._seed = secrets.token_hex(8) if seed is None else str(seed)
        if data is not None:
            data.mkdir(parents=True, exist_ok=True)
        target = ":memory:" if data is None else str(data / DATABASE_NAME)
        self.connection = sqlite3.connect(target, isolation_level=None, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.executescript((files("stripe_sandbox") / "state" / "schema.sql").read_text(encoding="utf-8"))

    def close(self) -> None:
        """Closes the file."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """Commits on a normal end, rolls back on any exception."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def ensure_account(self, key: str) -> Account:
        """The account of a secret key, opened at its first use."""
        wanted = account_id(key)
        found = self.find_account(wanted)
        if found is not None:
            return found
        now = self.clock.now()
        with self.transaction() as tx:
            tx.execute(
                "INSERT INTO account (id, seed, created, anchor_real, anchor_sandbox) VALUES (?, ?, ?, ?, ?)",
                (wanted, scramble(self._seed, wanted, length=16), int(now), now, now),
            )
        opened = self.find_account(wanted)
        assert opened is not None
        return opened

    def count_accounts(self) -> int:
        """How many accounts there are."""
        row = self.connection.execute("SELECT COUNT(*) AS accounts FROM account").fetchone()
        return int(row["accounts"])

    def find_account(self, wanted: str) -> Account | None:
        """The account with this id, or None."""
        row = self.connection.execute("SELECT * FROM account WHERE id = ?", (wanted,)).fetchone()
        if row is None:
            return None
        time = AccountTime(row["anchor_real"], row["anchor_sandbox"], row["speed"])
        return Account(row["id"], row["seed"], row["created"], time, json.loads(row["settings"]))

    def account_of(self, object_id: str) -> Account | None:
        """The account that holds an object, for the pages, whose addresses carry no key."""
        row = self.connection.execute("SELECT account FROM object WHERE id = ?", (object_id,)).fetchone()
        return None if row is None else self.find_account(row["account"])

    def list_accounts(self) -> list[Account]:
        """All accounts, oldest first."""
        rows = self.connection.execute("SELECT id FROM account ORDER BY rowid").fetchall()
        return [account for row in rows if (account := self.find_account(row["id"])) is not None]

    def move_time(self, account: Account, *, target: float | None, speed: float | None) -> AccountTime:
        """Stores an account's new anchor."""
        moved = account.time.moved(self.clock.now(), target=target, speed=speed)
        with self.transaction() as tx:
            tx.execute(
                "UPDATE account SET anchor_real = ?, anchor_sandbox = ?, speed = ? WHERE id = ?",
                (moved.real, moved.sandbox, moved.speed, account.id),
            )
        return moved

    def change_settings(self, account: Account, change: dict[str, Any]) -> dict[str, Any]:
        """Stores an account's settings, merged with what was there."""
        settings = {**account.settings, **change}
        with self.transaction() as tx:
            tx.execute("UPDATE account SET settings = ? WHERE id = ?", (json.dumps(settings), account.id))
        return settings
