"""`expand[]`: puts whole objects in the place of their ids, up to four levels deep.

Which fields hold ids of what is a table per object. A path that names no expandable field is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from stripe_sandbox.wire.errors import invalid

Doc = dict[str, Any]
Finder = Callable[[str, str], Doc | None]
Included = Callable[[Doc, str], object]
Fields = Mapping[str, "str | Fields | OnDemand"]

DEPTH_MAX = 4
# The id may name objects of several kinds.
ANY_KIND = "*"


@dataclass(frozen=True)
class OnDemand:
    """What is shown only when asked for: a list of objects, or plain objects with these fields."""

    fields: Fields = field(default_factory=dict[str, Any])


_DISCOUNTED: Fields = {"discount": "discount"}
# object -> field -> kind of the object that its id names; a table holds the fields of a plain object within, or of each
# in a plain list.
EXPANDABLE: dict[str, Fields] = {
    "checkout.session": {
        "customer": "customer",
        "invoice": "invoice",
        "line_items": OnDemand(),
        "payment_intent": "payment_intent",
        "setup_intent": "setup_intent",
        "shipping_cost": {"shipping_rate": "shipping_rate", "taxes": OnDemand()},
        "shipping_options": {"shipping_rate": "shipping_rate"},
        "total_details": {"breakdown": OnDemand({"discounts": _DISCOUNTED, "taxes": {}})},
    },
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
        "refunds": OnDemand(),
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
    "item": {"discounts": OnDemand(_DISCOUNTED), "price": "price", "taxes": OnDemand()},
    "coupon": {"applies_to": OnDemand()},
    "discount": {"customer": "customer", "promotion_code": "promotion_code", "source": {"coupon": "coupon"}},
    "promotion_code": {"customer": "customer", "promotion": {"coupon": "coupon"}},
    "balance_transaction": {"source": ANY_KIND},
    "invoice": {
        "customer": "customer",
        "discounts": "discount",
        "lines": {},
        "payments": OnDemand(),
        "shipping_cost": {"shipping_rate": "shipping_rate", "taxes": OnDemand()},
        "total_discount_amounts": _DISCOUNTED,
        "total_taxes": {"tax_rate_details": {"tax_rate": "tax_rate"}},
    },
    "line_item": {
        "discount_amounts": _DISCOUNTED,
        "pricing": {"price_details": {"price": "price"}},
        "taxes": {"tax_rate_details": {"tax_rate": "tax_rate"}},
    },
    "invoice_payment": {"invoice": "invoice", "payment": {"payment_intent": "payment_intent"}},
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
        doc = _expand_path(doc, steps, _Expansion(path, find, include))
    return doc


@dataclass(frozen=True)
class _Expansion:
    """One path on its way."""

    path: str
    find: Finder
    include: Included


def _expand_path(doc: Doc, steps: list[str], along: _Expansion) -> Doc:
    """Expands the first step and goes on inside it; a list passes the path on to each of its elements."""
    if not steps:
        return doc
    if doc.get("object") == "list":
        if steps[0] != "data":
            raise _unexpandable(along.path)
        return {**doc, "data": [_expand_path(item, steps[1:], along) for item in doc["data"]]}
    return _expand_field(doc, doc, EXPANDABLE.get(doc.get("object", ""), {}), steps, along)


def _expand_field(
    owner: Doc, holder: Doc, fields: Fields, steps: list[str], along: _Expansion, within: str = ""
) -> Doc:
    """`holder` is the owner itself or a plain object in its field `within`."""
    name = steps[0]
    if name not in fields:
        raise _unexpandable(along.path)
    value: Any = holder.get(name)
    kind = fields[name]
    if isinstance(kind, OnDemand):
        value = along.include(owner, within + name) if value is None else value
        if value is None:
            return holder
        kind = kind.fields
    elif isinstance(kind, str):
        value = _found(kind, value, along)
    inside: Fields = kind if isinstance(kind, Mapping) else {}
    if isinstance(value, list):
        value = [
            item if isinstance(item, str) else _expand_within(owner, item, inside, steps, along)
            for item in cast("list[Doc | str]", value)
        ]
    elif isinstance(value, dict):
        value = _expand_within(owner, cast("Doc", value), inside, steps, along)
    return {**holder, name: value}


def _found(kind: str, value: Any, along: _Expansion) -> Any:
    """The object that an id names, or those of a list of ids; what is shown whole already stays."""
    if isinstance(value, list):
        return [_found(kind, item, along) for item in cast("list[Any]", value)]
    return along.find(kind, value) or value if isinstance(value, str) else value


def _expand_within(owner: Doc, value: Doc, fields: Fields, steps: list[str], along: _Expansion) -> Doc:
    """Goes on in an object, or in a plain one, which has the fields that its place gives it."""
    if len(steps) == 1:
        return value
    if "object" in value:
        return _expand_path({**value}, steps[1:], along)
    return _expand_field(owner, value, fields, steps[1:], along, f"{steps[0]}.")


def _unexpandable(path: str) -> Exception:
    return invalid(
        f"This property cannot be expanded ({path}). You may want to try expanding 'data.{path}' if this is a list.",
        param="expand",
    )
