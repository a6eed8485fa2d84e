"""Accounts: register, log in, one's orders, log out."""

import re

import httpx

from shop_kit import Kit
from web_pages.visitors import filled_form, visitor_of

ANNA = {"email": "anna@example.com", "name": "Anna", "password": "corail-lune-42"}


async def test_visitor_is_asked_to_log_in(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/en/compte")
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/compte/connexion")


async def test_registering_enters_the_account_and_keeps_the_basket(browser: httpx.AsyncClient) -> None:
    await browser.post("/produit/theiere", data={"productId": "prd_theiere", "quantity": "2"})
    answer = await browser.post("/compte/inscription", data=ANNA)
    assert (answer.status_code, answer.headers["location"]) == (303, "/compte?notice=registered")
    page = (await browser.get("/compte?notice=registered")).text
    assert "Bonjour Anna" in page
    assert "Confirmez votre adresse" in page
    assert 'value="2"' in (await browser.get("/panier")).text


async def test_wrong_fields_are_named_and_the_password_is_not_shown_again(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/compte/inscription", data={**ANNA, "email": "x", "password": "court"})
    assert answer.status_code == 422
    assert 'id="email-wrong"' in answer.text
    assert 'id="password-wrong"' in answer.text
    assert 'value="Anna"' in answer.text
    assert "court" not in answer.text


async def test_registering_an_address_again_shows_the_same(browser: httpx.AsyncClient) -> None:
    answers: list[tuple[int, str, str]] = []
    for _ in range(2):
        browser.cookies.clear()
        answer = await browser.post("/compte/inscription", data=ANNA)
        page = await browser.get(answer.headers["location"])
        answers.append((answer.status_code, answer.headers["location"], page.text))
    assert answers[0] == answers[1]


async def test_log_in_leads_to_the_account_or_to_the_checkout_and_nowhere_else(browser: httpx.AsyncClient) -> None:
    await browser.post("/compte/inscription", data=ANNA)
    for wish, leads_to in (("", "/compte"), ("checkout", "/checkout"), ("https://evil.example", "/compte")):
        browser.cookies.clear()
        answer = await browser.post("/compte/connexion", data={**ANNA, "next": wish})
        assert (answer.status_code, answer.headers["location"]) == (303, leads_to)


async def test_wrong_password_and_unknown_account_read_the_same(browser: httpx.AsyncClient) -> None:
    await browser.post("/compte/inscription", data=ANNA)
    browser.cookies.clear()
    wrong = await browser.post("/compte/connexion", data={**ANNA, "password": "autre-chose-9"})
    unknown = await browser.post("/compte/connexion", data={**ANNA, "email": "anne@example.com"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("anna@", "anne@") == unknown.text
    assert "vivr_session" not in browser.cookies


async def test_account_lists_its_own_orders(buyer: httpx.AsyncClient, kit: Kit) -> None:
    await buyer.post("/en/compte/inscription", data=ANNA)
    form = await filled_form(buyer, "/en/checkout", email="")
    page = (await buyer.get("/en/checkout")).text
    assert 'value="anna@example.com"' in page
    sent = await buyer.post("/en/checkout", data=form)
    await kit.pay(sent.headers["location"])
    orders = (await buyer.get("/en/compte")).text
    assert re.findall(r'href="/en/commande/ord_\w+">(V\d+)<', orders) == ["V10001"]
    assert "€60.70" in orders
    async with visitor_of(kit.shop) as other:
        await other.post("/compte/inscription", data={**ANNA, "email": "zoe@example.com"})
        assert "Vous n’avez encore rien commandé." in (await other.get("/compte")).text


async def test_log_out_ends_the_session(browser: httpx.AsyncClient) -> None:
    await browser.post("/compte/inscription", data=ANNA)
    kept = dict(browser.cookies)
    answer = await browser.post("/compte/deconnexion")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    browser.cookies.clear()
    browser.cookies.update(kept)
    assert (await browser.get("/compte")).status_code == 303
