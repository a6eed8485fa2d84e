"""From a basket or an order to the page where it is paid, over JSON, with a real sandbox behind."""

from collections.abc import AsyncGenerator

import pytest

from web.harness import Web, basket, data_of, open_web, refusal


@pytest.fixture
async def paying(database_url: str, sandbox_url: str) -> AsyncGenerator[Web]:
    """An application whose Stripe is the sandbox."""
    async with open_web(database_url, sandbox_url) as opened:
        yield opened


async def test_one_step_from_a_basket_to_the_payment_page(paying: Web) -> None:
    product = await paying.kit.add_product(amount=2490)
    await paying.browser.get("/api/auth/me")
    headers = {"Idempotency-Key": "a"}
    first = await paying.browser.post("/api/stripe/checkout", json=basket(product, 2), headers=headers)
    link = data_of(first, 201)
    assert set(link) == {"sessionId", "url", "orderId"}
    assert link["sessionId"].startswith("cs_test_")
    again = await paying.browser.post("/api/stripe/checkout", json=basket(product, 2), headers=headers)
    assert again.content == first.content
    order = data_of(await paying.browser.get(f"/api/orders/{link['orderId']}"))
    assert (order["status"], order["total"]) == ("PENDING", 5470)
    assert order["payment"]["status"] == "REQUIRES_PAYMENT"
    assert await paying.counts() == {"orders": 1, "reservations": 1, "operations": 2}


async def test_an_order_keeps_one_open_page(paying: Web) -> None:
    product = await paying.kit.add_product()
    order = data_of(await paying.browser.post("/api/orders", json=basket(product)), 201)
    body = {"orderId": order["id"], "items": [{"productId": product, "quantity": 1, "price": 24.90}]}
    links = [data_of(await paying.browser.post("/api/stripe/checkout", json=body), 201) for _ in range(2)]
    assert links[0] == links[1]
    assert links[0]["orderId"] == order["id"]


@pytest.mark.parametrize("quantities", [[2], [1, 1], []])
async def test_other_items_than_the_orders_are_a_conflict(web: Web, quantities: list[int]) -> None:
    product = await web.kit.add_product()
    order = data_of(await web.browser.post("/api/orders", json=basket(product)), 201)
    items = [{"productId": product, "quantity": quantity} for quantity in quantities]
    answer = await web.browser.post("/api/stripe/checkout", json={"orderId": order["id"], "items": items})
    assert refusal(answer) == (409, "items_changed")
    assert (await web.counts())["operations"] == 0


async def test_while_stripe_is_away_the_same_key_goes_on_with_the_same_order(web: Web) -> None:
    product = await web.kit.add_product()
    await web.browser.get("/api/auth/me")
    headers = {"Idempotency-Key": "a"}
    for _ in range(2):
        answer = await web.browser.post("/api/stripe/checkout", json=basket(product), headers=headers)
        assert refusal(answer) == (503, "stripe_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
    assert (await web.counts())["orders"] == 1
    assert await web.kit.stock(product) == (10, 1)


async def test_a_cancelled_order_can_not_be_checked_out(web: Web) -> None:
    product = await web.kit.add_product()
    order = data_of(await web.browser.post("/api/orders", json=basket(product)), 201)
    data_of(await web.browser.post(f"/api/orders/{order['id']}/cancel"))
    answer = await web.browser.post("/api/stripe/checkout", json={"orderId": order["id"]})
    assert answer.status_code in {409, 503}
    assert (await web.kit.order(order["id"])).state == "CANCELLED"


async def test_a_bad_basket_names_its_fields_by_their_path_in_the_body(web: Web) -> None:
    answer = await web.browser.post("/api/stripe/checkout", json={"items": [{"quantity": 1}], "address": {}})
    assert refusal(answer) == (422, "validation_failed")
    assert answer.json()["fields"]["items.0.productId"] == "required"
    assert answer.json()["fields"]["address.postalCode"] == "required"
    answer = await web.browser.post("/api/stripe/checkout", json={"orderId": 5})
    assert answer.json()["fields"] == {"orderId": "wrong_type"}
