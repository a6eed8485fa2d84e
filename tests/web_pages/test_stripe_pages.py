"""Staff's pages of Stripe's events and of our writes: filters, one of each with its why, and what each role may do."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import psycopg
import pytest

from money_probe import arm, rows
from shop_kit import WORKER, Kit
from vivr.customers.accounts import AccountRequest
from vivr.customers.staff import add_staff
from vivr.web.accounts import account_terms
from web_pages.visitors import filled_form, visitor_of

PASSWORD = "bleu-de-travail-7"
Staff = Callable[[str], Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def staff(kit: Kit) -> AsyncGenerator[Staff]:
    """Logs a member of staff of some role in."""
    shop = kit.shop
    async with AsyncExitStack() as stack:

        async def log_in(role: str) -> httpx.AsyncClient:
            address = f"{role}@example.com"
            request = AccountRequest(address, PASSWORD, "Sam", "fr")
            await add_staff(
                shop.database, shop.clock, shop.seals, WORKER, account_terms(shop.settings), request, role=role
            )
            client = await stack.enter_async_context(visitor_of(shop))
            assert (await client.post("/admin/login", data={"email": address, "password": PASSWORD})).status_code == 303
            return client

        yield log_in


async def bought(kit: Kit, buyer: httpx.AsyncClient) -> str:
    """A paid order, its events received and not processed; the page of the event that pays it."""
    await buyer.post("/produit/theiere", data={"productId": "prd_theiere", "quantity": "1"})
    sent = await buyer.post("/checkout", data=await filled_form(buyer))
    await kit.pay(sent.headers["location"])
    for event in await kit.events():
        assert await kit.deliver(event) == 200
    succeeded = (await kit.events("payment_intent.succeeded"))[0]
    account = (await kit.shop.account.scope()).account
    return f"/admin/evenements/{account}/test/{succeeded['id']}"


async def post(client: httpx.AsyncClient, page: str, path: str, **fields: str) -> httpx.Response:
    """Send a form of a page, with its token."""
    token = re.search(r'name="form_token" value="([^"]+)"', (await client.get(page)).text)
    assert token is not None
    return await client.post(path, data={"form_token": token[1], **fields})


async def state_of(kit: Kit, page: str) -> tuple[str, int]:
    """The state and tries of the event of a page."""
    found = await rows(kit, "SELECT state, tries FROM inbox_event WHERE id = %(id)s", id=page.rsplit("/", 1)[1])
    return found[0]["state"], found[0]["tries"]


async def test_each_event_says_why_it_did_what_it_did(kit: Kit, buyer: httpx.AsyncClient, staff: Staff) -> None:
    page, viewer = await bought(kit, buyer), await staff("viewer")
    listed = (await viewer.get("/admin/evenements")).text
    assert page in listed
    assert "Nothing in this shop follows from payment_intent.created." in listed
    assert "Il attend le worker." in (await viewer.get(page)).text
    await kit.process()
    assert "Traité" in (await viewer.get(page)).text
    ignored = (await viewer.get("/en/admin/evenements?state=IGNORED")).text
    assert page not in ignored
    only = (await viewer.get("/admin/evenements?type=payment_intent.succeeded")).text
    assert re.findall(r">(payment_intent\.\w+)</a>", only) == ["payment_intent.succeeded"]
    for nonsense in ("state=%27", "before=x", "before=2026-01-01T00:00:00 evt"):
        assert (await viewer.get(f"/admin/evenements?{nonsense}")).status_code == 200


async def test_a_try_keeps_nothing_and_a_replay_is_audited(kit: Kit, buyer: httpx.AsyncClient, staff: Staff) -> None:
    page, support = await bought(kit, buyer), await staff("support")
    tried = await post(support, page, f"{page}/essayer")
    assert "Rien n’en a été gardé." in tried.text
    assert "Payée" in tried.text
    assert await rows(kit, "SELECT state FROM orders") == [{"state": "PENDING"}]
    await kit.process()
    assert await rows(kit, "SELECT state FROM orders") == [{"state": "PAID"}]
    assert (await post(support, page, f"{page}/rejouer")).headers["location"] == page
    assert await state_of(kit, page) == ("RETRYING", 0)
    audited = await rows(kit, "SELECT role, object_id FROM audit_row WHERE action = 'webhook.replayed'")
    assert audited == [{"role": "support", "object_id": page.rsplit("/", 1)[1]}]


async def test_an_event_is_left_with_a_reason_alone(kit: Kit, buyer: httpx.AsyncClient, staff: Staff) -> None:
    page, support = await bought(kit, buyer), await staff("support")
    assert (await post(support, page, f"{page}/ignorer", reason="  ")).status_code == 422
    assert await state_of(kit, page) == ("RECEIVED", 0)
    await post(support, page, f"{page}/ignorer", reason="Sur le banc d’essai")
    assert "Staff: Sur le banc d’essai" in (await support.get(page)).text
    again = await post(support, page, f"{page}/ignorer", reason="encore")
    assert again.status_code == 409
    assert "Cet événement est déjà terminé." in again.text


async def test_a_viewer_only_looks_and_all_dead_at_once_are_for_few(
    kit: Kit, buyer: httpx.AsyncClient, staff: Staff, database_url: str
) -> None:
    page = await bought(kit, buyer)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE inbox_event SET state = 'DEAD', reason = 'x', ended_at = now() WHERE state = 'RECEIVED'"
        )
    viewer, support, finance = await staff("viewer"), await staff("support"), await staff("finance")
    assert "/rejouer" not in (await viewer.get(page)).text
    for act in ("essayer", "rejouer", "ignorer"):
        assert (await post(viewer, page, f"{page}/{act}", reason="r")).status_code == 403
    every = "/admin/evenements/rejouer-morts"
    assert every not in (await support.get("/admin/evenements")).text
    assert (await post(support, page, every)).status_code == 403
    assert await state_of(kit, page) == ("DEAD", 0)
    assert every in (await finance.get("/admin/evenements")).text
    assert (await post(finance, "/admin/evenements", every)).status_code == 303
    assert await state_of(kit, page) == ("RETRYING", 0)


async def test_an_event_of_nobody_is_not_found(kit: Kit, staff: Staff) -> None:
    viewer = await staff("viewer")
    account = (await kit.shop.account.scope()).account
    for place in (f"{account}/test/evt_none", f"{account}/other/evt_none", "acct_x/live/evt_none"):
        assert (await viewer.get(f"/admin/evenements/{place}")).status_code == 404
    assert (await viewer.get("/admin/operations/opr_none")).status_code == 404


async def test_events_are_paged(kit: Kit, staff: Staff, database_url: str) -> None:
    viewer = await staff("viewer")
    account = (await kit.shop.account.scope()).account
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """
            INSERT INTO inbox_event (account, livemode, id, type, object_id, subject, version_drift, body, received_at,
                                     deliveries, state, reason, next_try_at, ended_at, request_id)
            SELECT %s, false, 'evt_' || n, 'charge.updated', 'ch_1', 'ch_1', false, '{}', now(), 1, 'IGNORED', 'no',
                   now(), now(), 'req_1' FROM generate_series(1, 120) AS n
            """,
            (account,),
        )
    seen: list[str] = []
    address: str | None = "/admin/evenements?state=IGNORED"
    while address:
        text = (await viewer.get(address)).text
        seen += re.findall(r'<span class="id soft">(evt_\d+)</span>', text)
        older = re.search(r'href="([^"]+)" rel="next"', text)
        address = older[1].replace("&amp;", "&") if older else None
    assert len(seen) == len(set(seen)) == 120


async def test_the_unknown_writes_come_first_and_say_what_happens_next(
    kit: Kit, buyer: httpx.AsyncClient, staff: Staff
) -> None:
    await arm(kit, kind="lose_answer", route="POST /v1/checkout/sessions", count=None)
    await buyer.post("/produit/theiere", data={"productId": "prd_theiere", "quantity": "1"})
    await buyer.post("/checkout", data=await filled_form(buyer))
    viewer = await staff("viewer")
    listed = (await viewer.get("/admin/operations")).text
    assert listed.index("create_session") < listed.index("create_customer")
    assert "Non réglées" in listed
    found = {row["kind"]: row["id"] for row in await rows(kit, "SELECT kind, id FROM operation")}
    unknown = (await viewer.get(f"/admin/operations/{found['create_session']}")).text
    assert "Prochain envoi sous la même clé" in unknown
    assert f"vivr-{found['create_session']}-1" in unknown
    done = (await viewer.get(f"/en/admin/operations/{found['create_customer']}")).text
    assert "It happened, once." in done
    only = (await viewer.get("/admin/operations?outcome=succeeded")).text
    assert re.findall(r'operations/(opr_\w+)"', only) == [found["create_customer"]]
    assert "Aucune écriture" in (await viewer.get("/admin/operations?kind=create_refund")).text
    assert (await viewer.get("/admin/operations?outcome=%27&kind=x")).status_code == 200
