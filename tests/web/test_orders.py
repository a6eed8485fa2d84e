"""Orders over JSON: what is taken, what is refused, and who may see what."""

from decimal import Decimal
from typing import Any

import pytest

from vivr.ids import ProductId
from web.harness import ADDRESS, ORIGIN, PASSWORD, Web, basket, data_of, refusal

NOTHING = {"orders": 0, "reservations": 0, "operations": 0}


async def test_a_guest_places_an_order_at_the_servers_price(web: Web) -> None:
    product = await web.kit.add_product(amount=2490)
    answer = await web.browser.post("/api/orders", json=basket(product, 2))
    order = data_of(answer, 201)
    assert order["id"].startswith("ord_")
    assert order["number"] == "V10001"
    assert (order["status"], order["currency"]) == ("PENDING", "EUR")
    assert (order["subtotal"], order["discount"], order["shipping"]) == (4980, 0, 490)
    assert (order["tax"], order["total"]) == (912, 5470)
    assert order["items"] == [{"productId": product, "title": "bol", "quantity": 2, "unitAmount": 2490, "amount": 4980}]
    assert (order["payment"], order["refunds"]) == (None, [])
    assert await web.kit.stock(product) == (10, 2)
    assert "HttpOnly" in answer.headers.get_list("Set-Cookie")[1]


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        (0, "quantity_out_of_range"),
        (-1, "quantity_out_of_range"),
        (10**9, "quantity_out_of_range"),
        (10**30, "quantity_out_of_range"),
        (1001, "quantity_out_of_range"),
        (1.5, "whole_number_expected"),
        (1.0, "whole_number_expected"),
        (True, "whole_number_expected"),
        ("1", "whole_number_expected"),
        (None, "whole_number_expected"),
        ([1], "whole_number_expected"),
    ],
)
async def test_a_quantity_that_is_no_count_is_refused(web: Web, quantity: object, code: str) -> None:
    product = await web.kit.add_product()
    answer = await web.browser.post("/api/orders", json=basket(product, quantity))
    assert refusal(answer) == (422, "validation_failed")
    assert answer.json()["fields"] == {"items.0.quantity": code}
    assert await web.counts() == NOTHING
    assert await web.kit.stock(product) == (10, 0)


@pytest.mark.parametrize("lines", [0, 100])
async def test_an_order_has_1_to_99_lines(web: Web, lines: int) -> None:
    items = [{"productId": f"prd_{number}", "quantity": 1} for number in range(lines)]
    answer = await web.browser.post("/api/orders", json={"items": items, "address": ADDRESS, "email": "a@example.com"})
    assert refusal(answer) == (422, "validation_failed")
    assert answer.json()["fields"] == {"items": "too_many_lines" if lines else "required"}
    assert await web.counts() == NOTHING


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1, 2",
        b'{"items": [], "items": []}',
        b'{"a": NaN}',
        b'{"a": 1e5, "b": Infinity}',
        b'{"name": "caf\xe9"}',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b"[" * 50_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"name": "\\ud800"}',
        b'"text"',
        b"[]",
        b"null",
    ],
)
async def test_a_body_that_is_no_json_object_is_malformed(web: Web, body: bytes) -> None:
    answer = await web.browser.post("/api/orders", content=body, headers={"Content-Type": "application/json"})
    assert refusal(answer) == (400, "malformed")
    assert await web.counts() == NOTHING


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
async def test_json_must_say_that_it_is_json(web: Web, content_type: str) -> None:
    answer = await web.browser.post("/api/orders", content=b"{}", headers={"Content-Type": content_type})
    assert refusal(answer) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"email": None}, {"email": "required"}),
        ({"email": "a@b"}, {"email": "email_malformed"}),
        ({"currency": "USD"}, {"currency": "currency_not_offered"}),
        ({"currency": "eur"}, {"currency": "currency_not_offered"}),
        ({"promotionCode": "FREE"}, {"promotionCode": "promotion_code_unknown"}),
        ({"shippingOption": "drone"}, {"shippingOption": "shipping_option_unknown"}),
        ({"address": ADDRESS | {"country": "US"}}, {"address.country": "country_not_served"}),
        ({"address": ADDRESS | {"country": "France"}}, {"address.country": "country_unknown"}),
        ({"address": ADDRESS | {"line1": "x" * 201}}, {"address.line1": "too_long"}),
        (
            {"address": ADDRESS | {"city": "a\nb", "name": "\t"}},
            {"address.city": "control_characters", "address.name": "required"},
        ),
        ({"address": {}}, {f"address.{name}": "required" for name in ADDRESS}),
        ({"address": "Lyon"}, {"address": "wrong_type"}),
        ({"items": {"a": 1}}, {"items": "wrong_type"}),
        ({"items": [{"productId": "x\u0000", "quantity": 1}]}, {"items.0.productId": "product_not_found"}),
        ({"items": [{"productId": "prd_unknown", "quantity": 1}]}, {"items.0.productId": "product_not_found"}),
        ({"items": [{"productId": "prd_a", "quantity": 1, "price": "a"}]}, {"items.0.price": "price_malformed"}),
    ],
)
async def test_a_field_that_breaks_a_rule_is_named(web: Web, change: dict[str, Any], fields: dict[str, str]) -> None:
    product = await web.kit.add_product()
    answer = await web.browser.post("/api/orders", json=basket(product) | change)
    assert refusal(answer) == (422, "validation_failed")
    assert answer.json()["fields"] == fields
    assert await web.counts() == NOTHING


