"""The pages around an account, by a visitor without scripts: links of mails, passwords, devices."""

import re
from collections.abc import Iterator

import httpx

from account_kit import Accounts
from vivr.bootstrap import Shop
from vivr.customers.model import MailKind
from web_pages.visitors import visitor_of

ANNA = {"email": "anna@example.com", "name": "Anna", "password": "corail-lune-42"}
NEW = "ardoise-vent-17"


async def hidden_of(visitor: httpx.AsyncClient, path: str, number: int = 0) -> dict[str, str]:
    """What the form on a page sends by itself."""
    page = await visitor.get(path)
    assert page.status_code == 200
    form = re.findall(r'<form class="fields".*?</form>', page.text, re.DOTALL)[number]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))


def same_cookie_twice(visitor: httpx.AsyncClient) -> Iterator[None]:
    """Two turns with the cookie of the first, as two quick clicks send it."""
    sent = visitor.cookies["vivr_session"]
    for _ in range(2):
        visitor.cookies.clear()
        visitor.cookies.set("vivr_session", sent, domain="127.0.0.1", path="/")
        yield


async def registered(visitor: httpx.AsyncClient, shop: Shop) -> str:
    """Register, and give the link of the mail."""
    await visitor.post("/compte/inscription", data=ANNA)
    return f"/compte/confirmer?cle={await Accounts(shop).token()}"


