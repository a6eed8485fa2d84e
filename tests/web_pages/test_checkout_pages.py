"""From the checkout form to the hosted page: placed once, explained when refused, nothing lost when Stripe is away."""

import asyncio
import re

import httpx
import psycopg
import pytest

from shop_kit import Kit
from vivr.bootstrap import Shop
from vivr.database import Sql
from web_pages.visitors import NOWHERE, filled_form

COUNT = Sql("test_count", "Orders and held units.", "SELECT count(*)::int FROM orders")


async def orders_in(shop: Shop) -> int:
    async with shop.database.transaction() as tx:
        return await tx.value(COUNT, int) or 0


async def test_empty_basket_has_no_checkout(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/checkout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/panier")
    sent = await browser.post("/checkout", data={"email": "a@example.com"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/panier")


async def test_checkout_says_what_is_owed_and_that_it_is_owed(buyer: httpx.AsyncClient) -> None:
    page = (await buyer.get("/checkout")).text
    assert "Commander avec obligation de paiement" in page
    assert "60,70\xa0€" in page  # 2 x 27.90 and 4.90
    assert "10,12\xa0€" in page
    assert 'autocomplete="shipping postal-code"' in page
    assert "Order with obligation to pay" in (await buyer.get("/en/checkout")).text


async def test_guest_pays_and_gets_a_receipt(buyer: httpx.AsyncClient, kit: Kit) -> None:
    sent = await buyer.post("/checkout", data=await filled_form(buyer))
    assert sent.status_code == 303
    assert sent.headers["location"].startswith(f"{kit.shop.settings.stripe_api_base}/c/pay/")
    paid = await kit.pay(sent.headers["location"])
    receipt = await buyer.get(paid.headers["location"])
    assert "Merci, votre commande est payée" in receipt.text
    assert "Théière" in receipt.text
    assert "anna@example.com" in receipt.text
    assert "Visa" in receipt.text
    assert "data-confirming" not in receipt.text
    assert "Votre panier est vide." in (await buyer.get("/panier")).text
    assert await kit.count("SELECT count(*)::int FROM orders WHERE state = 'PAID'") == 1


async def test_double_click_places_one_order(buyer: httpx.AsyncClient, kit: Kit) -> None:
    form = await filled_form(buyer)
    first, second = await asyncio.gather(buyer.post("/checkout", data=form), buyer.post("/checkout", data=form))
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert await orders_in(kit.shop) == 1


async def test_form_sent_again_with_other_input_shows_the_order_that_it_placed(
    buyer: httpx.AsyncClient, kit: Kit
) -> None:
    form = await filled_form(buyer)
    await buyer.post("/checkout", data=form)
    again = await buyer.post("/checkout", data={**form, "city": "Paris"})
    assert again.status_code == 303
    assert re.fullmatch(r"/commande/ord_\w+\?notice=placed", again.headers["location"])
    assert "Cette commande a déjà été passée" in (await buyer.get(again.headers["location"])).text
    assert await orders_in(kit.shop) == 1


async def test_wrong_fields_are_named_and_what_was_typed_stays(buyer: httpx.AsyncClient, kit: Kit) -> None:
    form = await filled_form(buyer, email="pas une adresse", city="", name='Anna "la grande" <b>', country="DE")
    answer = await buyer.post("/checkout", data=form)
    assert answer.status_code == 422
    assert "3 champs sont à revoir" in answer.text
    assert 'id="email-wrong"' in answer.text
    assert 'id="city-wrong"' in answer.text
    assert 'id="country-wrong"' in answer.text
    assert 'value="Anna &#34;la grande&#34; &lt;b&gt;"' in answer.text
    assert form["idempotency_key"] not in answer.text
    assert await orders_in(kit.shop) == 0


async def test_changed_price_is_explained_and_shown_before_anything_is_placed(
    buyer: httpx.AsyncClient, kit: Kit, database_url: str
) -> None:
    form = await filled_form(buyer)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE product_price SET amount_minor = 3100 WHERE product_id = 'prd_theiere'")
    answer = await buyer.post("/checkout", data=form)
    assert answer.status_code == 409
    assert "Théière" in answer.text
    assert "31,00\xa0€" in answer.text
    assert 'value="2x31.00"' in answer.text
    assert 'value="Anna Martin"' in answer.text
    assert await orders_in(kit.shop) == 0


async def test_price_of_the_form_is_never_the_price_that_is_charged(buyer: httpx.AsyncClient, kit: Kit) -> None:
    form = await filled_form(buyer)
    answer = await buyer.post("/checkout", data={**form, "item.prd_theiere": "2x0.01"})
    assert answer.status_code == 409
    assert await orders_in(kit.shop) == 0


@pytest.mark.parametrize("text", ["0x27.90", "-1x27.90", "1.5x27.90", "1000000000x27.90", "2x27,90", "x", ""])
async def test_manipulated_lines_place_nothing(buyer: httpx.AsyncClient, kit: Kit, text: str) -> None:
    form = await filled_form(buyer)
    answer = await buyer.post("/checkout", data={**form, "item.prd_theiere": text})
    assert answer.status_code in {400, 422}
    assert await orders_in(kit.shop) == 0


async def test_sold_out_meanwhile_is_explained_in_the_basket(
    buyer: httpx.AsyncClient, kit: Kit, database_url: str
) -> None:
    form = await filled_form(buyer)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE product SET stock_on_hand = 1 WHERE id = 'prd_theiere'")
    answer = await buyer.post("/checkout", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/panier?notice=changed")
    page = (await buyer.get("/panier?notice=changed")).text
    assert "Votre panier a changé." in page
    assert "Il n’en reste qu’un" in page
    assert await orders_in(kit.shop) == 0


async def test_order_waits_on_its_page_while_stripe_is_away(browser: httpx.AsyncClient, shop: Shop) -> None:
    assert shop.settings.stripe_api_base == NOWHERE
    await browser.post("/produit/theiere", data={"productId": "prd_theiere", "quantity": "1"})
    form = await filled_form(browser)
    answer = await browser.post("/checkout", data=form)
    assert re.fullmatch(r"/commande/ord_\w+\?notice=postponed", answer.headers["location"])
    page = (await browser.get(answer.headers["location"])).text
    assert "Votre commande est enregistrée. La page de paiement n’a pas pu s’ouvrir" in page
    assert "Payer maintenant" in page
    assert (await browser.post("/checkout", data=form)).headers["location"] == answer.headers["location"]
    assert await orders_in(shop) == 1


async def test_free_order_goes_to_its_page_and_never_to_stripe(
    buyer: httpx.AsyncClient, kit: Kit, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE product_price SET amount_minor = 0 WHERE product_id = 'prd_theiere'")
    answer = await buyer.post("/checkout", data=await filled_form(buyer))
    assert re.fullmatch(r"/commande/ord_\w+", answer.headers["location"])
    assert "Rien à payer." in (await buyer.get(answer.headers["location"])).text
    assert await kit.events("checkout.session.completed") == []


async def test_english_purchase_comes_back_in_english(buyer: httpx.AsyncClient, kit: Kit) -> None:
    sent = await buyer.post("/en/checkout", data=await filled_form(buyer, "/en/checkout"))
    paid = await kit.pay(sent.headers["location"])
    assert paid.headers["location"].startswith("http://127.0.0.1:8000/en/checkout/success?session_id=")
    receipt = await buyer.get(paid.headers["location"])
    assert "Thank you, your order is paid" in receipt.text
    assert "€60.70" in receipt.text


async def test_form_of_another_site_is_refused(buyer: httpx.AsyncClient, kit: Kit) -> None:
    form = await filled_form(buyer)
    answer = await buyer.post("/checkout", data=form, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert 'class="wordmark"' in answer.text
    assert await orders_in(kit.shop) == 0
