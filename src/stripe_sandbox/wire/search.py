"""Stripe's search language, for what it is asked here.

`email:"anna@example.com" AND metadata["order"]:"7"`; `:` is equal (letters of either case), `~` contains, `>` and `<`
compare numbers, a leading `-` negates; AND and OR cannot be mixed. Source: Stripe docs, search.
"""

import re

from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import invalid
from stripe_sandbox.wire.lists import LIMIT_DEFAULT

_CLAUSE = re.compile(
    r"""(?P<not>-)?(?P<field>\w+)(?:\[(?P<q>["'])(?P<key>[^"'\[\]]+)(?P=q)\])?\s*(?P<operator>:|~|>=|<=|>|<|=)\s*"""
    r"""(?:"(?P<text>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>[\w.-]+))"""
)
_JOINT = re.compile(r"\s+(AND|OR)\s+|\s+", re.IGNORECASE)


def search_objects(work: Work, kind: str, fields: frozenset[str], params: Doc, url: str) -> Doc:
    """One page of the objects that a query finds, newest first; `page` is where the next one begins."""
    where, values = _condition(params["query"], fields)
    limit: int = params.get("limit", LIMIT_DEFAULT)
    page: str = params.get("page") or "0"
    if not page.isdigit():
        raise invalid(f"Invalid page: {page}", param="page")
    alive = f"json_extract(body, '$.deleted') IS NULL AND ({where})"
    found = work.select(kind, alive, values)[int(page) :]
    more = len(found) > limit
    return {
        "object": "search_result",
        "data": [public(doc) for doc in found[:limit]],
        "has_more": more,
        "next_page": str(int(page) + limit) if more else None,
        "url": url,
    }


def _condition(query: str, fields: frozenset[str]) -> tuple[str, list[object]]:
    clauses: list[str] = []
    values: list[object] = []
    joints: set[str] = set()
    place = 0
    while True:
        match = _CLAUSE.match(query, place)
        if match is None:
            raise _unreadable(query)
        clause, value = _clause(match, fields)
        clauses.append(clause)
        values += value
        place = match.end()
        if not query[place:].strip():
            break
        joint = _JOINT.match(query, place)
        if joint is None:
            raise _unreadable(query)
        joints.add((joint[1] or "AND").upper())
        place = joint.end()
    if len(joints) > 1:
        raise invalid("A search query cannot mix AND and OR.", param="query")
    return f" {joints.pop() if joints else 'AND'} ".join(clauses), values


def _clause(match: re.Match[str], fields: frozenset[str]) -> tuple[str, list[object]]:
    field, key, operator = match["field"], match["key"], match["operator"]
    if field not in fields or (key is not None) != (field == "metadata"):
        raise invalid(f"Field `{field}` is an unsupported search field.", param="query")
    text = match["text"] if match["text"] is not None else match["single"]
    bare = match["bare"]
    path = f'$.metadata."{key}"' if key is not None else f"$.{field}"
    where: list[object] = [path]
    if bare is not None and bare.lower() == "null":
        clause = "json_extract(body, ?) IS NULL"
    elif operator == "~":
        clause = "instr(lower(json_extract(body, ?)), lower(?)) > 0"
        where.append(text or bare)
    elif operator in (":", "="):
        clause = "lower(CAST(json_extract(body, ?) AS TEXT)) = lower(?)"
        where.append(bare if text is None else text)
    else:
        clause = f"CAST(json_extract(body, ?) AS REAL) {operator} CAST(? AS REAL)"
        where.append(bare or text)
    return (f"NOT coalesce({clause}, 0)" if match["not"] else clause), where


def _unreadable(query: str) -> Exception:
    return invalid(f"We were unable to parse your search query: {query}", param="query")
