"""The basket without scripts: fill it, change it, and have what changed explained."""

import httpx
import psycopg
import pytest


async def add(browser: httpx.AsyncClient, handle: str, **fields: str) -> httpx.Response:
    return await browser.post(f"/produit/{handle}", data={"quantity": "1", **fields})


async def test_adding_shows_the_basket_with_its_sums(browser: httpx.AsyncClient) -> None:
    answer = await add(browser, "coussin", option1="Ocre", option2="50", quantity="1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/panier?notice=added")
    page = (await browser.get("/panier?notice=added")).text
    assert "Ajouté à votre panier." in page
    assert "Ocre, 50" in page
    assert "37,80\xa0€" in page  # 32.90 and 4.90 for shipping
    assert "6,30\xa0€" in page  # 20 % included in 37.80
    assert "Plus que 27,10\xa0€ et la livraison est offerte." in page


async def test_reading_pages_makes_no_session_and_adding_does(browser: httpx.AsyncClient) -> None:
    await browser.get("/")
    await browser.get("/panier")
    assert "vivr_session" not in browser.cookies
    await add(browser, "theiere", productId="prd_theiere")
    assert "vivr_session" in browser.cookies
    assert '<span aria-hidden="true">1</span>' in (await browser.get("/")).text


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"option1": "Gris", "option2": "50"}, 422, "Cette combinaison n’existe pas."),
        ({"option1": "Gris"}, 422, "Cette combinaison n’existe pas."),
        ({"productId": "prd_theiere"}, 422, "Cette combinaison n’existe pas."),
        ({"option1": "Ocre", "option2": "40", "quantity": "0"}, 422, "1"),
        ({"option1": "Ocre", "option2": "40", "quantity": "1.5"}, 422, "1"),
        ({"option1": "Ocre", "option2": "40", "quantity": "-1"}, 422, "1"),
        ({"option1": "Ocre", "option2": "40", "quantity": "1001"}, 422, "1"),
    ],
)
async def test_wrong_choice_is_explained_on_the_page(
    browser: httpx.AsyncClient, fields: dict[str, str], status: int, says: str
) -> None:
    answer = await add(browser, "coussin", **fields)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert says in answer.text
    assert "Votre panier est vide." in (await browser.get("/panier")).text


async def test_sold_out_choice_is_refused(browser: httpx.AsyncClient) -> None:
    answer = await add(browser, "vase", option1="Petit")
    assert answer.status_code == 409
    assert "Celui-ci est épuisé pour le moment." in answer.text


async def test_more_than_the_stock_is_explained_in_the_basket(browser: httpx.AsyncClient) -> None:
    await add(browser, "coussin", option1="Gris", option2="40", quantity="5")
    page = (await browser.get("/panier")).text
    assert "Il n’en reste que 2\xa0: veuillez réduire la quantité." in page
    assert 'type="button" disabled' in page
    assert "dont TVA" not in page


async def test_product_that_is_gone_can_be_removed(browser: httpx.AsyncClient, database_url: str) -> None:
    await add(browser, "theiere", productId="prd_theiere")
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE product SET active = false WHERE id = 'prd_theiere'")
    assert "Cet article n’est plus vendu." in (await browser.get("/panier")).text
    answer = await browser.post("/panier", data={"quantity.prd_theiere": "1", "remove": "prd_theiere"})
    assert answer.status_code == 303
    assert "Votre panier est vide." in (await browser.get("/panier")).text


async def test_quantities_change_all_or_none(browser: httpx.AsyncClient) -> None:
    await add(browser, "theiere", productId="prd_theiere")
    await add(browser, "coussin", option1="Ocre", option2="40")
    wrong = await browser.post("/panier", data={"quantity.prd_ocre40": "3", "quantity.prd_theiere": "-1"})
    assert wrong.status_code == 422
    assert 'name="quantity.prd_ocre40" type="number" inputmode="numeric" min="0" max="1000" step="1" value="1"' in (
        wrong.text
    )
    right = await browser.post("/panier", data={"quantity.prd_ocre40": "3", "quantity.prd_theiere": "0"})
    assert right.status_code == 303
    page = (await browser.get("/panier")).text
    assert "prd_theiere" not in page
    assert "83,70\xa0€" in page  # 3 x 27.90, shipping free from 60


async def test_basket_is_the_visitors_own(browser: httpx.AsyncClient) -> None:
    await add(browser, "theiere", productId="prd_theiere")
    browser.cookies.clear()
    assert "Votre panier est vide." in (await browser.get("/panier")).text


async def test_english_basket_speaks_english(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/en/produit/coussin", data={"option1": "Grey", "option2": "40", "quantity": "1"})
    assert answer.headers["location"] == "/en/panier?notice=added"
    page = (await browser.get("/en/panier")).text
    assert "Grey, 40" in page
    assert "€32.80" in page
