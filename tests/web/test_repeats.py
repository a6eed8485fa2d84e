"""Rule 8 over HTTP, for each route that makes something: the same key and input, and the same key with other input."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from money_probe import standing
from refund_kit import paid_order
from shop_kit import WORKER
from vivr.customers.accounts import AccountRequest
from vivr.customers.staff import add_staff
from vivr.web.accounts import account_terms
from web.harness import PASSWORD, Web, basket, data_of, open_web, refusal

KEY: Final = {"Idempotency-Key": "once", "Accept-Language": "en"}


@pytest.fixture
async def web(database_url: str, sandbox_url: str) -> AsyncGenerator[Web]:
    """The application of a shop whose Stripe is there."""
    async with open_web(database_url, sandbox_url) as opened:
        await opened.browser.get("/api/auth/me")
        yield opened


@dataclass(frozen=True)
class Case:
    """One route: who asks, with which body, with which other one, and which field differs."""

    client: httpx.AsyncClient
    path: str
    body: dict[str, Any]
    other: dict[str, Any]
    field: str


async def order_case(web: Web) -> Case:
    product = await web.kit.add_product()
    return Case(web.browser, "/api/orders", basket(product), basket(product, 2), "items")


async def checkout_case(web: Web) -> Case:
    product = await web.kit.add_product()
    other = basket(product) | {"email": "bert@example.com"}
    return Case(web.browser, "/api/stripe/checkout", basket(product), other, "email")


async def refund_case(web: Web) -> Case:
    shop = web.kit.shop
    request = AccountRequest("staff@example.com", PASSWORD, "Sam", "fr")
    await add_staff(
        shop.database, shop.clock, shop.seals, WORKER, account_terms(shop.settings), request, role="finance"
    )
    await web.browser.post("/admin/login", data={"email": "staff@example.com", "password": PASSWORD})
    order, _ = await paid_order(web.kit)
    body = {"orderId": order.id, "amount": 500, "reason": "requested_by_customer"}
    return Case(web.browser, "/api/stripe/refunds", body, body | {"amount": 600}, "amount")


MAKES: Final[list[Callable[[Web], Awaitable[Case]]]] = [order_case, checkout_case, refund_case]


async def made(web: Web) -> tuple[object, ...]:
    """All that there is, here and at Stripe."""
    kinds = ("customers", "checkout/sessions", "refunds")
    return await standing(web.kit), *[(await web.kit.api("GET", f"/v1/{kind}?limit=100"))["data"] for kind in kinds]


@pytest.mark.parametrize("make", MAKES)
async def test_a_repeat_gives_the_first_answer(web: Web, make: Callable[[Web], Awaitable[Case]]) -> None:
    case = await make(web)
    first = await case.client.post(case.path, json=case.body, headers=KEY)
    assert first.status_code == 201, first.text
    before = await made(web)
    again = await case.client.post(case.path, json=case.body, headers=KEY)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await made(web) == before


@pytest.mark.parametrize("make", MAKES)
async def test_other_input_under_the_same_key_names_the_field(web: Web, make: Callable[[Web], Awaitable[Case]]) -> None:
    case = await make(web)
    assert (await case.client.post(case.path, json=case.body, headers=KEY)).status_code == 201
    before = await made(web)
    other = await case.client.post(case.path, json=case.other, headers=KEY)
    assert refusal(other) == (422, "idempotency_key_reused")
    assert other.json()["fields"] == {case.field: "differs"}
    assert await made(web) == before


async def test_a_cancelled_order_is_cancelled_once(web: Web) -> None:
    product = await web.kit.add_product()
    order = data_of(await web.browser.post("/api/orders", json=basket(product)), 201)
    first = data_of(await web.browser.post(f"/api/orders/{order['id']}/cancel"))
    before = await made(web)
    again = data_of(await web.browser.post(f"/api/orders/{order['id']}/cancel"))
    assert (first["status"], again["status"]) == ("CANCELLED", "CANCELLED")
    assert await web.kit.stock(product) == (10, 0)
    assert await made(web) == before
    assert await web.kit.count("SELECT count(*) FROM order_history WHERE to_state = 'CANCELLED'") == 1