async def test_opening_a_link_confirms_nothing_and_its_button_does(browser: httpx.AsyncClient, shop: Shop) -> None:
    link = await registered(browser, shop)
    await browser.get(link)
    form = await hidden_of(browser, link)
    assert await Accounts(shop).states() == "waits"
    answer = await browser.post("/compte/confirmer", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/compte?notice=confirmed")
    page = (await browser.get("/compte?notice=confirmed")).text
    assert "Votre adresse est confirmée" in page
    assert "Confirmez votre adresse" not in page
    used = await browser.get(link)
    assert used.status_code == 404
    assert "Ce lien a déjà servi ou est trop ancien" in used.text


async def test_a_link_opened_elsewhere_asks_for_the_password(browser: httpx.AsyncClient, shop: Shop) -> None:
    link = await registered(browser, shop)
    async with visitor_of(shop) as other:
        form = await hidden_of(other, link)
        assert 'name="current_password"' in (await other.get(link)).text
        wrong = await other.post("/compte/confirmer", data=form)
        assert wrong.status_code == 422
        assert "Le mot de passe est incorrect." in wrong.text
        right = await other.post("/compte/confirmer", data=form | {"current_password": ANNA["password"]})
        assert right.headers["location"] == "/compte?notice=confirmed"
        assert "Bonjour Anna" in (await other.get("/compte")).text


async def test_a_double_click_enters_the_same_account(browser: httpx.AsyncClient, shop: Shop) -> None:
    await browser.post("/produit/theiere", data={"productId": "prd_theiere", "quantity": "2"})
    form = ANNA | await hidden_of(browser, "/compte/inscription")
    for _ in same_cookie_twice(browser):
        await browser.post("/compte/inscription", data=form)
    assert 'value="2"' in (await browser.get("/panier")).text
    assert await Accounts(shop).states() == "waits"
    form = await hidden_of(browser, f"/compte/confirmer?cle={await Accounts(shop).token()}")
    for _ in same_cookie_twice(browser):
        answer = await browser.post("/compte/confirmer", data=form)
        assert answer.headers["location"] == "/compte?notice=confirmed"
    assert "Bonjour Anna" in (await browser.get("/compte")).text


async def test_the_page_of_a_forgotten_password_tells_nobody_who_has_an_account(
    browser: httpx.AsyncClient, shop: Shop
) -> None:
    await registered(browser, shop)
    answers: set[tuple[int, str, str]] = set()
    async with visitor_of(shop) as stranger:
        for email in (ANNA["email"], "nobody@example.com"):
            answer = await stranger.post("/compte/mot-de-passe-oublie", data={"email": email})
            page = await stranger.get(answer.headers["location"])
            answers.add((answer.status_code, answer.headers["location"], page.text))
        assert len(answers) == 1
        malformed = await stranger.post("/compte/mot-de-passe-oublie", data={"email": "anna"})
        assert malformed.status_code == 422


async def test_a_forgotten_password_is_set_anew_by_the_link(browser: httpx.AsyncClient, shop: Shop) -> None:
    await registered(browser, shop)
    async with visitor_of(shop) as other:
        await other.post("/en/compte/mot-de-passe-oublie", data={"email": ANNA["email"]})
        path = f"/en/compte/nouveau-mot-de-passe?cle={await Accounts(shop).token(MailKind.RESET)}"
        form = await hidden_of(other, path)
        weak = await other.post("/en/compte/nouveau-mot-de-passe", data=form | {"password": "motdepasse123"})
        assert weak.status_code == 422
        assert "This password is soon guessed" in weak.text
        done = await other.post("/en/compte/nouveau-mot-de-passe", data=form | {"password": NEW})
        assert done.headers["location"] == "/en/compte/connexion?notice=password_reset"
        answer = await other.post("/en/compte/connexion", data={"email": ANNA["email"], "password": NEW})
        assert answer.headers["location"] == "/en/compte"
    assert (await browser.get("/compte")).status_code == 303


async def test_the_password_is_changed_and_other_devices_are_logged_out(browser: httpx.AsyncClient, shop: Shop) -> None:
    await registered(browser, shop)
    async with visitor_of(shop) as other:
        await other.post("/compte/connexion", data=ANNA)
        form = await hidden_of(browser, "/compte/securite")
        wrong = await browser.post("/compte/securite/mot-de-passe", data=form | {"password": NEW})
        assert wrong.status_code == 422
        typed = form | {"current_password": ANNA["password"], "password": NEW}
        done = await browser.post("/compte/securite/mot-de-passe", data=typed)
        assert done.headers["location"] == "/compte/securite?notice=password_changed"
        assert (await browser.get("/compte/securite")).status_code == 200
        assert (await other.get("/compte")).status_code == 303


async def test_the_address_is_changed_by_the_link_in_the_new_one(browser: httpx.AsyncClient, shop: Shop) -> None:
    await registered(browser, shop)
    typed = {"email": "anna.neuve@example.com", "current_password": ANNA["password"]}
    asked = await browser.post("/compte/securite/adresse", data=typed)
    assert asked.headers["location"] == "/compte/securite?notice=address_asked"
    assert ANNA["email"] in (await browser.get("/compte/securite")).text
    form = await hidden_of(browser, f"/compte/nouvelle-adresse?cle={await Accounts(shop).token(MailKind.CHANGE)}")
    done = await browser.post("/compte/nouvelle-adresse", data=form)
    assert done.headers["location"] == "/compte?notice=address_changed"
    assert "anna.neuve@example.com" in (await browser.get("/compte/securite")).text


async def test_devices_are_listed_and_logged_out(browser: httpx.AsyncClient, shop: Shop) -> None:
    await registered(browser, shop)
    async with visitor_of(shop) as phone:
        phone.headers["User-Agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1"
        await phone.post("/compte/connexion", data=ANNA)
        page = (await browser.get("/compte/securite")).text
        assert "Safari, iPhone" in page
        closing = re.findall(r'action="(/compte/appareils/ses_\w+/fermer)"', page)
        assert len(closing) == 2
        assert "Safari, iPhone" in page.split(closing[0])[0]
        await browser.post(closing[0])
        assert (await phone.get("/compte")).status_code == 303
        await phone.post("/compte/connexion", data=ANNA)
        out = await browser.post("/compte/appareils/fermer")
        assert out.headers["location"] == "/compte/connexion?notice=logged_out"
        assert [(await visitor.get("/compte")).status_code for visitor in (browser, phone)] == [303, 303]


async def test_anothers_device_is_left_alone(browser: httpx.AsyncClient, shop: Shop) -> None:
    await registered(browser, shop)
    page = (await browser.get("/compte/securite")).text
    closing = re.findall(r'action="(/compte/appareils/ses_\w+/fermer)"', page)
    async with visitor_of(shop) as zoe:
        await zoe.post("/compte/inscription", data=ANNA | {"email": "zoe@example.com"})
        await zoe.post(closing[0])
    assert (await browser.get("/compte")).status_code == 200


async def test_the_mail_is_sent_again_and_ends_the_link_before(browser: httpx.AsyncClient, shop: Shop) -> None:
    link = await registered(browser, shop)
    again = await browser.post("/compte/confirmation")
    assert again.headers["location"] == "/compte?notice=sent"
    assert (await browser.get(link)).status_code == 404
    newer = f"/compte/confirmer?cle={await Accounts(shop).token()}"
    assert (await browser.get(newer)).status_code == 200