@pytest.mark.parametrize("price", ["0.01", "24.91", "-24.90", 24.9000001, 1, "2490", 1e-9])
async def test_a_manipulated_price_is_refused_with_todays(web: Web, price: object) -> None:
    product = await web.kit.add_product(amount=2490)
    body = basket(product)
    body["items"][0]["price"] = price
    answer = await web.browser.post("/api/orders", json=body, headers={"Accept-Language": "en"})
    if isinstance(price, float):
        assert answer.json()["fields"] == {"items.0.price": "price_malformed"}
    else:
        assert refusal(answer) == (409, "price_changed")
        assert answer.json()["error"] == "The price of “bol” has changed: it is €24.90 today."
        assert answer.json()["details"] == {"productId": product, "price": {"amount": 2490, "currency": "EUR"}}
    assert await web.counts() == NOTHING


@pytest.mark.parametrize("price", [b"24.90", b"24.9", b'"24.90"', b"null"])
async def test_the_price_seen_may_be_a_number_or_a_text(web: Web, price: bytes) -> None:
    product = await web.kit.add_product(amount=2490)
    text = b'{"items": [{"productId": "%b", "quantity": 1, "price": %b, "name": "x", "image": 1}], "email": "a@b.fr",'
    address = b'"address": {"name":"A","line1":"1","postalCode":"6","city":"L","country":"FR"}, "total": 0.01}'
    body = text % (product.encode(), price) + address
    answer = await web.browser.post("/api/orders", content=body, headers={"Content-Type": "application/json"})
    assert data_of(answer, 201)["total"] == 2980


async def test_no_stock_is_a_conflict_that_changes_nothing(web: Web) -> None:
    product = await web.kit.add_product(stock=2)
    answer = await web.browser.post("/api/orders", json=basket(product, 3))
    assert refusal(answer) == (409, "insufficient_stock")
    assert answer.json()["details"] == {"productId": product, "available": 2}
    assert await web.counts() == NOTHING
    assert await web.kit.stock(product) == (2, 0)


