"""The catalogue over JSON."""

import pytest

from web.harness import Web, data_of, refusal


async def test_an_entry_has_its_products_in_minor_units(web: Web) -> None:
    product = await web.kit.add_product(amount=2490, stock=7)
    entry = data_of(await web.browser.get("/api/products/bol"))
    assert entry == {
        "handle": "bol",
        "title": "bol",
        "description": "",
        "images": [],
        "products": [
            {
                "productId": product,
                "sku": product,
                "options": {},
                "amount": 2490,
                "compareAtAmount": None,
                "currency": "EUR",
                "available": 7,
            }
        ],
    }
    listed = data_of(await web.browser.get("/api/products?currency=EUR"))
    assert listed == {"items": [entry], "nextCursor": None}


async def test_the_list_goes_on_after_its_cursor(web: Web) -> None:
    await web.kit.add_product()
    async with web.kit.shop.database.transaction() as tx:
        for handle in ("carafe", "vase"):
            await tx.connection.execute(
                "INSERT INTO catalogue_entry SELECT %s, position, title, '', '', '', '{}', '{}', true, now(), now() "
                "FROM catalogue_entry WHERE handle = 'bol'",
                (handle,),
            )
            await tx.connection.execute("UPDATE product SET handle = handle")
            await tx.connection.execute(
                "INSERT INTO product SELECT 'prd_' || %(h)s, %(h)s, %(h)s, 1, '{}', true, 2000, 1, NULL, 5, 0, now()",
                {"h": handle},
            )
            await tx.connection.execute("INSERT INTO product_price VALUES ('prd_' || %s, 'EUR', 100, NULL)", (handle,))
    handles: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        part = data_of(
            await web.browser.get("/api/products", params={"limit": 1} | ({"cursor": cursor} if cursor else {}))
        )
        handles += [entry["handle"] for entry in part["items"]]
        cursor = part["nextCursor"]
    assert (handles, cursor) == (["bol", "carafe", "vase"], None)


@pytest.mark.parametrize("handle", ["nothing", "%00", "x" * 300, "%FF", "a%0Ab"])
async def test_what_is_not_sold_does_not_exist(web: Web, handle: str) -> None:
    assert refusal(await web.browser.get(f"/api/products/{handle}")) == (404, "product_not_found")


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("limit=0", {"limit": "out_of_range"}),
        ("limit=101", {"limit": "out_of_range"}),
        ("limit=ten", {"limit": "whole_number_expected"}),
        ("cursor=nonsense", {"cursor": "cursor_malformed"}),
        ("currency=USD", {"currency": "currency_not_offered"}),
    ],
)
async def test_a_wrong_query_is_named(web: Web, query: str, fields: dict[str, str]) -> None:
    answer = await web.browser.get(f"/api/products?{query}")
    assert refusal(answer) == (422, "validation_failed")
    assert answer.json()["fields"] == fields
