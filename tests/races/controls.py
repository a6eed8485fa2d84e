"""Shops without what guards them: whoever reads in order to write may be overtaken in between.

Where a guarded UPDATE, a lease, a fence or a constraint would guard as well, the control takes that away too.
"""

import re
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

import vivr.web.idempotency
from proof.enumeration import Variant
from proof.world import World, patched
from vivr.idempotency.model import New
from vivr.ids import OrderId

Rewrites = Mapping[str, str]
"""What is replaced in each statement, as regular expressions."""

_LOCKS: Final[Rewrites] = {
    r"\bFOR (NO KEY )?UPDATE( OF \w+)?( SKIP LOCKED)?": "",
    r"\bpg_(try_)?advisory_xact_lock\((?:[^()]|\([^()]*(?:\([^()]*\))?[^()]*\))*\)": "true",
}
_LEASES_AND_FENCES: Final[Rewrites] = {
    r"AND NOT EXISTS \(\s*SELECT FROM inbox_event AS other[\s\S]*?other\.lease_until > %\(now\)s\)": "",
    r"\b(inbox_event\.)?next_try_at <= %\(now\)s": "true",
    r"AND fence = %\(fence\)s\s+AND state IN \('RECEIVED', 'RETRYING'\)": "",
}
_GUARDED_MOVES: Final[Rewrites] = {
    r"AND ticket_applied < %\(ticket\)s": "",
    r"AND state = %\(from\)s (?=AND)": "",
}
_STOCK_TAKEN_AGAIN: Final[Rewrites] = {
    r"(UPDATE stock_reservation SET state = %\(state\)s\s+WHERE order_id = %\(order_id\)s) AND state = 'HELD'": r"\1"
}
_LOOKS_THEN_RESERVES: Final[Rewrites] = {
    r"(SELECT product\.id FROM product JOIN wanted USING \(id\)) ORDER BY product\.id([^=]*SET stock_reserved"
    r" = product\.stock_reserved \+[\s\S]*)AND product\.stock_on_hand - product\.stock_reserved >= wanted\.quantity": (
        r"\1 WHERE product.stock_on_hand - product.stock_reserved >= wanted.quantity ORDER BY product.id\2"
    ),
}
_STOCK: Final = ("product_reserved_not_negative", "product_reserved_within_stock", "product_stock_not_negative")


def rewritten(text: str, rewrites: Rewrites) -> str:
    """A statement without its guards."""
    for pattern, replacement in rewrites.items():
        text = re.sub(pattern, replacement, text)
    return text


def speaking(rewrites: Rewrites) -> Variant:
    """A shop whose statements are rewritten."""

    @contextmanager
    def careless() -> Generator[None]:
        execute: Any = psycopg.AsyncCursor[Any].execute

        async def run(self: psycopg.AsyncCursor[Any], query: Any, *args: Any, **named: Any) -> Any:
            text = rewritten(query, rewrites) if isinstance(query, str) else query
            return await execute(self, text, *args, **named)

        with patched(psycopg.AsyncCursor, execute=run):
            yield

    return careless


def _forgets_keys() -> AbstractContextManager[None]:
    async def claim(*_: object, subject_id: OrderId, **__: object) -> New:
        return New(subject_id, fence=1)

    return patched(vivr.web.idempotency, claim_request=claim)


@dataclass(frozen=True)
class Control:
    """A shop that is broken on purpose.

    Attributes:
        name: what it lacks.
        variant: breaks the code.
        without: the constraints (table -> names) that the database lacks.
    """

    name: str
    variant: Variant
    without: Mapping[str, tuple[str, ...]]

    @contextmanager
    def unconstrained(self, world: World) -> Generator[None]:
        """Take the constraints away; the world is emptied before they are there again."""
        taken = list[tuple[str, str, LiteralString]]()
        for table, names in self.without.items():
            for name in names:
                definition = world.ask("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", name)
                taken.append((table, name, definition))
                _alter(world, table, sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(name)))
        try:
            yield
        finally:
            world.clear()
            for table, name, definition in taken:
                added = sql.SQL("ADD CONSTRAINT {} ").format(sql.Identifier(name)) + sql.SQL(definition)
                _alter(world, table, added)


def _alter(world: World, table: str, what: sql.Composable) -> None:
    world.janitor.execute(sql.SQL("ALTER TABLE {} ").format(sql.Identifier(table)) + what)


NO_LOCKS: Final = Control("no locks", speaking(_LOCKS), {})
NO_LEASES: Final = Control(
    "no locks, leases, fences, tickets and guarded moves, stock unchecked",
    speaking({**_LOCKS, **_LEASES_AND_FENCES, **_GUARDED_MOVES, **_STOCK_TAKEN_AGAIN}),
    {"product": _STOCK},
)
NO_GUARDED_REFUNDS: Final = Control(
    "no locks and guarded moves, refunds unchecked",
    speaking({**_LOCKS, **_GUARDED_MOVES}),
    {
        "payment": ("payment_refunds_within_captured",),
        "refunded_line": ("refunded_line_restocked_once", "refunded_line_within_line"),
    },
)
LOOKS_FIRST: Final = Control(
    "looks for stock before it reserves, stock unchecked",
    speaking({**_LOCKS, **_LOOKS_THEN_RESERVES}),
    {"product": _STOCK},
)
KEYS_FORGOTTEN: Final = Control("keys forgotten", _forgets_keys, {})