async def test_somebody_elses_order_does_not_exist(web: Web) -> None:
    product = await web.kit.add_product()
    order = data_of(await web.browser.post("/api/orders", json=basket(product)), 201)
    async with web.client(Origin=ORIGIN) as stranger:
        account = {"email": "eve@example.com", "password": PASSWORD, "name": "Eve"}
        data_of(await stranger.post("/api/auth/register", json=account), 201)
        for answer in (
            await stranger.get(f"/api/orders/{order['id']}"),
            await stranger.get(f"/api/orders/{order['id']}?cle=" + "0" * 32),
            await stranger.get("/api/orders/ord_00000000000000000000000000"),
            await stranger.get("/api/orders/%00"),
            await stranger.post(f"/api/orders/{order['id']}/cancel"),
            await stranger.post("/api/stripe/checkout", json={"orderId": order["id"]}),
        ):
            assert refusal(answer) == (404, "order_not_found")
        assert data_of(await stranger.get("/api/orders")) == {"items": [], "nextCursor": None}
    assert (await web.kit.order(order["id"])).state == "PENDING"
    assert await web.kit.stock(product) == (10, 1)


async def test_a_signed_link_opens_one_order_and_no_other(web: Web) -> None:
    product = await web.kit.add_product()
    first = data_of(await web.browser.post("/api/orders", json=basket(product)), 201)
    second = data_of(await web.browser.post("/api/orders", json=basket(product)), 201)
    key = web.kit.shop.seals.token("order", first["id"])
    async with web.client() as reader:
        assert data_of(await reader.get(f"/api/orders/{first['id']}?cle={key}"))["id"] == first["id"]
        assert refusal(await reader.get(f"/api/orders/{second['id']}?cle={key}")) == (404, "order_not_found")


async def test_a_guest_sees_his_order_again_after_his_session(web: Web) -> None:
    product = await web.kit.add_product()
    order = data_of(await web.browser.post("/api/orders", json=basket(product)), 201)
    async with web.kit.shop.database.transaction() as tx:
        await tx.connection.execute("DELETE FROM session")
    assert data_of(await web.browser.get(f"/api/orders/{order['id']}"))["number"] == "V10001"
    forged = web.browser.cookies["vivr_orders"].replace("~", "~0")
    async with web.client(Cookie=f"vivr_orders={forged}") as forger:
        assert refusal(await forger.get(f"/api/orders/{order['id']}")) == (404, "order_not_found")


async def test_ones_orders_are_listed_newest_first_in_parts(web: Web) -> None:
    product = await web.kit.add_product()
    placed = [data_of(await web.browser.post("/api/orders", json=basket(product)), 201)["id"] for _ in range(3)]
    first = data_of(await web.browser.get("/api/orders?limit=2"))
    assert [order["id"] for order in first["items"]] == [placed[2], placed[1]]
    rest = data_of(await web.browser.get("/api/orders", params={"limit": 2, "cursor": first["nextCursor"]}))
    assert [order["id"] for order in rest["items"]] == [placed[0]]
    assert rest["nextCursor"] is None
    for query, fields in (("cursor=x", {"cursor": "cursor_malformed"}), ("limit=0", {"limit": "out_of_range"})):
        answer = await web.browser.get(f"/api/orders?{query}")
        assert refusal(answer) == (422, "validation_failed")
        assert answer.json()["fields"] == fields


async def test_cancelling_an_unpaid_order_frees_its_stock(web: Web) -> None:
    product = await web.kit.add_product()
    order = data_of(await web.browser.post("/api/orders", json=basket(product, 4)), 201)
    assert await web.kit.stock(product) == (10, 4)
    cancelled = data_of(await web.browser.post(f"/api/orders/{order['id']}/cancel"))
    assert cancelled["status"] == "CANCELLED"
    assert await web.kit.stock(product) == (10, 0)


async def test_an_order_keeps_where_it_came_from_for_the_audit(web: Web) -> None:
    product: ProductId = await web.kit.add_product()
    order = data_of(await web.browser.post("/api/orders", json=basket(product)), 201)
    placed = await web.kit.count(
        "SELECT count(*) FROM audit_row JOIN request_origin ON request_origin.id = origin_id "
        "WHERE action = 'order.placed' AND order_id = %(id)s AND role = 'guest'",
        id=order["id"],
    )
    assert placed == 1
    assert Decimal(order["total"]) == 2980
