"""Rule 3: SQL stands in stores, named and literal, and a state changes only by a guarded UPDATE."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from architecture.source_tree import Module, dotted, sample, shop, texts, violations

SQL_ELSEWHERE: Final = {
    "vivr.database": "every transaction sets its own time limits",
    "vivr.migrate": "it makes what stores need",
    "vivr.embedded_postgres.supervisor": "it makes the database that migrations fill",
    "vivr.cli.doctor": "it asks a server that may not be migrated for the time",
}
"""Modules that hold SQL without being a store, each with its reason."""

RUNS_SQL: Final = {*SQL_ELSEWHERE, "vivr.jobs", "vivr.webhooks.wake_worker"}
"""Modules that hand SQL to the driver: ``jobs`` hands on the queue's own, in the caller's transaction, and LISTEN
belongs to a connection outside of all transactions."""

GUARDED_OTHERWISE: Final = {
    "apply_snapshot": "the row is locked, the model judged the state it has, and the ticket keeps late readers out",
}
"""Statements that set a state without naming the one before, by name, each with its reason."""

_SQL: Final = re.compile(
    r"\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s|ALTER\s|DROP\s|TRUNCATE\s|"
    r"WITH\s+(RECURSIVE\s+)?\w+\s+AS\s|SET\s+LOCAL\s|LOCK\s+TABLE\s|BEGIN\b|COMMIT\b)"
)
_PARTS: Final = ("name", "purpose", "text")
_NAME: Final = re.compile(r"([a-z_]+\.)?[a-z][a-z0-9_]*")
_SETS_STATE: Final = re.compile(r"\bUPDATE\s+(?P<table>\w+)\b(?P<set>.*?)\bWHERE\b(?P<where>.*)", re.DOTALL)
_STATE: Final = re.compile(r"\b(state|outcome)\s*(=|IN\b)")


@dataclass(frozen=True)
class Statement:
    """One ``Sql(...)``, as it stands in the source."""

    name: str
    purpose: str
    text: str
    module: Module
    node: ast.Call


def is_store(module: Module) -> bool:
    """A room's own SQL stands in its ``store.py``, or in ``<part>_store.py`` beside it."""
    return module.name.endswith("store")


