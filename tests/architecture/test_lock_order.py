"""Rule 6: a transaction locks order, payment, refund, dispute, products by id and the invoice counter in this order.

``watching`` watches every transaction of the whole test run. Here it is shown that it sees what PostgreSQL locks, and
that it catches what it is there for.
"""

import json
import os
from collections.abc import Iterator
from typing import Any, Final, LiteralString, cast

import psycopg
import pytest
from psycopg import sql

from architecture.test_sql import Statement
from architecture.test_statements import PARAMETER, all_statements
from lock_order import ORDER, Held, note, read_statement, references
from vivr.database import Database, Sql
from watching import FOLDER_VARIABLE, Recorder, WatchedRules

_FIND_ORDER: LiteralString = "SELECT * FROM orders WHERE id = %(id)s FOR UPDATE"
_MOVE_PAYMENT: LiteralString = "UPDATE payment SET polls = 1 WHERE id = %(id)s"
_LOCK_PRODUCTS: LiteralString = "SELECT id FROM product WHERE id = ANY(%(product_ids)s) ORDER BY id FOR NO KEY UPDATE"
_UPDATE_PRODUCTS: LiteralString = "UPDATE product SET active = false WHERE id = ANY(%(product_ids)s)"
_CLAIM: LiteralString = "SELECT id FROM payment WHERE poll_at < now() LIMIT 1 FOR UPDATE SKIP LOCKED"
_NOTE_EVENT: LiteralString = "UPDATE inbox_event SET order_id = coalesce(%(order_id)s, order_id) WHERE id = %(id)s"
_ADD_LINE: LiteralString = "INSERT INTO order_line (order_id, product_id) VALUES ('ord_1', %(product_id)s)"
_PLACE: LiteralString = "INSERT INTO orders (id) VALUES (%(id)s)"

Step = tuple[LiteralString, dict[str, Any]]

_BROKEN: Final[list[list[Step]]] = [
    [(_MOVE_PAYMENT, {"id": "pay_1"}), (_FIND_ORDER, {"id": "ord_1"})],
    [(_CLAIM, {}), (_MOVE_PAYMENT, {"id": "pay_2"}), (_FIND_ORDER, {"id": "ord_1"})],
    [(_LOCK_PRODUCTS, {"product_ids": ["prd_1"]}), (_PLACE, {"id": "ord_1"})],
    [(_LOCK_PRODUCTS, {"product_ids": ["prd_2"]}), (_LOCK_PRODUCTS, {"product_ids": ["prd_1"]})],
    [(_UPDATE_PRODUCTS, {"product_ids": ["prd_2", "prd_1"]})],
    [(_ADD_LINE, {"product_id": "prd_1"}), (_LOCK_PRODUCTS, {"product_ids": ["prd_1"]})],
    [(_MOVE_PAYMENT, {"id": "pay_1"}), (_NOTE_EVENT, {"id": "evt_1", "order_id": "ord_1"})],
    [(_FIND_ORDER, {"id": "ord_1"}), ("INSERT INTO audit_link (sequence) VALUES (1)", {})],
]

_WHOLE: Final[list[list[Step]]] = [
    [(_LOCK_PRODUCTS, {"product_ids": ["prd_1"]}), (_ADD_LINE, {"product_id": "prd_1"})],
    [(_FIND_ORDER, {"id": "ord_1"}), (_MOVE_PAYMENT, {"id": "pay_1"}), (_FIND_ORDER, {"id": "ord_1"})],
    [(_FIND_ORDER, {"id": "ord_1"}), (_MOVE_PAYMENT, {"id": "pay_1"}), (_CLAIM, {})],
    [
        (_LOCK_PRODUCTS, {"product_ids": ["prd_2", "prd_1"]}),
        (_UPDATE_PRODUCTS, {"product_ids": ["prd_2", "prd_1"]}),
    ],
    [(_MOVE_PAYMENT, {"id": "pay_1"}), (_NOTE_EVENT, {"id": "evt_1", "order_id": None})],
]


def complaints(*steps: Step) -> list[str]:
    """What the recorder says of the statements of one transaction."""
    held = Held()
    return [said for text, values in steps for said in note(held, "a step", text, values, [])]


