"""Rule 5: names, e-mails, addresses, IPs and user agents live in the customers' tables alone, each with an expiry.

And what the database refuses is named, so that each refusal maps to an error.
"""

import re
from collections.abc import Iterable
from typing import Final, LiteralString

import psycopg
import pytest

from vivr.constraints import error_code_of
from vivr.database import Database, Sql
from vivr.errors import Unavailable

Column = tuple[str, str]

CUSTOMERS: Final = {"person", "session", "request_origin", "order_contact", "account_mail", "saved_address"}
"""The tables of the customers' room: the only ones that may say who somebody is."""

TELLS_OF_NOBODY: Final[dict[Column, str]] = {
    ("schema_migration", "name"): "a file's name",
    ("catalogue_entry", "option_names"): "Colour, Size",
    ("catalogue_entry_text", "option_names"): "the same in another language",
}
"""Columns whose name sounds personal, each with what it holds."""

APPEND_ONLY: Final = {
    *("order_line", "order_history", "ledger_entry", "ledger_posting", "audit_row", "audit_link", "refund_line"),
}
"""Tables in which nothing is ever rewritten."""

SEALED_ELSEWHERE: Final[dict[Column, str]] = {
    ("operation", "request_sealed"): "the exact request, dropped when the operation rests",
    ("dispute_evidence", "written_sealed"): "what staff wrote to the bank, dropped when the dispute has ended",
    ("dispute_file", "content_sealed"): "a file that staff sent to the bank, dropped when the dispute has ended",
    ("client_request", "answer_sealed"): "the first answer, kept 48 hours",
}
"""Sealed columns outside the customers' tables, each with its end."""

_PERSONAL: Final = re.compile(
    r"(^|_)(e?mail|names?|phone|address|street|line1|city|postal|zip|birth|ip|agent|contact|recipient)(_|$)"
)
_QUEUE: Final = "pgqueuer"


def personal_columns(columns: Iterable[Column]) -> list[Column]:
    return sorted(
        column
        for column in columns
        if column[0] not in CUSTOMERS and column not in TELLS_OF_NOBODY and _PERSONAL.search(column[1])
    )


def columns_of(schema: psycopg.Connection) -> list[Column]:
    rows = schema.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    ).fetchall()
    return [(str(table), str(column)) for table, column in rows if not str(table).startswith(_QUEUE)]


def test_only_the_customers_tables_say_who_somebody_is(schema: psycopg.Connection) -> None:
    columns = columns_of(schema)
    assert len(columns) > 150
    assert personal_columns(columns) == []
    assert set(TELLS_OF_NOBODY) <= set(columns)


@pytest.mark.parametrize("column", ["email", "customer_name", "ip", "user_agent", "postal_code", "shipping_address"])
def test_a_personal_column_elsewhere_is_caught(column: str) -> None:
    assert personal_columns([("orders", column)]) == [("orders", column)]
    assert personal_columns([("person", column)]) == []


def test_everything_personal_expires(schema: psycopg.Connection) -> None:
    expiring = {table for table, column in columns_of(schema) if column == "expires_at"}
    assert expiring >= CUSTOMERS


def test_sealed_columns_outside_the_customers_tables_are_known(schema: psycopg.Connection) -> None:
    sealed = {column for column in columns_of(schema) if "sealed" in column[1] and column[0] not in CUSTOMERS}
    assert sealed == set(SEALED_ELSEWHERE)


def test_every_constraint_is_named_for_what_it_promises_and_maps_to_an_error(schema: psycopg.Connection) -> None:
    rows = schema.execute(
        "SELECT conrelid::regclass::text, conname, contype FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'f', 'p', 'x')"
    ).fetchall()
    ours = [(str(table), str(name), str(kind)) for table, name, kind in rows if not str(table).startswith(_QUEUE)]
    assert len(ours) > 80
    unnamed = [name for table, name, kind in ours if is_default_name(table, name, kind)]
    assert unnamed == []
    vague = [name for _, name, kind in ours if kind in {"u", "f", "p"} and error_code_of(name) == "rule_broken"]
    assert vague == []


def is_default_name(table: str, name: str, kind: str) -> bool:
    """Whether PostgreSQL made the name up: it says which columns, and not what is promised."""
    suffix = {"c": "_check", "u": "_key", "f": "_fkey", "x": "_excl"}.get(kind)
    return suffix is not None and re.fullmatch(rf"{table}_.*{suffix}\d*", name) is not None


def test_a_name_that_the_server_made_up_is_caught() -> None:
    assert is_default_name("orders", "orders_total_minor_check", "c")
    assert is_default_name("payment", "payment_order_id_fkey", "f")
    assert not is_default_name("orders", "orders_total_adds_up", "c")


def test_append_only_tables_have_their_trigger(schema: psycopg.Connection) -> None:
    rows = schema.execute(
        "SELECT tgrelid::regclass::text, tgtype FROM pg_trigger WHERE tgname LIKE '%_append_only' AND tgenabled = 'O'"
    ).fetchall()
    # Bits of tgtype: 1 for each row, 2 before, 8 delete, 16 update (PostgreSQL, catalog pg_trigger).
    assert {str(table) for table, kind in rows if kind & 27 == 27} == APPEND_ONLY


@pytest.mark.parametrize("statement", ["UPDATE audit_row SET actor = 'me'", "DELETE FROM audit_row"])
def test_what_was_recorded_is_never_rewritten(database_url: str, statement: LiteralString) -> None:
    with psycopg.connect(database_url, autocommit=True) as opened:
        opened.execute(
            "INSERT INTO audit_row (at, actor, role, action, object_type, object_id, outcome, request_id) "
            "VALUES (now(), 'system:test', 'system', 'test.done', 'test', '1', 'done', 'req_1')"
        )
        with pytest.raises(psycopg.IntegrityError) as refusal:
            opened.execute(statement)
        assert refusal.value.diag.constraint_name == "audit_row_append_only"
        assert error_code_of("audit_row_append_only") == "append_only"
        assert opened.execute("SELECT actor FROM audit_row").fetchall() == [("system:test",)]


async def test_every_transaction_has_its_time_limits(database: Database) -> None:
    show = Sql("show_limit", "What limits this transaction.", "SELECT current_setting(%(name)s)")
    async with database.transaction("limits") as tx:
        assert await tx.value(show, str, name="lock_timeout") == "5s"
        assert await tx.value(show, str, name="statement_timeout") == "15s"


async def test_a_single_statement_has_a_time_limit_and_leaves_its_connection_usable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = Sql("sleep", "Longer than any limit.", "SELECT pg_sleep(%(seconds)s)::text")
    monkeypatch.setattr("vivr.database._SINGLE_STATEMENT_S", 0.2)
    with pytest.raises(Unavailable, match="database_unavailable"):
        async with database.single_statement("endless on purpose") as tx:
            await tx.value(sleep, str, seconds=60)
    async with database.transaction("after it") as tx:
        assert await tx.value(sleep, str, seconds=0) == ""