def statements(module: Module) -> Iterator[Statement]:
    """All statements of a module whose three parts are literal texts."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and dotted(node.func) == "Sql":
            given = dict(zip(_PARTS, node.args, strict=False)) | {word.arg or "": word.value for word in node.keywords}
            parts = {
                name: part.value
                for name, part in given.items()
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            }
            if set(parts) == set(given) == set(_PARTS):
                yield Statement(parts["name"], parts["purpose"], parts["text"], module, node)


def sql_outside_stores(module: Module) -> Iterator[str]:
    if is_store(module):
        return
    if module.name not in SQL_ELSEWHERE:
        for text in texts(module):
            if _SQL.match(str(text.value)):
                yield module.at(text, f"SQL outside a store: {str(text.value).split()[:4]}")
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            is_execute = node.func.attr in {"execute", "executemany", "copy"}
            if is_execute and module.name not in RUNS_SQL and "path" not in dotted(node.func):
                yield module.at(node, "a statement is run outside a store")
        if isinstance(node, ast.Call) and dotted(node.func) == "Sql":
            yield module.at(node, "a statement is declared outside a store")


def unnamed_statements(module: Module) -> Iterator[str]:
    declared = {id(statement.node): statement for statement in statements(module)}
    constants = {id(node.value) for node in module.tree.body if isinstance(node, ast.Assign)}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or dotted(node.func) != "Sql":
            continue
        statement = declared.get(id(node))
        if statement is None:
            yield module.at(node, "Sql() takes three literal texts: name, purpose, statement")
        elif not _NAME.fullmatch(statement.name):
            yield module.at(node, f"{statement.name!r} is no name of a statement")
        elif len(statement.purpose.split()) < 2:
            yield module.at(node, f"the purpose of {statement.name} says nothing")
        elif id(node) not in constants:
            yield module.at(node, f"{statement.name} is no constant of its module")


def unguarded_state_changes(module: Module) -> Iterator[str]:
    for statement in statements(module):
        update = _SETS_STATE.search(statement.text)
        is_update = re.search(r"\bUPDATE\s+\w+", statement.text) and "SET" in statement.text
        if update is None:
            if is_update and _STATE.search(statement.text):
                yield module.at(statement.node, f"{statement.name} sets a state of every row")
            continue
        is_change = _STATE.search(update["set"].partition("SET")[2]) and not _STATE.search(update["where"])
        if is_change and statement.name not in GUARDED_OTHERWISE:
            yield module.at(statement.node, f"{statement.name} sets a state whatever it was before")


def test_sql_stands_in_stores() -> None:
    assert violations(sql_outside_stores, shop()) == []


def test_statements_have_a_name_and_a_purpose() -> None:
    assert violations(unnamed_statements, shop()) == []


def test_names_of_statements_are_unique() -> None:
    found = [statement.name for module in shop() for statement in statements(module)]
    assert sorted({name for name in found if found.count(name) > 1}) == []


def test_a_state_changes_only_where_the_one_before_is_named() -> None:
    assert violations(unguarded_state_changes, shop()) == []


def test_every_exemption_is_still_needed() -> None:
    names = {statement.name for module in shop() for statement in statements(module)}
    assert set(GUARDED_OTHERWISE) <= names
    holders = {module.name for module in shop() if any(_SQL.match(str(text.value)) for text in texts(module))}
    assert set(SQL_ELSEWHERE) <= holders


@pytest.mark.parametrize(
    "broken",
    [
        "TEXT = 'SELECT * FROM orders'",
        "TEXT = '''\n    UPDATE orders SET state = 'PAID'\n'''",
        "TEXT = 'INSERT INTO orders VALUES (1)'",
        "TEXT = 'WITH paid AS (SELECT 1) SELECT 2'",
        "async def read(cursor): await cursor.execute(QUERY)",
        "_FIND = Sql('find', 'Find one order.', TEXT)",
    ],
)
def test_sql_outside_a_store_is_caught(broken: str) -> None:
    assert list(sql_outside_stores(sample(broken))) != []


@pytest.mark.parametrize(
    "broken",
    [
        "_FIND = Sql('find', 'Find one order.', f'SELECT {COLUMNS} FROM orders')",
        "_FIND = Sql('find', 'Find one order.', 'SELECT ' + COLUMNS)",
        "_FIND = Sql(name='find', purpose='Find one order.', text=TEXT)",
        "_FIND = Sql('find', 'Find one order.')",
        "_FIND = Sql('Find Order', 'Find one order.', 'SELECT 1')",
        "_FIND = Sql('find', 'find', 'SELECT 1')",
        "def read(): return Sql('find', 'Find one order.', 'SELECT 1')",
    ],
)
def test_a_statement_without_name_purpose_or_literal_text_is_caught(broken: str) -> None:
    assert list(unnamed_statements(sample(broken, "vivr.orders.store"))) != []


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE orders SET state = 'PAID' WHERE id = %(id)s",
        "UPDATE orders SET state = 'PAID'",
        "UPDATE operation SET tries = 1, outcome = %(outcome)s WHERE id = %(id)s RETURNING *",
        "UPDATE orders SET state = %(to)s, at = %(now)s WHERE id = %(id)s AND deadline_at < %(now)s",
    ],
)
def test_an_unguarded_state_change_is_caught(text: str) -> None:
    broken = sample(f"_X = Sql('x', 'Change a state.', {text!r})", "vivr.orders.store")
    assert list(unguarded_state_changes(broken)) != []


def test_a_guarded_state_change_passes() -> None:
    text = "UPDATE orders SET state = 'PAID' WHERE id = %(id)s AND state = 'PENDING' RETURNING *"
    assert list(unguarded_state_changes(sample(f"_X = Sql('x', 'Change a state.', {text!r})"))) == []
