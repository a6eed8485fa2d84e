"""Rule 7 at run time: what the shop hands to the database and to Stripe, and what it reads, is no float near money.

``watching`` shows every parameter, every row and every Stripe document of a test run to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Final, cast

from psycopg.types.json import Json, Jsonb

NOT_MONEY: Final = {
    "exchange_rate": "Stripe's rate, kept as it was told; no sum is made with it",
}
"""Parameters and columns that may hold a float or a Decimal, each with what it is."""


def inexact_values(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    """The parameters of a statement, or of a Stripe document, that are no exact whole numbers."""
    for key, value in values.items():
        if key not in NOT_MONEY:
            for path, found in _inexact(key, value):
                yield f"{name}: {path} is {found!r}, a {type(found).__name__}"


def inexact_rows(name: str, rows: Sequence[object]) -> Iterator[str]:
    """The columns of the rows that a statement gave; what is no row is a value by itself."""
    for row in rows:
        columns = _columns_of(type(row))
        values = {column: getattr(row, column) for column in columns} if columns else {"value": row}
        yield from inexact_values(name, values)


@cache
def _columns_of(row_type: Any) -> tuple[str, ...]:
    return tuple(column.name for column in fields(row_type)) if is_dataclass(row_type) else ()


def _inexact(path: str, value: Any) -> Iterator[tuple[str, object]]:
    match value:
        case float() | Decimal():
            yield path, value
        case Json() | Jsonb():
            yield from _inexact(path, value.obj)
        case dict():
            for key, part in cast("dict[str, Any]", value).items():
                yield from _inexact(f"{path}.{key}", part)
        case list() | tuple():
            for part in cast("Sequence[Any]", value):
                yield from _inexact(path, part)
        case _:
            pass
