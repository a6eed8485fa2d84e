"""Which rows each transaction of a test run locks, and in what order: rule 6, seen while the shop runs.

A statement is read once: its text names the tables it locks, and its parameters and rows name the keys. That the
reading is right is compared with PostgreSQL's own plans in ``architecture/test_lock_order.py``; ``watching`` shows all
statements of a test run to it.

Two transactions that lock the same rows in different orders can wait for each other for ever. What a transaction holds
already it may lock again; a statement that skips locked rows waits for nobody.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from psycopg.types.json import Json

from vivr import database

ORDER: Final = ("orders", "payment", "refund", "dispute", "product", "invoice_counter")
"""The tables of rule 6, in the order in which a transaction locks their rows; products by id besides."""

WRITTEN_ALONE: Final = "audit_link"
"""The end of the audit chain: one row of all transactions, so whoever writes it locks nothing else."""

_LOCKING_READ: Final = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+)?(?:UPDATE|SHARE)\b(?:\s+OF\s+(\w+))?(\s+SKIP\s+LOCKED)?")
_WRITE: Final = re.compile(r"(?<!FOR )(?<!KEY )(?<!DO )\b(?:UPDATE|DELETE\s+FROM)\s+(?!SET\b)(\w+)")
_INSERT: Final = re.compile(r"\bINSERT\s+INTO\s+(\w+)")
_FROM: Final = re.compile(r"\bFROM\s+(\w+)")
_KEY: Final = re.compile(r"\bid\s*=\s*%\((\w+)\)s")
_BY_ID: Final = re.compile(r"\bORDER\s+BY\s+(?:\w+\.)?id\s+FOR\b")
_REFERENCE: Final = re.compile(
    r"ALTER TABLE ONLY public\.(\w+)\s+ADD CONSTRAINT \w+ FOREIGN KEY \((\w+)\) REFERENCES public\.(\w+)\(id\)"
)
_SCHEMA: Final = Path(database.__file__).parent / "migrations" / "schema.sql"


@dataclass(frozen=True)
class Reading:
    """What the text of a statement says of its locks.

    Attributes:
        locks: the tables of which it locks rows, in the order of the text.
        made: the tables into which it inserts.
        key: the parameter that holds the id of the locked row; None: the rows that come back say it.
        waits: whether it waits for rows that others hold.
        by_id: whether it locks its rows sorted by id.
        mentions: the orders, payments and refunds that it refers to, which keeps others from locking them.
    """

    locks: tuple[str, ...]
    made: tuple[str, ...]
    key: str | None
    waits: bool
    by_id: bool
    mentions: tuple[tuple[str, str], ...]


@dataclass
class Held:
    """The rows that one transaction holds: a table, and an id or what stands for an unknown one."""

    rows: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    written: set[str] = field(default_factory=set[str])
    referred: set[str] = field(default_factory=set[str])


@cache
def references() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """By table: its columns that refer to a table of the order, and which."""
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, target in _REFERENCE.findall(_SCHEMA.read_text("utf-8")):
        if target in ORDER:
            found.setdefault(table, []).append((column, target))
    return {table: tuple(columns) for table, columns in found.items()}


@cache
def read_statement(text: str) -> Reading:
    """What a statement locks, by its text."""
    plain = " ".join(re.sub(r"--[^\n]*", "", text).split())
    locks, waits = list[str](), True
    for found in _LOCKING_READ.finditer(plain):
        tables = [found[1]] if found[1] else _FROM.findall(plain[: found.start()])[-1:]
        locks += tables
        waits = waits and not found[2]
    locks += _WRITE.findall(plain)
    made = tuple(_INSERT.findall(plain))
    keys = _KEY.findall(plain)
    mentioned = [
        (column, target)
        for table in (*made, *locks)
        for column, target in references().get(table, ())
        if f"%({column})s" in plain and (table in made or re.search(rf"\b{column} = \D*%\({column}\)s.* WHERE", plain))
    ]
    return Reading(
        tuple(dict.fromkeys(locks)),
        made,
        keys[0] if keys else None,
        waits,
        _BY_ID.search(plain) is not None,
        tuple(dict.fromkeys(mentioned)),
    )


def note(held: Held, name: str, text: str, values: Mapping[str, Any], rows: Sequence[object]) -> Iterator[str]:
    """Add what a statement locked, and give what of it breaks the order."""
    reading = read_statement(text)
    held.written |= {*reading.locks, *reading.made}
    if WRITTEN_ALONE in held.written and len(held.written) > 1:
        yield f"{name}: the audit chain is sealed in a transaction that locks {sorted(held.written)}"
    for column, target in reading.mentions:
        if target == "product":
            referred = str(values.get(column))
            held.referred |= {referred} if (target, referred) not in held.rows else set[str]()
        elif values.get(column) is not None:
            yield from _take(held, name, target, [str(values[column])], waits=True)
    for table in reading.made:
        if table in ORDER and table != "product":
            # An order and a refund have ids that a repeat has too, so an insert may wait. A payment's id is fresh, and
            # a dispute's Stripe id is written under the lock of its payment.
            waits = table not in {"payment", "dispute"}
            yield from _take(held, name, table, [str(values.get("id", name))], waits=waits)
    for table in reading.locks:
        if table in ORDER:
            keys = _keys_of(reading, values, rows, name)
            new = [key for key in keys if (table, key) not in held.rows]
            if table == "product" and held.referred & {*new}:
                # A reference shares the row at once and in no order; three that then lock it wait in a circle.
                yield f"{name}: locks products that the transaction has only referred to"
            if table == "product" and len(new) > 1 and not reading.by_id:
                yield f"{name}: locks several products and does not sort them by id"
            yield from _take(held, name, table, sorted(new), waits=reading.waits)


def _keys_of(reading: Reading, values: Mapping[str, Any], rows: Sequence[object], name: str) -> list[str]:
    if reading.key is not None and reading.key in values:
        return [str(values[reading.key])]
    given: Sequence[object] | None = values.get("product_ids") or values.get("ids")
    if isinstance(documents := values.get("rows"), Json):
        given = [row["id"] for row in documents.obj]
    if given is not None:
        return [str(key) for key in given]
    found = [str(key) for row in rows if (key := getattr(row, "id", None)) is not None]
    return found or ([f"some row of {name}"] if reading.waits and not rows else [])


def _take(held: Held, name: str, table: str, keys: Sequence[str], *, waits: bool) -> Iterator[str]:
    rank = ORDER.index(table)
    for key in keys:
        if (table, key) in held.rows:
            continue
        after = sorted({other for other, _ in held.rows if ORDER.index(other) > rank})
        if waits and after:
            yield f"{name}: locks {table} after {', '.join(after)}"
        later = [other for kind, other in held.rows if kind == table == "product" and other > key]
        if waits and later:
            yield f"{name}: locks product {key} after {max(later)}"
        held.rows.add((table, key))