def planned_locks(schema: psycopg.Connection, statement: Statement) -> set[str] | None:
    """The tables that PostgreSQL's plan of a statement locks rows of, or writes; None where it can't be prepared."""
    places: dict[str, int] = {}
    text = PARAMETER.sub(lambda found: f"${places.setdefault(found[1], len(places) + 1)}", statement.text)
    name = sql.Identifier(f"plan of {statement.name}")
    literal = sql.SQL(text.replace("%%", "%"))  # pyright: ignore[reportArgumentType] - literal in the source
    try:
        schema.execute(sql.SQL("PREPARE {} AS {}").format(name, literal))
    except psycopg.errors.IndeterminateDatatype:
        return None
    nothing = sql.SQL("({})").format(sql.SQL(", ").join([sql.NULL] * len(places))) if places else sql.SQL("")
    schema.execute("SET plan_cache_mode = force_generic_plan")
    row = schema.execute(sql.SQL("EXPLAIN (FORMAT JSON) EXECUTE {}{}").format(name, nothing)).fetchone()
    assert row is not None
    (plan,) = cast("list[dict[str, Any]]", row[0] if isinstance(row[0], list) else json.loads(row[0]))
    return {table for node in nodes(plan["Plan"]) for table in locked_by(node)}


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def locked_by(node: dict[str, Any]) -> set[str]:
    if node["Node Type"] == "ModifyTable":
        return {node["Relation Name"]}
    if node["Node Type"] == "LockRows":
        return {found["Relation Name"] for found in nodes(node) if "Relation Name" in found}
    return set()


def test_what_the_recorder_reads_in_a_statement_is_what_postgresql_plans_to_lock(schema: psycopg.Connection) -> None:
    looked_at, wrong = 0, dict[str, tuple[object, object]]()
    for statement in all_statements():
        planned = planned_locks(schema, statement)
        if planned is None:
            continue
        looked_at += 1
        reading = read_statement(statement.text)
        read = {*reading.locks, *reading.made} & {*ORDER}
        if read != planned & {*ORDER}:
            wrong[statement.name] = (read, planned)
    assert wrong == {}
    assert looked_at > 100


def test_the_references_to_orders_payments_and_refunds_are_those_of_the_schema(schema: psycopg.Connection) -> None:
    rows = schema.execute(
        "SELECT c.conrelid::regclass::text, a.attname::text, c.confrelid::regclass::text FROM pg_constraint c "
        "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) "
        "WHERE c.contype = 'f' AND c.confrelid::regclass::text = ANY (%s)",
        [list(ORDER)],
    ).fetchall()
    read = {(table, column, target) for table, found in references().items() for column, target in found}
    assert read == {tuple(row) for row in rows}


@pytest.mark.parametrize("steps", _BROKEN)
def test_locks_out_of_order_are_caught(steps: list[Step]) -> None:
    assert len(complaints(*steps)) == 1


@pytest.mark.parametrize("steps", _WHOLE)
def test_locks_in_order_and_rows_held_already_pass(steps: list[Step]) -> None:
    assert complaints(*steps) == []


async def test_a_transaction_that_locks_out_of_order_is_seen_while_it_runs(
    database: Database, watched: WatchedRules
) -> None:
    async with database.transaction("broken on purpose") as tx:
        await tx.run(Sql("broken_first", "Broken on purpose.", _MOVE_PAYMENT), id="pay_1")
        await tx.run(
            Sql("broken_second", "Broken on purpose.", "SELECT 1 FROM orders WHERE id = %(id)s FOR UPDATE"), id="1"
        )
    assert watched.new_complaints() == ["broken_second: locks orders after payment"]


async def test_a_transaction_without_time_limits_is_seen(database: Database, watched: WatchedRules) -> None:
    async with database.transaction("endless on purpose") as tx:
        await tx.connection.execute("SET LOCAL lock_timeout = 0")
        await tx.value(Sql("broken_third", "Broken on purpose.", "SELECT 1"), int)
    assert watched.new_complaints() == ["transaction 'endless on purpose' has no lock_timeout"]


def test_the_processes_that_tests_start_are_watched(watched: WatchedRules) -> None:
    """What a process complains of reaches the test that runs meanwhile, through the folder that it inherits."""
    Recorder(watched.folder).complain("said elsewhere")
    assert os.environ[FOLDER_VARIABLE] == str(watched.folder)
    assert watched.new_complaints() == ["said elsewhere"]
