"""The tables of parameters hold what Stripe's own document holds, at every depth: nothing legal is called unknown."""

import re
from collections.abc import Iterator
from typing import Any, Final, cast

from sandbox.openapi_judge import the_judge
from stripe_sandbox.routes import ROUTES
from stripe_sandbox.wire.schema import Array, Kind, NotBuilt, Shape

ELSEWHERE: Final = re.compile(r"/v1/(stripecli/|payment_pages/|events/\{id\}/retry|files$)")
"""Routes that the document does not hold, and uploads, whose form is of another kind."""

BEYOND: Final = re.compile(r"allowed_payment_method_types|payment_method_data\.card|.*\bexpand")
"""Endive's parameter; cards by token, which are documented elsewhere; and a parameter that every route takes."""


def blank(path: str) -> str:
    """The path whatever its segments are called."""
    return re.sub(r"\{\w+\}", "{}", path)


def declared(schema: dict[str, Any]) -> dict[str, Any]:
    """The properties of an object, of the items of an array, and of all alternatives."""
    found: dict[str, Any] = dict(schema.get("properties", {}))
    inside: list[dict[str, Any]] = [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
    for inner in inside:
        for name, other in declared(inner).items():
            found[name] = {"anyOf": [found[name], other]} if name in found else other
    return found


def shape_of(kind: Kind) -> Shape | None:
    """The shape of an object parameter, or of the items of an array."""
    if isinstance(kind, Array):
        return shape_of(kind.item)
    return kind if isinstance(kind, Shape) else None


def differences(schema: dict[str, Any], shape: Shape, within: str = "") -> Iterator[str]:
    """Every parameter that one side has and the other has not."""
    names = declared(schema)
    yield from (f"{within}{name}: missing" for name in names if name not in shape.params and name != "expand")
    for name, param in shape.params.items():
        place = within + name
        if name not in names:
            if not BEYOND.fullmatch(place):
                yield f"{place}: not in the document"
        elif not isinstance(param.kind, NotBuilt):
            inner = shape_of(param.kind)
            if inner is not None and declared(names[name]):
                yield from differences(names[name], inner, f"{place}.")


def test_every_route_knows_the_parameters_of_the_document_and_no_others() -> None:
    operations = cast("dict[str, Any]", the_judge().document["operations"])
    published = {blank(name): operation for name, operation in operations.items()}
    routes = [route for route in ROUTES if not ELSEWHERE.match(route.pattern)]
    found = [
        f"{route.name}: {difference}"
        for route in routes
        for difference in differences(
            published[blank(route.name)]["body" if route.method == "POST" else "query"], route.params
        )
    ]
    assert found == []
    assert len(routes) > 100


def test_the_comparison_itself_catches_a_missing_and_an_invented_parameter() -> None:
    nested: dict[str, Any] = {"anyOf": [{"properties": {"c": {}}}, {"enum": [""]}]}
    schema: dict[str, Any] = {"properties": {"a": {"type": "string"}, "b": nested}}
    known = Shape({"b": next(route for route in ROUTES if route.method == "POST").params.params["address"]})
    complaints = list(differences(schema, known))
    assert complaints[:2] == ["a: missing", "b.c: missing"]
    assert "b.city: not in the document" in complaints
