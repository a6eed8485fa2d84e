"""``/openapi.json`` says what the API really takes and gives."""

from typing import Any

import httpx
import pytest

from web.harness import PASSWORD, Web, basket, refusal

ROUTES = {
    ("post", "/api/auth/register"): "201",
    ("post", "/api/auth/login"): "200",
    ("post", "/api/auth/logout"): "200",
    ("get", "/api/auth/me"): "200",
    ("get", "/api/products"): "200",
    ("get", "/api/products/{handle}"): "200",
    ("post", "/api/orders"): "201",
    ("get", "/api/orders"): "200",
    ("get", "/api/orders/{order_id}"): "200",
    ("post", "/api/orders/{order_id}/cancel"): "200",
    ("post", "/api/stripe/checkout"): "201",
    ("post", "/api/stripe/payment-intents"): "201",
    ("post", "/api/stripe/refunds"): "201",
}


@pytest.fixture
async def document(web: Web) -> dict[str, Any]:
    """The description."""
    return (await web.browser.get("/openapi.json")).json()


async def test_every_route_is_described_with_its_envelope(document: dict[str, Any]) -> None:
    described = {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert described.keys() == ROUTES.keys()
    for place, status in ROUTES.items():
        responses = described[place]["responses"]
        success = _schema(document, responses[status])
        assert set(success["properties"]) == {"success", "data"}
        assert set(_schema(document, responses["4XX"])["properties"]) == {
            "success",
            "error",
            "code",
            "requestId",
            "fields",
            "details",
        }
        assert "422" not in responses


async def test_keys_are_described_where_they_work(document: dict[str, Any]) -> None:
    for path in ("/api/orders", "/api/stripe/checkout", "/api/stripe/refunds"):
        names = [parameter["name"] for parameter in document["paths"][path]["post"]["parameters"]]
        assert names == ["Idempotency-Key"]


async def test_an_order_on_the_wire_has_the_described_fields(web: Web, document: dict[str, Any]) -> None:
    product = await web.kit.add_product()
    answer = await web.browser.post("/api/orders", json=basket(product))
    shape = document["components"]["schemas"]["OrderOut"]
    assert set(answer.json()["data"]) == set(shape["properties"]) == set(shape["required"])


async def test_a_failure_on_the_wire_has_the_described_fields(web: Web, document: dict[str, Any]) -> None:
    account = {"email": "anna@example.com", "password": PASSWORD}
    answer: httpx.Response = await web.browser.post("/api/auth/register", json=account)
    assert refusal(answer) == (422, "validation_failed")
    assert set(answer.json()) <= set(document["components"]["schemas"]["Failure"]["properties"])


def _schema(document: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    reference: str = response["content"]["application/json"]["schema"]["$ref"]
    return document["components"]["schemas"][reference.rpartition("/")[2]]
