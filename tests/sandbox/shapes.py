"""Compares an answer with a table of keys and JSON types, at every depth."""

from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True)
class Nullable:
    """A nested object that may be null."""

    table: "Table"


Table = dict[str, "str | Table | Nullable"]


def nullable(table: Table) -> Nullable:
    """Marks a nested object that may be null."""
    return Nullable(table)


def _kind(value: object) -> str:
    return "null" if value is None else type(value).__name__


def differences(doc: dict[str, Any], table: Table, path: str = "") -> list[str]:
    """Every missing key, unknown key and wrong type, as `path: what`."""
    found: list[str] = []
    wanted = {name.rstrip("?"): kind for name, kind in table.items()}
    optional = {name.rstrip("?") for name in table if name.endswith("?")}
    found += [f"{path}{name}: missing" for name in wanted if name not in doc and name not in optional]
    found += [f"{path}{name}: unknown" for name in doc if name not in wanted]
    for name, kind in wanted.items():
        if name in doc:
            found += _difference(doc[name], kind, f"{path}{name}")
    return found


def _difference(value: Any, kind: "str | Table | Nullable", path: str) -> list[str]:
    if isinstance(kind, Nullable):
        return [] if value is None else _difference(value, kind.table, path)
    if isinstance(kind, dict):
        return (
            differences(cast("dict[str, Any]", value), kind, path + ".")
            if _kind(value) == "dict"
            else [f"{path}: {_kind(value)}"]
        )
    return [] if kind == "any" or _kind(value) in kind.split("|") else [f"{path}: {_kind(value)}, not {kind}"]
