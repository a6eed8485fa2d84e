"""Rule 3, against a real server: every statement is prepared on the migrated schema, and touches its room's tables."""

import re
from typing import Final

import psycopg
from psycopg import sql

from architecture.source_tree import Module, sample, shop
from architecture.test_sql import Statement, is_store, statements

TABLES: Final = {
    "audit": {"audit_row", "audit_link"},
    "cart": {"cart_line"},
    "catalogue": {
        *("catalogue_entry", "catalogue_entry_text", "catalogue_image"),
        *("product", "product_text", "product_price"),
    },
    "customers": {"person", "session", "request_origin", "order_contact", "account_mail", "saved_address"},
    "disputes": {"dispute", "dispute_evidence", "dispute_file", "fraud_flag"},
    "email": {"email_message"},
    "idempotency": {"client_request"},
    "ledger": {"ledger_entry", "ledger_posting"},
    "money_exceptions": {"money_exception"},
    "operations": {"operation"},
    "orders": {"orders", "order_line", "order_history", "stock_reservation", "order_hold"},
    "payments": {"payment", "payment_attempt", "payment_client", "stripe_customer", "stripe_account"},
    "reconciliation": {"balance_transaction", "balance_reading", "balance_search", "payout"},
    "refunds": {"refund", "refund_line", "refunded_line"},
    "webhooks": {"inbox_event", "gap_fill"},
    "web": {"schema_migration"},
}
"""Whose table is whose: only the room's own store reads or writes it."""

READS_ANOTHERS: Final = {
    "next_postable_balance_transaction": ({"ledger_entry"}, "one question per turn, not one per movement"),
    "claim_balance_reading": ({"ledger_entry"}, "the first reading begins where the books do"),
    "movements_without_balance_transaction": ({"ledger_entry"}, "what one of the two lacks is asked of both"),
    "put_cart_line": ({"product"}, "what is no product is left out by the statement that would break a reference"),
}
"""Statements that read another room's tables, by name, each with its reason."""

READS_ALL: Final = {"invariants": "what must hold is asked of all tables together"}
"""Rooms that read whatever they like and write nothing, each with its reason."""

QUEUE: Final = {"pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics"}
"""The job queue's own tables, which only its library touches."""

_TABLE: Final = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE(?!\s+SET)|USING)\s+(?:ONLY\s+)?([a-z_]+)\b(?!\s*\()", re.IGNORECASE
)
_COMMON_TABLE: Final = re.compile(
    r"(?:\bWITH\s+(?:RECURSIVE\s+)?|,\s*)([a-z_]+)\s*(?:\([^()]*\)\s*)?AS\s*(?:MATERIALIZED\s*)?\("
)
PARAMETER: Final = re.compile(r"%\((\w+)\)[sb]")
_NOT_TABLES: Final = {"update", "unnest", "generate_series", "lateral", "excluded", "nowait", "skip", "set"}


def all_statements() -> list[Statement]:
    return [statement for module in shop() if is_store(module) for statement in statements(module)]


def room_of(module: Module) -> str:
    return module.name.split(".")[1]


def tables_of(text: str) -> set[str]:
    """The tables that a statement names, without its own common table expressions."""
    own = set(_COMMON_TABLE.findall(text))
    cleaned = re.sub(r"\b(DO|FOR)\s+(NO\s+KEY\s+)?UPDATE\b|IS\s+(NOT\s+)?DISTINCT\s+FROM", "", text)
    return {table for table in _TABLE.findall(cleaned) if table.lower() not in _NOT_TABLES} - own


def foreign_tables(statement: Statement) -> set[str]:
    exempt, _ = READS_ANOTHERS.get(statement.name, (set[str](), ""))
    if room_of(statement.module) in READS_ALL and statement.text.lstrip().startswith("SELECT"):
        return set()
    return tables_of(statement.text) - TABLES.get(room_of(statement.module), set()) - exempt


def prepare(schema: psycopg.Connection, statement: Statement) -> str | None:
    """What the server says against a statement, or None."""
    places: dict[str, int] = {}
    text = PARAMETER.sub(lambda found: f"${places.setdefault(found[1], len(places) + 1)}", statement.text)
    try:
        schema.execute(
            sql.SQL("PREPARE {} AS {}").format(
                sql.Identifier(statement.name),
                sql.SQL(text.replace("%%", "%")),  # pyright: ignore[reportArgumentType] - literal in the source
            )
        )
    except psycopg.errors.IndeterminateDatatype:
        return None  # the driver names the type of each value; a bare PREPARE can't
    except psycopg.Error as error:
        return f"{statement.module.path}: {statement.name}: {error}"
    return None


def test_every_statement_can_be_prepared(schema: psycopg.Connection) -> None:
    assert len(all_statements()) > 80
    assert [problem for statement in all_statements() if (problem := prepare(schema, statement))] == []


def test_a_statement_that_the_schema_does_not_know_is_caught(schema: psycopg.Connection) -> None:
    for text in ("SELECT colour FROM orders", "SELECT * FROM order_lines", "UPDATE orders SET status = %(a)s"):
        module = sample(f"_X = Sql('broken', 'It is broken.', {text!r})", "vivr.orders.store")
        assert prepare(schema, next(statements(module))) is not None


def test_a_room_touches_only_its_own_tables() -> None:
    found = {f"{item.module.path}: {item.name}": foreign_tables(item) for item in all_statements()}
    assert {place: tables for place, tables in found.items() if tables} == {}


def test_a_foreign_table_is_caught() -> None:
    text = "WITH due AS (SELECT id FROM orders) UPDATE payment SET polls = 1 FROM due JOIN person ON true"
    module = sample(f"_X = Sql('broken', 'It is broken.', {text!r})", "vivr.payments.store")
    assert foreign_tables(next(statements(module))) == {"orders", "person"}


def test_a_room_that_reads_all_still_writes_nothing() -> None:
    writing = sample("_X = Sql('broken', 'It is broken.', 'DELETE FROM orders')", "vivr.invariants.i1_store")
    assert foreign_tables(next(statements(writing))) == {"orders"}


def test_every_table_has_one_room(schema: psycopg.Connection) -> None:
    rows = schema.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    owned = [table for tables in TABLES.values() for table in tables]
    assert sorted(owned) == sorted(set(owned))
    assert {str(row[0]) for row in rows} == {*owned, *QUEUE}
