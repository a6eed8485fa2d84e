"""The address book: kept, changed, and used where an order begins."""

import re

import httpx

from shop_kit import Kit
from web_pages.visitors import ADDRESS, visitor_of

ANNA = {"email": "anna@example.com", "name": "Anna", "password": "corail-lune-42"}
HOME = {name: value for name, value in ADDRESS.items() if name != "email"}
WORK = HOME | {"line1": "2 quai Bas"}


def ids_in(page: str) -> list[str]:
    """The addresses of a page, in its order."""
    return re.findall(r'href="/compte/adresses/(adr_\w+)"', page)


async def test_addresses_are_kept_changed_and_removed(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/compte/adresses")).headers["location"] == "/compte/connexion"
    await browser.post("/compte/inscription", data=ANNA)
    assert "Votre carnet d’adresses est vide" in (await browser.get("/compte/adresses")).text
    for address in (HOME, WORK, HOME):
        answer = await browser.post("/compte/adresses/nouvelle", data=address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/compte/adresses")
    page = (await browser.get("/compte/adresses")).text
    home, work = ids_in(page)
    assert page.index("1 rue Haute") < page.index("Votre adresse habituelle") < page.index("2 quai Bas")
    await browser.post(f"/compte/adresses/{work}/principale")
    assert ids_in((await browser.get("/compte/adresses")).text) == [work, home]
    await browser.post(f"/compte/adresses/{work}", data=WORK | {"city": "Vienne"})
    assert 'value="Vienne"' in (await browser.get(f"/compte/adresses/{work}")).text
    for _ in range(2):
        await browser.post(f"/compte/adresses/{work}/supprimer")
    page = (await browser.get("/compte/adresses")).text
    assert ids_in(page) == [home]
    assert "Votre adresse habituelle" in page


async def test_a_wrong_address_is_named_and_not_kept(browser: httpx.AsyncClient) -> None:
    await browser.post("/compte/inscription", data=ANNA)
    answer = await browser.post("/compte/adresses/nouvelle", data=HOME | {"postal_code": "", "country": "US"})
    assert answer.status_code == 422
    assert 'id="postal_code-wrong"' in answer.text
    assert 'id="country-wrong"' in answer.text
    assert "adr_" not in (await browser.get("/compte/adresses")).text


async def test_anothers_address_does_not_exist(buyer: httpx.AsyncClient, kit: Kit) -> None:
    await buyer.post("/compte/inscription", data=ANNA)
    await buyer.post("/compte/adresses/nouvelle", data=HOME)
    home = ids_in((await buyer.get("/compte/adresses")).text)[0]
    async with visitor_of(kit.shop) as zoe:
        await zoe.post("/compte/inscription", data=ANNA | {"email": "zoe@example.com"})
        assert (await zoe.get(f"/compte/adresses/{home}")).status_code == 404
        assert (await zoe.post(f"/compte/adresses/{home}", data=WORK)).status_code == 404
        assert (await zoe.post(f"/compte/adresses/{home}/principale")).status_code == 404
        await zoe.post(f"/compte/adresses/{home}/supprimer")
    assert 'value="1 rue Haute"' in (await buyer.get(f"/compte/adresses/{home}")).text


async def test_the_checkout_begins_with_the_usual_address_and_offers_the_others(buyer: httpx.AsyncClient) -> None:
    await buyer.post("/compte/inscription", data=ANNA)
    for address in (HOME, WORK):
        await buyer.post("/compte/adresses/nouvelle", data=address)
    page = (await buyer.get("/checkout")).text
    assert 'value="1 rue Haute"' in page
    others = re.findall(r'href="/checkout\?adresse=(adr_\w+)">2 quai Bas, Lyon<', page)
    assert len(others) == 1
    assert 'value="2 quai Bas"' in (await buyer.get(f"/checkout?adresse={others[0]}")).text
    assert 'value="1 rue Haute"' in (await buyer.get("/checkout?adresse=adr_nobodys")).text


async def test_a_book_has_twenty_addresses_at_most(browser: httpx.AsyncClient) -> None:
    await browser.post("/compte/inscription", data=ANNA)
    for number in range(20):
        await browser.post("/compte/adresses/nouvelle", data=HOME | {"line1": f"{number} rue Haute"})
    answer = await browser.post("/compte/adresses/nouvelle", data=HOME | {"line1": "20 rue Haute"})
    assert answer.status_code == 409
    assert "20 adresses au plus" in answer.text
