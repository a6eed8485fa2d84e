"""``/api/stripe/payment-intents`` and cancelling over JSON: own orders only, and once per key."""

from collections.abc import AsyncGenerator

import pytest

from web.harness import Web, basket, data_of, open_web, refusal

ROUTE = "/api/stripe/payment-intents"


@pytest.fixture
async def paying(database_url: str, sandbox_url: str) -> AsyncGenerator[Web]:
    """An application whose Stripe is the sandbox."""
    async with open_web(database_url, sandbox_url) as opened:
        yield opened


async def test_an_own_order_gets_one_intent_per_key_and_without_one(paying: Web) -> None:
    product = await paying.kit.add_product()
    await paying.browser.get("/api/auth/me")
    order = data_of(await paying.browser.post("/api/orders", json=basket(product)), 201)
    body, headers = {"orderId": order["id"]}, {"Idempotency-Key": "a"}
    first = await paying.browser.post(ROUTE, json=body, headers=headers)
    made = data_of(first, 201)
    assert set(made) == {"paymentIntentId", "clientSecret", "publishableKey", "orderId", "amount", "currency"}
    assert (made["orderId"], made["amount"], made["currency"]) == (order["id"], 2980, "EUR")
    assert made["clientSecret"].startswith(f"{made['paymentIntentId']}_secret_")
    again = await paying.browser.post(ROUTE, json=body, headers=headers)
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert data_of(await paying.browser.post(ROUTE, json=body), 201) == made
    other = data_of(await paying.browser.post("/api/orders", json=basket(product)), 201)
    reused = await paying.browser.post(ROUTE, json={"orderId": other["id"]}, headers=headers)
    assert refusal(reused) == (422, "idempotency_key_reused")
    assert (await paying.counts())["operations"] == 2


async def test_anothers_order_does_not_exist(paying: Web) -> None:
    product = await paying.kit.add_product()
    order = data_of(await paying.browser.post("/api/orders", json=basket(product)), 201)
    async with paying.client() as stranger:
        assert refusal(await stranger.post(ROUTE, json={"orderId": order["id"]})) == (404, "order_not_found")
    assert refusal(await paying.browser.post(ROUTE, json={})) == (422, "validation_failed")
    assert (await paying.counts())["operations"] == 0


async def test_a_cancel_is_answered_once_per_key(paying: Web) -> None:
    product = await paying.kit.add_product()
    await paying.browser.get("/api/auth/me")
    order = data_of(await paying.browser.post("/api/orders", json=basket(product)), 201)
    path, headers = f"/api/orders/{order['id']}/cancel", {"Idempotency-Key": "c"}
    first = await paying.browser.post(path, headers=headers)
    assert data_of(first)["status"] == "CANCELLED"
    again = await paying.browser.post(path, headers=headers)
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    other = data_of(await paying.browser.post("/api/orders", json=basket(product)), 201)
    reused = await paying.browser.post(f"/api/orders/{other['id']}/cancel", headers=headers)
    assert refusal(reused) == (422, "idempotency_key_reused")
