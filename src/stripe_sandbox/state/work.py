"""One unit of work in one account.

The objects it reads and writes, the timers it sets and the events it causes, in one transaction.
"""

import json
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stripe_sandbox import ids
from stripe_sandbox.state.store import Account, Store

Doc = dict[str, Any]

# What may strike at a call or an event.
ARMED_KINDS = ("fault", "scenario_step")


@dataclass(frozen=True)
class Cause:
    """The call that caused an event; both None when time caused it."""

    request: str | None = None
    idempotency_key: str | None = None


class Work:
    """What a resource or a state machine works on.

    An object read twice is the same dict, so a change made in one place is seen in the other; `save` writes it.
    """

    def __init__(self, tx: sqlite3.Connection, account: Account, now: float, cause: Cause) -> None:
        self.tx = tx
        self.account = account
        self.exact_now = now
        self.cause = cause
        self._seen: dict[str, Doc] = {}
        self._quiet: bool | None = None

    @property
    def now(self) -> int:
        """The account's time in whole seconds."""
        return int(self.exact_now)

    @property
    def is_quiet(self) -> bool:
        """Says that no fault is armed and no step of a scenario waits, which every call and every event asks."""
        if self._quiet is None:
            row = self.tx.execute(
                "SELECT 1 FROM object WHERE account = ? AND kind IN (?, ?) LIMIT 1", (self.account.id, *ARMED_KINDS)
            ).fetchone()
            self._quiet = row is None
        return self._quiet

    def mint(self, prefix: str, stem: str | None = None) -> str:
        """A new id."""
        return ids.object_id(prefix, self.account.seed, self.next_number(), stem)

    def next_number(self) -> int:
        """The next value of the account's counter."""
        row = self.tx.execute(
            "UPDATE account SET minted = minted + 1 WHERE id = ? RETURNING minted", (self.account.id,)
        ).fetchone()
        return int(row["minted"])

    def insert(self, doc: Doc) -> Doc:
        """Stores a new object of kind `doc["object"]`."""
        self.tx.execute(
            "INSERT INTO object (id, account, kind, created, body) VALUES (?, ?, ?, ?, ?)",
            (doc["id"], self.account.id, doc["object"], doc.get("created", self.now), json.dumps(doc)),
        )
        self._seen[doc["id"]] = doc
        if doc["object"] in ARMED_KINDS:
            self._quiet = False
        return doc

    def save(self, doc: Doc) -> Doc:
        """Writes a changed object."""
        self.tx.execute(
            "UPDATE object SET body = ? WHERE id = ? AND account = ?", (json.dumps(doc), doc["id"], self.account.id)
        )
        return doc

    def delete(self, doc: Doc) -> None:
        """Removes an object for good."""
        self.tx.execute("DELETE FROM object WHERE id = ? AND account = ?", (doc["id"], self.account.id))
        self._seen.pop(doc["id"], None)

    def find(self, kind: str, object_id: str) -> Doc | None:
        """The object of this kind and id, or None."""
        seen = self._seen.get(object_id)
        if seen is not None:
            return seen if seen["object"] == kind else None
        row = self.tx.execute(
            "SELECT id, body FROM object WHERE id = ? AND account = ? AND kind = ?", (object_id, self.account.id, kind)
        ).fetchone()
        return None if row is None else self._remember(row)

    def find_any(self, object_id: str) -> Doc | None:
        """The object of this id, of whatever kind, or None."""
        row = self.tx.execute(
            "SELECT id, body FROM object WHERE id = ? AND account = ?", (object_id, self.account.id)
        ).fetchone()
        return None if row is None else self._remember(row)

    def get(self, kind: str, object_id: str) -> Doc:
        """The object of this kind and id, which must exist because another object names it."""
        doc = self.find(kind, object_id)
        if doc is None:
            raise LookupError(f"no {kind} {object_id}")
        return doc

    def select(
        self, kind: str, where: str = "", values: Sequence[object] = (), *, order: str = "DESC", limit: int = -1
    ) -> list[Doc]:
        """Objects of a kind, newest first, that meet a literal SQL condition on `body`, `created` or `seq`."""
        condition = f" AND {where}" if where else ""
        rows = self.tx.execute(
            f"SELECT id, body FROM object WHERE account = ? AND kind = ?{condition} ORDER BY seq {order} LIMIT ?",  # noqa: S608 - literals of this package only
            (self.account.id, kind, *values, limit),
        ).fetchall()
        return [self._remember(row) for row in rows]

    def count(self, kind: str) -> int:
        """How many objects of a kind there are."""
        row = self.tx.execute(
            "SELECT COUNT(*) AS objects FROM object WHERE account = ? AND kind = ?", (self.account.id, kind)
        ).fetchone()
        return int(row["objects"])

    def position(self, kind: str, object_id: str) -> int | None:
        """The place of an object in its list, for cursors."""
        row = self.tx.execute(
            "SELECT seq FROM object WHERE id = ? AND account = ? AND kind = ?", (object_id, self.account.id, kind)
        ).fetchone()
        return None if row is None else int(row["seq"])

    def set_timer(self, delay_s: float, act: str, target: str) -> None:
        """Lets `act` happen to the object `target` after a delay."""
        self.tx.execute(
            "INSERT INTO timer (account, due, act, target) VALUES (?, ?, ?, ?)",
            (self.account.id, self.exact_now + delay_s, act, target),
        )

    def clear_timers(self, act: str, target: str) -> None:
        """Forgets what would have happened to an object."""
        self.tx.execute(
            "DELETE FROM timer WHERE account = ? AND act = ? AND target = ?", (self.account.id, act, target)
        )

    def _remember(self, row: sqlite3.Row) -> Doc:
        if row["id"] not in self._seen:
            self._seen[row["id"]] = json.loads(row["body"])
        return self._seen[row["id"]]


@contextmanager
def open_work(store: Store, account: Account, cause: Cause | None = None) -> Generator[Work]:
    """One transaction: kept on a normal end, undone on any exception."""
    with store.transaction() as tx:
        yield Work(tx, account, account.time.at(store.clock.now()), cause or Cause())


def public(doc: Mapping[str, Any]) -> Doc:
    """The object as the API shows it: without its private keys."""
    return {key: value for key, value in doc.items() if not key.startswith("_")}
