"""Lists: newest first, `limit` 1-100 (10 by default), one cursor, and the filters on `created`."""

from collections.abc import Sequence
from typing import Any

from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import invalid, missing_object
from stripe_sandbox.wire.schema import Integer, Param, Shape, Text

LIMIT_DEFAULT = 10
LIMIT_MAX = 100

LIST_PARAMS: dict[str, Param] = {
    "limit": Param(Integer(1, LIMIT_MAX)),
    "starting_after": Param(Text()),
    "ending_before": Param(Text()),
}


class CreatedFilter:
    """`created=<time>` or `created[gt|gte|lt|lte]=<time>`."""

    _bounds = Shape({name: Param(Integer()) for name in ("gt", "gte", "lt", "lte")})

    def read(self, value: Any, path: str, version: str) -> dict[str, int]:
        """Reads to a dict of operator to time."""
        if isinstance(value, str):
            return {"eq": Integer().read(value, path, version)}
        bounds: dict[str, int] = self._bounds.read(value, path, version)
        return bounds


_OPERATORS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Conditions:
    """The filters of one list request, collected as literal SQL and values."""

    def __init__(self) -> None:
        self.clauses: list[str] = []
        self.values: list[object] = []

    def equal(self, field: str, value: object) -> None:
        """Keeps objects whose top-level field has this value; None means that no filter was sent."""
        if value is not None:
            self.clauses.append(f"json_extract(body, '$.{field}') = ?")
            self.values.append(value)

    def one_of(self, field: str, values: Sequence[object] | None) -> None:
        """Keeps objects whose field has one of these values."""
        if values:
            self.clauses.append(f"json_extract(body, '$.{field}') IN ({', '.join('?' * len(values))})")
            self.values.extend(values)

    def created(self, bounds: dict[str, int] | None) -> None:
        """Keeps objects made within the bounds."""
        for operator, bound in (bounds or {}).items():
            self.clauses.append(f"created {_OPERATORS[operator]} ?")
            self.values.append(bound)

    def raw(self, clause: str, *values: object) -> None:
        """Adds a literal condition."""
        self.clauses.append(clause)
        self.values.extend(values)


def list_objects(
    work: Work, kind: str, url: str, params: Doc, *, noun: str, conditions: Conditions | None = None
) -> Doc:
    """One page of objects as Stripe's list object; `noun` names the kind in the error of a bad cursor."""
    conditions = conditions or Conditions()
    limit: int = params.get("limit", LIMIT_DEFAULT)
    after, before = check_cursors(params)
    clauses, values, order = list(conditions.clauses), list(conditions.values), "DESC"
    cursor = after or before
    if cursor is not None:
        place = work.position(kind, cursor)
        if place is None:
            raise missing_object(noun, cursor, param="starting_after" if after else "ending_before", status=400)
        clauses.append("seq < ?" if after else "seq > ?")
        values.append(place)
        order = "DESC" if after else "ASC"
    found = work.select(kind, " AND ".join(clauses), values, order=order, limit=limit + 1)
    page = found[:limit]
    if order == "ASC":
        page.reverse()
    return as_list([public(doc) for doc in page], url, has_more=len(found) > limit)


def check_cursors(params: Doc) -> tuple[str | None, str | None]:
    """Gives both cursors; at most one may be sent."""
    after, before = params.get("starting_after"), params.get("ending_before")
    if after is not None and before is not None:
        raise invalid("Received both starting_after and ending_before parameters. Please pass in only one.")
    return after, before


def as_list(data: list[Doc], url: str, *, has_more: bool = False) -> Doc:
    """Stripe's list object."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def page_of(items: Sequence[Doc], url: str, params: Doc, *, noun: str) -> Doc:
    """One page of a list that belongs to one object, in its own order."""
    after, before = check_cursors(params)
    limit: int = params.get("limit", LIMIT_DEFAULT)
    cursor = after or before
    places = {item["id"]: index for index, item in enumerate(items)}
    if cursor is not None and cursor not in places:
        raise missing_object(noun, cursor, param="starting_after" if after else "ending_before", status=400)
    if before is not None:
        candidates = items[: places[before]]
        return as_list(list(candidates[-limit:]), url, has_more=len(candidates) > limit)
    candidates = items[places[after] + 1 :] if after is not None else items
    return as_list(list(candidates[:limit]), url, has_more=len(candidates) > limit)
