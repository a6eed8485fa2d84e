"""The back office: staff alone, orders, one order with its timeline, and money that does not fit."""

import re
from collections.abc import AsyncGenerator

import httpx
import psycopg
import pytest

from shop_kit import WORKER, Kit
from vivr.customers.accounts import AccountRequest
from vivr.customers.staff import add_staff
from vivr.web.accounts import account_terms
from web_pages.visitors import filled_form, visitor_of

PASSWORD = "bleu-de-travail-7"
ADDRESS = "staff@example.com"
PAGES = (
    "/admin",
    "/admin/exceptions",
    "/admin/evenements",
    "/admin/operations",
    "/admin/commandes/ord_" + "0" * 26,
    "/en/admin",
)


@pytest.fixture
async def staff(kit: Kit) -> AsyncGenerator[httpx.AsyncClient]:
    """A viewer who is logged in."""
    shop = kit.shop
    request = AccountRequest(ADDRESS, PASSWORD, "Sam", "fr")
    terms = account_terms(shop.settings)
    await add_staff(shop.database, shop.clock, shop.seals, WORKER, terms, request, role="viewer")
    async with visitor_of(shop) as client:
        answer = await client.post("/admin/login", data={"email": ADDRESS, "password": PASSWORD})
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin")
        yield client


async def place(buyer: httpx.AsyncClient) -> str:
    """An order of one teapot: where it is paid."""
    await buyer.post("/produit/theiere", data={"productId": "prd_theiere", "quantity": "1"})
    sent = await buyer.post("/checkout", data=await filled_form(buyer))
    return sent.headers["location"]


def links_in(page: str) -> list[str]:
    return re.findall(r'href="(/admin/commandes/ord_\w+)"', page)


@pytest.mark.parametrize("path", PAGES)
async def test_visitors_and_customers_are_led_to_the_door(kit: Kit, path: str) -> None:
    door = "/en/admin/login" if path.startswith("/en") else "/admin/login"
    async with visitor_of(kit.shop) as visitor:
        assert (await visitor.get(path)).headers["location"] == door
        customer = {"email": "anna@example.com", "name": "Anna", "password": PASSWORD}
        await visitor.post("/compte/inscription", data=customer)
        assert (await visitor.get(path)).headers["location"] == door
        refused = await visitor.post("/admin/login", data=customer)
        assert refused.status_code == 401
        assert (await visitor.get(path)).headers["location"] == door


async def test_staff_does_not_enter_through_the_customers_door(kit: Kit, staff: httpx.AsyncClient) -> None:
    async with visitor_of(kit.shop) as visitor:
        answer = await visitor.post("/compte/connexion", data={"email": ADDRESS, "password": PASSWORD})
        assert answer.status_code == 401
    assert (await staff.get("/admin/login")).headers["location"] == "/admin"


async def test_list_filters_by_state(kit: Kit, buyer: httpx.AsyncClient, staff: httpx.AsyncClient) -> None:
    await kit.pay(await place(buyer))
    await kit.deliver_all()
    await buyer.post("/produit/coussin", data={"option1": "Ocre", "option2": "40", "quantity": "1"})
    await buyer.post("/checkout", data=await filled_form(buyer))
    everything = (await staff.get("/admin")).text
    assert re.findall(r">(V\d+)</a>", everything) == ["V10002", "V10001"]
    paid = (await staff.get("/admin?state=PAID")).text
    assert re.findall(r">(V\d+)</a>", paid) == ["V10001"]
    assert "Aucune commande de ce genre." in (await staff.get("/admin?state=SHIPPED")).text
    for nonsense in ("state='; DROP", "before=ord_x", "before=%27"):
        assert len(links_in((await staff.get(f"/admin?{nonsense}")).text)) == 2


async def test_list_goes_on_before_an_order(staff: httpx.AsyncClient, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("""
            INSERT INTO orders (id, principal, state, currency, locale, return_origin, subtotal_minor, discount_minor,
                shipping_minor, tax_minor, total_minor, payable_minor, placed_at, deadline_at, request_id)
            SELECT 'ord_' || lpad(n::text, 26, '0'), 'guest:x', 'PENDING', 'EUR', 'fr', 'x', 0, 0, 0, 0, 0, 0,
                now() + n * interval '1 s', now(), 'req_x'
            FROM generate_series(1, 60) AS n
        """)
    first = (await staff.get("/admin?state=PENDING")).text
    assert len(links_in(first)) == 50
    more = re.search(r'href="(/admin\?state=PENDING&amp;before=ord_\d+)" rel="next"', first)
    assert more
    rest = (await staff.get(more[1].replace("&amp;", "&"))).text
    assert len(links_in(rest)) == 10
    assert set(links_in(first)).isdisjoint(links_in(rest))
    assert 'rel="next"' not in rest


async def test_order_shows_what_happened_in_one_column_of_time(
    kit: Kit, buyer: httpx.AsyncClient, staff: httpx.AsyncClient
) -> None:
    await kit.pay(await place(buyer))
    await kit.deliver_all()
    path = links_in((await staff.get("/admin")).text)[0]
    page = (await staff.get(path)).text
    for shown in ("Théière", "Anna Martin", "anna@example.com", "Payée", "4242", "règle la commande", "20\u202f%"):
        assert shown in page
    kinds = re.findall(r'<li class="(\w+)">', page)
    assert set(kinds) == {"history", "operation", "event", "payment", "ledger", "email", "audit"}
    times = re.findall(r'<time datetime="([^"]+)"', page)
    assert times == sorted(times)
    assert "(sum 0)" in page
    english = (await staff.get(f"/en{path}")).text
    assert "What happened" in english


async def test_unknown_order_is_not_found(staff: httpx.AsyncClient) -> None:
    for order_id in ("ord_" + "0" * 26, "x", "%27"):
        assert (await staff.get(f"/admin/commandes/{order_id}")).status_code == 404


async def test_money_that_does_not_fit_is_listed(
    buyer: httpx.AsyncClient, staff: httpx.AsyncClient, database_url: str
) -> None:
    assert "Tout l’argent correspond" in (await staff.get("/admin/exceptions")).text
    await place(buyer)
    path = links_in((await staff.get("/admin")).text)[0]
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """INSERT INTO money_exception (id, account, livemode, object_id, kind, order_id, amount_minor, currency,
                   captured, expected_minor, expected_currency, explanation, state, created_at)
               VALUES ('exc_test', 'acct_test', false, 'pi_<test>', 'wrong_amount', %s, 100, 'EUR', true, 6070, 'EUR',
                   'Less than expected.', 'open', now())""",
            [path.rpartition("/")[2]],
        )
    page = (await staff.get("/admin/exceptions")).text
    assert "pi_&lt;test&gt;" in page
    assert "60,70\xa0€" in page
    assert path in page
    for shown in (page, (await staff.get(path)).text):
        assert "Le paiement a apporté une autre somme que celle de la commande." in shown
        assert 'action="/admin/exceptions/exc_test/rendre"' in shown
        assert 'action="/admin/exceptions/exc_test/accepter"' in shown
        assert "dont les prix et la TVA sont figés" in shown
    assert "Gardé pour des clients\xa0: 1,00\xa0€, de 1 exceptions." in page


async def test_log_out_needs_the_forms_own_token(staff: httpx.AsyncClient) -> None:
    assert (await staff.post("/admin/logout", data={"form_token": "x"})).status_code == 403
    page = (await staff.get("/admin")).text
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token
    answer = await staff.post("/admin/logout", data={"form_token": token[1]})
    assert answer.headers["location"] == "/admin/login"
    assert (await staff.get("/admin")).status_code == 303
