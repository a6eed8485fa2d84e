"""Money exceptions on pages: what happened and what each choice does, one click that resolves, and who may not."""

import re
from collections.abc import AsyncGenerator

import httpx
import pytest

from exception_kit import late_money, refunds_at_stripe, the_exception, unknown_money
from money_probe import broken_rules, nothing_changes, rows
from shop_kit import WORKER, Kit
from vivr.customers.accounts import AccountRequest
from vivr.customers.staff import add_staff
from vivr.money import Money
from vivr.money_exceptions.model import Kind
from vivr.money_exceptions.record_exception import MisfitMoney, record_exception
from vivr.operations.model import StripeScope
from vivr.web.accounts import account_terms
from web_pages.visitors import visitor_of

PASSWORD = "bleu-de-travail-7"


async def log_in(kit: Kit, client: httpx.AsyncClient, role: str) -> None:
    """Log somebody of staff in."""
    shop, email = kit.shop, f"{role}@example.com"
    request = AccountRequest(email, PASSWORD, "Sam", "fr")
    await add_staff(shop.database, shop.clock, shop.seals, WORKER, account_terms(shop.settings), request, role=role)
    assert (await client.post("/admin/login", data={"email": email, "password": PASSWORD})).status_code == 303


@pytest.fixture
async def staff(kit: Kit) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody who may decide."""
    async with visitor_of(kit.shop) as client:
        await log_in(kit, client, "support")
        yield client


async def press(client: httpx.AsyncClient, act: str, **typed: str) -> httpx.Response:
    """Press a button of the page."""
    page = (await client.get("/admin/exceptions")).text
    found = re.search(rf'action="(/admin/exceptions/\w+/{act})".*?name="form_token" value="([^"]+)"', page, re.DOTALL)
    assert found
    return await client.post(found[1], data={"form_token": found[2], **typed})


async def test_one_click_gives_back_and_a_second_one_changes_nothing(kit: Kit, staff: httpx.AsyncClient) -> None:
    await late_money(kit)
    page = (await staff.get("/en/admin/exceptions")).text
    assert "The order was cancelled before the money came, and its goods went back onto the shelf." in page
    assert "Held for customers: €29.80, of 1 exceptions." in page
    assert "If nobody decides, it goes back by itself from" in page
    held = await the_exception(kit)
    path = f"/admin/exceptions/{held.id}/rendre"
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token
    for _ in range(2):
        answer = await staff.post(path, data={"form_token": token[1]})
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin/exceptions")
    assert len(await refunds_at_stripe(kit, held.object_id)) == 1
    shown = (await staff.get("/admin/exceptions")).text
    assert 'class="notice bad"' not in shown
    assert held.object_id in shown
    assert await broken_rules(kit) == {}


async def test_one_click_accepts_and_leads_to_the_new_order(kit: Kit, staff: httpx.AsyncClient) -> None:
    order, _ = await late_money(kit)
    answer = await press(staff, "accepter")
    held = await the_exception(kit)
    assert answer.headers["location"] == f"/admin/commandes/{held.accepted_order_id}"
    page = (await staff.get(answer.headers["location"])).text
    assert "accepted" in page
    assert held.id not in (await staff.get(f"/admin/commandes/{order.id}")).text.split("timeline")[0]


async def test_what_cannot_be_done_says_why_and_has_no_button(kit: Kit, staff: httpx.AsyncClient) -> None:
    await unknown_money(kit)
    page = (await staff.get("/en/admin/exceptions")).text
    assert "No order is known for this money: look for its owner, then give it back." in page
    assert "Give it back</button>" in page
    assert "Accept it</button>" not in page
    assert "goes back by itself" not in page
    async with nothing_changes(kit):
        answer = await press(staff, "accepter")
    assert answer.status_code == 409
    assert "cherchez à qui il est" in answer.text


async def test_what_holds_nothing_is_closed_with_a_reason(kit: Kit, staff: httpx.AsyncClient) -> None:
    misfit = MisfitMoney(
        scope=StripeScope("acct_1", livemode=False),
        object_id="txn_1",
        kind=Kind.LEDGER_MISMATCH,
        brought=Money(100, "EUR"),
        expected=None,
        order_id=None,
        payment_id=None,
        charge_id=None,
        is_captured=False,
        explanation="Told by the books.",
    )
    async with kit.shop.database.transaction() as tx:
        await record_exception(tx, WORKER, kit.shop.clock.now(), misfit)
    assert (await press(staff, "classer", note=" ")).status_code == 422
    assert (await press(staff, "classer", note="Seen with <Stripe>")).status_code == 303
    assert await rows(kit, "SELECT state, note FROM money_exception") == [
        {"state": "resolved", "note": "Seen with <Stripe>"}
    ]
    assert "Seen with &lt;Stripe&gt;" in (await staff.get("/admin/exceptions")).text


async def test_a_viewer_sees_and_does_nothing(kit: Kit) -> None:
    await late_money(kit)
    async with visitor_of(kit.shop) as viewer:
        await log_in(kit, viewer, "viewer")
        async with nothing_changes(kit):
            for act in ("rendre", "accepter"):
                assert (await press(viewer, act)).status_code == 403
        held = await the_exception(kit)
        answer = await viewer.post(f"/admin/exceptions/{held.id}/rendre", data={"form_token": "x"})
        assert answer.status_code == 403
