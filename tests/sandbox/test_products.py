"""Products and prices, and lines of a Checkout Session that name them."""

from typing import Any

import pytest

from sandbox.catalogue_shapes import PRICE, PRODUCT
from sandbox.harness import Shop
from sandbox.paid import raw, refusal, send, told
from sandbox.shapes import differences


def product(shop: Shop, **form: str) -> dict[str, Any]:
    return send(shop, "products", **{"name": "Bol", **form})


def price(shop: Shop, of: str, amount: int = 2500, **form: str) -> dict[str, Any]:
    return send(shop, "prices", **{"product": of, "currency": "eur", "unit_amount": str(amount), **form})


def bought(**line: str) -> dict[str, str]:
    lines = {f"line_items[0][{name}]": value for name, value in {"quantity": "2", **line}.items()}
    return {"mode": "payment", "success_url": "https://shop.example/ok", **lines}


def test_a_product_may_bring_its_first_price(shop: Shop) -> None:
    form = {"default_price_data[currency]": "eur", "default_price_data[unit_amount]": "900"}
    made = product(shop, **form, id="bol-1")
    assert differences(made, PRODUCT) == []
    first = raw(shop, "products/bol-1?expand[]=default_price")["default_price"]
    assert differences(first, PRICE) == []
    assert (made["id"], first["unit_amount"], first["product"]) == ("bol-1", 900, "bol-1")
    assert shop.events() == ["product.created", "price.created"]
    assert refusal(shop, "products", name="Bol", id="bol-1")[1:3] == ("resource_already_exists", "id")


def test_a_product_changes_and_says_what_was(shop: Shop) -> None:
    made = product(shop)
    changed = send(shop, f"products/{made['id']}", name="Tasse", active="false")
    assert (changed["name"], changed["active"]) == ("Tasse", False)
    before = told(shop, "product.updated")[0]["previous_attributes"]
    assert (before["name"], before["active"]) == ("Bol", True)
    assert [row["id"] for row in raw(shop, "products?active=false")["data"]] == [made["id"]]
    assert raw(shop, "products?active=true")["data"] == []


def test_a_product_with_prices_cannot_be_deleted(shop: Shop) -> None:
    kept, gone = product(shop), product(shop)
    price(shop, kept["id"])
    message = "This product cannot be deleted because it has one or more user-created prices."
    answer = shop.http.delete(f"/v1/products/{kept['id']}")
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)
    assert shop.http.delete(f"/v1/products/{gone['id']}").json()["deleted"] is True
    assert raw(shop, f"products/{gone['id']}")["error"]["code"] == "resource_missing"


def test_a_price_belongs_to_a_product_that_exists_or_is_made_with_it(shop: Shop) -> None:
    fresh = send(shop, "prices", **{"currency": "EUR", "unit_amount": "700", "product_data[name]": "Tasse"})
    assert (fresh["currency"], raw(shop, f"products/{fresh['product']}")["name"]) == ("eur", "Tasse")
    assert refusal(shop, "prices", currency="eur", unit_amount="1")[1:3] == ("parameter_missing", "product")
    assert refusal(shop, "prices", currency="eur", unit_amount="1", product="prod_x")[1:3] == (
        "resource_missing",
        "product",
    )
    assert refusal(shop, "prices", currency="eur", product=fresh["product"])[1:3] == (
        "parameter_missing",
        "unit_amount",
    )


def test_the_amount_of_a_price_never_changes(shop: Shop) -> None:
    made = price(shop, product(shop)["id"])
    assert refusal(shop, f"prices/{made['id']}", unit_amount="1")[1:3] == ("parameter_unknown", "unit_amount")
    changed = send(shop, f"prices/{made['id']}", nickname="plain", active="false")
    assert (changed["nickname"], changed["active"], changed["unit_amount"]) == ("plain", False, 2500)


def test_a_lookup_key_names_one_price(shop: Shop) -> None:
    of = product(shop)["id"]
    first = price(shop, of, lookup_key="bol")
    form = {"product": of, "currency": "eur", "unit_amount": "1", "lookup_key": "bol"}
    assert refusal(shop, "prices", **form)[2] == "lookup_key"
    second = price(shop, of, lookup_key="bol", transfer_lookup_key="true")
    assert raw(shop, f"prices/{first['id']}")["lookup_key"] is None
    assert [row["id"] for row in raw(shop, "prices?lookup_keys[]=bol")["data"]] == [second["id"]]


def test_a_line_may_name_a_price(shop: Shop) -> None:
    made = price(shop, product(shop)["id"])
    session = send(shop, "checkout/sessions", **bought(price=made["id"]))
    assert (session["amount_total"], session["currency"]) == (5000, "eur")
    (line,) = raw(shop, f"checkout/sessions/{session['id']}/line_items?expand[]=data.price.product")["data"]
    assert (line["description"], line["amount_total"], line["price"]["product"]["name"]) == ("Bol", 5000, "Bol")


def test_a_line_may_give_a_price_to_a_product(shop: Shop) -> None:
    of = product(shop, name="Tasse")["id"]
    form = bought(**{"price_data][currency": "eur", "price_data][unit_amount": "300", "price_data][product": of})
    session = send(shop, "checkout/sessions", **form)
    (line,) = raw(shop, f"checkout/sessions/{session['id']}/line_items")["data"]
    assert (line["description"], line["price"]["product"], line["amount_total"]) == ("Tasse", of, 600)


@pytest.mark.parametrize(
    ("line", "code", "param"),
    [
        ({"price": "price_x"}, "resource_missing", "line_items[0][price]"),
        ({}, "parameter_missing", "line_items[0][price_data]"),
        (
            {"price": "price_x", "price_data][currency": "eur", "price_data][unit_amount": "1"},
            "parameters_exclusive",
            "line_items[0][price]",
        ),
    ],
)
def test_a_line_needs_one_price_that_exists(shop: Shop, line: dict[str, str], code: str, param: str) -> None:
    assert refusal(shop, "checkout/sessions", **bought(**line))[:3] == (400, code, param)


def test_an_inactive_price_cannot_be_bought(shop: Shop) -> None:
    made = price(shop, product(shop)["id"], active="false")
    _, _, param, message = refusal(shop, "checkout/sessions", **bought(price=made["id"]))
    assert (param, message) == (
        "line_items[0][price]",
        "The price specified is inactive. This field only accepts active prices.",
    )
