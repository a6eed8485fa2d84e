"""`expand[]`: puts whole objects in the place of their ids, up to four levels deep.

Which fields hold ids of what is a table per object. A path that names no expandable field is refused.
"""

from collections.abc import Callable, Sequence
from typing import Any

from stripe_sandbox.wire.errors import invalid

Doc = dict[str, Any]
Finder = Callable[[str, str], Doc | None]
Included = Callable[[Doc, str], Doc | None]

DEPTH_MAX = 4
# The id may name objects of several kinds.
ANY_KIND = "*"

# object -> field -> kind of the object that its id names; None marks a list that is shown only when asked for.
EXPANDABLE: dict[str, dict[str, str | None]] = {
    "checkout.session": {"payment_intent": "payment_intent", "customer": "customer", "line_items": None},
    "payment_intent": {
        "customer": "customer",
        "latest_charge": "charge",
        "payment_method": "payment_method",
        "review": "review",
    },
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "radar.early_fraud_warning": {"charge": "charge", "payment_intent": "payment_intent"},
    "review": {"charge": "charge", "payment_intent": "payment_intent"},
    "charge": {
        "balance_transaction": "balance_transaction",
        "customer": "customer",
        "dispute": "dispute",
        "payment_intent": "payment_intent",
        "payment_method": "payment_method",
        "refunds": None,
        "review": "review",
    },
    "refund": {
        "balance_transaction": "balance_transaction",
        "charge": "charge",
        "failure_balance_transaction": "balance_transaction",
        "payment_intent": "payment_intent",
    },
    "payment_method": {"customer": "customer"},
    "setup_intent": {"customer": "customer", "payment_method": "payment_method"},
    "payout": {"balance_transaction": "balance_transaction", "failure_balance_transaction": "balance_transaction"},
    "price": {"product": "product"},
    "product": {"default_price": "price"},
    "item": {"price": "price"},
    "balance_transaction": {"source": ANY_KIND},
}


def expand(doc: Doc, paths: Sequence[str], find: Finder, include: Included) -> Doc:
    """Gives the object with every path expanded.

    `find` looks up (kind, id), `include` makes the lists that are shown on demand.
    """
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEPTH_MAX + (1 if steps[0] == "data" else 0):
            raise invalid(
                f"You cannot expand more than {DEPTH_MAX} levels of a property. Property: {path}", param="expand"
            )
        doc = _expand_path(doc, steps, path, find, include)
    return doc


def _expand_path(doc: Doc, steps: list[str], path: str, find: Finder, include: Included) -> Doc:
    """Expands the first step and goes on inside it; a list passes the path on to each of its elements."""
    if not steps:
        return doc
    name = steps[0]
    if doc.get("object") == "list":
        if name != "data":
            raise _unexpandable(path)
        return {**doc, "data": [_expand_path(item, steps[1:], path, find, include) for item in doc["data"]]}
    fields = EXPANDABLE.get(doc.get("object", ""), {})
    if name not in fields:
        raise _unexpandable(path)
    value: Any = doc.get(name)
    kind = fields[name]
    if kind is None and value is None:
        value = include(doc, name)
    elif kind is not None and isinstance(value, str):
        value = find(kind, value) or value
    if isinstance(value, dict):
        value = _expand_path({**value}, steps[1:], path, find, include)
    return {**doc, name: value}


def _unexpandable(path: str) -> Exception:
    return invalid(
        f"This property cannot be expanded ({path}). You may want to try expanding 'data.{path}' if this is a list.",
        param="expand",
    )
