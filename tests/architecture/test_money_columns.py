"""Rule 7 in the database: every amount is a ``bigint`` of minor units, and every other number says what it is."""

from typing import Final

import psycopg
import pytest

Column = tuple[str, str, str]

NOT_MONEY: Final = {
    "audit_id": "a row of the audit trail",
    "count": "how many jobs",
    "exchange_rate": "Stripe's rate, kept as it was told; no sum is made with it",
    "fence": "which claim of an event may still write",
    "id": "the number of a row",
    "job_id": "a job",
    "number": "an order's number",
    "sequence": "a place in the audit chain",
    "slot": "a place in the job queue",
    "ticket": "a place in the order of reads",
    "ticket_applied": "a place in the order of reads",
    "ticket_taken": "a place in the order of reads",
}
"""Columns that hold a large or a broken number and no money, each with what it is."""

_INEXACT: Final = {"real", "double precision", "money"}
_LARGE: Final = {"bigint", "numeric"}


def wrong_columns(columns: list[Column]) -> list[str]:
    """What rule 7 does not allow, of (table, column, type)."""
    wrong: list[str] = []
    for table, column, kind in columns:
        is_money = column.endswith("_minor")
        if kind in _INEXACT:
            wrong.append(f"{table}.{column} is {kind}, which is not exact")
        elif is_money and kind != "bigint":
            wrong.append(f"{table}.{column} is {kind}: money is a bigint of minor units")
        elif kind in _LARGE and not is_money and column not in NOT_MONEY:
            wrong.append(f"{table}.{column} is {kind}: call it _minor, or say what it is")
    return wrong


def columns_of(schema: psycopg.Connection) -> list[Column]:
    rows = schema.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' "
        "UNION ALL SELECT p.proname, t.type_name, format_type(t.type_oid, NULL) FROM pg_proc p "
        "CROSS JOIN LATERAL (SELECT 'returns', p.prorettype UNION ALL SELECT 'takes', unnest(p.proargtypes)) "
        "AS t (type_name, type_oid) "
        "WHERE p.pronamespace = 'public'::regnamespace AND format_type(t.type_oid, NULL) IN "
        "('real', 'double precision', 'money') AND NOT EXISTS "
        "(SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    ).fetchall()
    return [(str(table), str(column), str(kind)) for table, column, kind in rows]


def test_every_amount_is_a_bigint_and_every_other_number_is_listed(schema: psycopg.Connection) -> None:
    columns = columns_of(schema)
    assert wrong_columns(columns) == []
    assert len([column for _, column, _ in columns if column.endswith("_minor")]) > 30
    assert {*NOT_MONEY} <= {column for _, column, _ in columns}


def test_every_amount_says_in_which_currency_it_is(schema: psycopg.Connection) -> None:
    columns = columns_of(schema)
    tables = {table for table, column, _ in columns if column.endswith("_minor")}
    named = {table for table, column, _ in columns if column == "currency"}
    assert tables - named == {"order_line", "refund_line", "refunded_line"}  # the order's


@pytest.mark.parametrize(
    "column",
    [
        ("orders", "total_minor", "integer"),
        ("orders", "total_minor", "numeric"),
        ("loyalty", "points", "bigint"),
        ("loyalty", "price", "numeric"),
        ("loyalty", "share", "double precision"),
        ("loyalty", "price", "money"),
    ],
)
def test_a_column_of_another_kind_is_caught(column: Column) -> None:
    assert len(wrong_columns([column])) == 1
