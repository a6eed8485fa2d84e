"""``POST /api/stripe/refunds``: staff refunds, a customer asks, a repeat is one refund, strangers learn nothing."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from refund_kit import paid_order, payment_sums
from shop_kit import WORKER, Kit
from vivr.customers.accounts import AccountRequest
from vivr.customers.staff import add_staff
from vivr.ids import ProductId
from vivr.web.accounts import account_terms
from web.harness import ORIGIN, PASSWORD, Web, basket, data_of, open_web, refusal

PATH = "/api/stripe/refunds"
REASON = "requested_by_customer"


@pytest.fixture
async def web(database_url: str, sandbox_url: str) -> AsyncGenerator[Web]:
    """The application of a shop whose Stripe is there."""
    async with open_web(database_url, sandbox_url) as opened:
        yield opened


@pytest.fixture
async def staff(web: Web) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody who may refund."""
    shop = web.kit.shop
    request = AccountRequest("staff@example.com", PASSWORD, "Sam", "fr")
    await add_staff(
        shop.database, shop.clock, shop.seals, WORKER, account_terms(shop.settings), request, role="finance"
    )
    async with web.client(Origin=ORIGIN) as client:
        await client.post("/admin/login", data={"email": "staff@example.com", "password": PASSWORD})
        yield client


async def bought(kit: Kit, browser: httpx.AsyncClient) -> tuple[str, ProductId]:
    """An order of this browser, paid."""
    product = await kit.add_product()
    made = data_of(await browser.post("/api/stripe/checkout", json=basket(product, 2)), 201)
    await kit.pay(made["url"])
    await kit.deliver_all()
    return made["orderId"], product


async def test_staff_refunds_items_and_the_order_shows_it(web: Web, staff: httpx.AsyncClient) -> None:
    order_id, product = await bought(web.kit, web.browser)
    body = {
        "orderId": order_id,
        "items": [{"productId": product, "quantity": 1, "restock": True}],
        "shipping": True,
        "reason": REASON,
    }
    key = {"Idempotency-Key": "refund-1"}
    first = await staff.post(PATH, json=body, headers=key)
    made = data_of(first, 201)
    assert made == {
        "id": made["id"],
        "amount": 2980,
        "currency": "EUR",
        "reason": REASON,
        "status": "SUCCEEDED",
        "items": [{"productId": product, "quantity": 1, "restock": True}],
        "shipping": True,
        "createdAt": made["createdAt"],
    }
    again = await staff.post(PATH, json=body, headers=key)
    assert (again.text, again.headers["Idempotency-Replayed"]) == (first.text, "true")
    assert refusal(await staff.post(PATH, json={**body, "shipping": False}, headers=key)) == (
        422,
        "idempotency_key_reused",
    )
    order = data_of(await web.browser.get(f"/api/orders/{order_id}"))
    assert (order["refunds"], order["payment"]["refunded"], order["status"]) == ([made], 2980, "PAID")
    assert data_of(await web.browser.get("/api/orders"))["items"][0]["refunds"] == [made]
    assert await web.kit.stock(product) == (9, 0)


async def test_a_customers_wish_is_recorded_and_anothers_order_does_not_exist(web: Web) -> None:
    order_id, _ = await bought(web.kit, web.browser)
    body = {"orderId": order_id, "amount": 500, "reason": REASON}
    async with web.client(Origin=ORIGIN) as stranger:
        assert refusal(await stranger.post(PATH, json=body)) == (404, "order_not_found")
    asked = data_of(await web.browser.post(PATH, json=body), 201)
    assert (asked["status"], asked["amount"], asked["items"]) == ("REQUESTED", 500, [])
    assert (await payment_sums(web.kit, order_id))[1:] == (0, 0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"amount": 9999999}, (422, "refund_over_remaining")),
        ({"amount": 0}, (422, "validation_failed")),
        ({"amount": 1, "shipping": True}, (422, "validation_failed")),
        ({"amount": 1.5}, (422, "validation_failed")),
        ({"reason": "because"}, (422, "validation_failed")),
        ({"items": [{"productId": "prd_none", "quantity": 1}]}, (422, "validation_failed")),
        ({"items": []}, (422, "validation_failed")),
        ({"items": [], "amount": None, "shipping": False}, (422, "validation_failed")),
        ({"amount": 10**40}, (422, "refund_over_remaining")),
        ({"amount": -(10**40)}, (422, "validation_failed")),
        ({"amount": True}, (422, "validation_failed")),
        ({"items": [{"productId": "\x00", "quantity": 10**40}]}, (422, "validation_failed")),
        ({"orderId": "ord_" + "\x00" * 26}, (404, "order_not_found")),
        ({"orderId": "ord_none"}, (404, "order_not_found")),
        ({"orderId": "ord_" + "0" * 26}, (404, "order_not_found")),
    ],
)
async def test_what_breaks_a_rule_is_refused(
    web: Web, staff: httpx.AsyncClient, change: dict[str, object], expected: tuple[int, str]
) -> None:
    order, _ = await paid_order(web.kit)
    answer = await staff.post(PATH, json={"orderId": order.id, "reason": REASON} | change)
    assert refusal(answer) == expected
    assert await web.kit.count("SELECT count(*) FROM refund") == 0


async def test_an_unpaid_order_is_a_conflict(web: Web, staff: httpx.AsyncClient) -> None:
    order = await web.kit.place(await web.kit.add_product())
    answer = await staff.post(PATH, json={"orderId": order.id, "reason": REASON})
    assert refusal(answer) == (409, "payment_not_captured")
    assert answer.json()["error"] == "Rien n’a été payé qui puisse être remboursé."
