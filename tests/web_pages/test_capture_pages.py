"""Captures on pages: staff sees how long the money waits, takes it whole or in part by a form, or gives it up."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import psycopg
import pytest

from capture_kit import payment_of
from money_probe import broken_rules, nothing_changes, rows, run
from shop_kit import Kit, open_kit
from vivr.ids import OrderId
from vivr.orders.model import OrderState
from web_pages.conftest import SHELF
from web_pages.visitors import filled_form, staff_of, visitor_of


@pytest.fixture
async def kit(database_url: str, sandbox_url: str, tmp_path: Path) -> AsyncGenerator[Kit]:
    """The shop with a Stripe that answers, capturing by hand."""
    with psycopg.connect(database_url) as connection:
        connection.execute(SHELF)
    async with open_kit(
        database_url, sandbox_url, VIVR_DATA=str(tmp_path), SHOP_NAME="Essai", PAYMENT_CAPTURE_METHOD="manual"
    ) as opened:
        yield opened


@pytest.fixture
async def staff(kit: Kit) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody who may capture."""
    async with visitor_of(kit.shop) as client:
        await staff_of(kit, client, "support")
        yield client


@pytest.fixture
async def order_id(kit: Kit, buyer: httpx.AsyncClient) -> OrderId:
    """An order of two teapots whose money is authorised."""
    sent = await buyer.post("/checkout", data=await filled_form(buyer))
    await kit.pay(sent.headers["location"])
    await kit.deliver_all()
    return OrderId((await rows(kit, "SELECT id FROM orders"))[0]["id"])


async def forms_of(staff: httpx.AsyncClient, order_id: str) -> tuple[str, dict[str, str]]:
    """The order's page, and what the capture form sends as it stands."""
    page = (await staff.get(f"/admin/commandes/{order_id}")).text
    form = page[page.index("/encaisser") : page.index("/liberer")]
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    return page, {**dict(hidden), "capture": "whole"}


async def test_the_page_shows_how_long_the_money_waits_and_takes_it(
    kit: Kit, staff: httpx.AsyncClient, order_id: OrderId
) -> None:
    page, form = await forms_of(staff, order_id)
    assert "il reste 6 j 23 h" in page
    done = await staff.post(f"/admin/commandes/{order_id}/encaisser", data=form)
    assert (done.status_code, done.headers["location"]) == (303, f"/admin/commandes/{order_id}")
    assert (await kit.order(order_id)).state == OrderState.PAID
    assert "/encaisser" not in (await staff.get(f"/admin/commandes/{order_id}")).text
    async with nothing_changes(kit):
        again = await staff.post(f"/admin/commandes/{order_id}/encaisser", data=form)
        assert again.status_code == 303


async def test_what_can_not_be_sent_is_left_out(
    kit: Kit, staff: httpx.AsyncClient, buyer: httpx.AsyncClient, order_id: OrderId
) -> None:
    _, form = await forms_of(staff, order_id)
    wrong = {"strike_1": "3"}, {"strike_1": "x"}, {"strike_1": "0"}, {"strike_1": "2"}
    for typed in wrong:
        async with nothing_changes(kit):
            refused = await staff.post(
                f"/admin/commandes/{order_id}/encaisser",
                data={**form, "capture": "part", **typed, "idempotency_key": f"key-{typed['strike_1']}"},
            )
            assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
    await staff.post(
        f"/admin/commandes/{order_id}/encaisser",
        data={**form, "capture": "part", "strike_1": "1", "strike_shipping": "1"},
    )
    assert (await payment_of(kit, order_id)).captured_minor == 2790
    assert "27,90" in (await buyer.get(f"/commande/{order_id}")).text
    assert await broken_rules(kit) == {}


async def test_staff_gives_the_money_up(kit: Kit, staff: httpx.AsyncClient, order_id: OrderId) -> None:
    _, form = await forms_of(staff, order_id)
    done = await staff.post(f"/en/admin/commandes/{order_id}/liberer", data={"form_token": form["form_token"]})
    assert (done.status_code, done.headers["location"]) == (303, f"/en/admin/commandes/{order_id}")
    assert (await kit.order(order_id)).state == OrderState.CANCELLED
    late = await staff.post(f"/admin/commandes/{order_id}/encaisser", data=form)
    assert late.status_code == 409


async def test_a_viewer_and_a_stranger_take_nothing(
    kit: Kit, staff: httpx.AsyncClient, buyer: httpx.AsyncClient, order_id: OrderId
) -> None:
    _, form = await forms_of(staff, order_id)
    async with visitor_of(kit.shop) as viewer, nothing_changes(kit):
        await staff_of(kit, viewer, "viewer")
        _, own = await forms_of(viewer, order_id)
        assert (await viewer.post(f"/admin/commandes/{order_id}/encaisser", data=own)).status_code == 403
        assert (await viewer.post(f"/admin/commandes/{order_id}/liberer", data=own)).status_code == 403
        for path in ("encaisser", "liberer"):
            assert (await buyer.post(f"/admin/commandes/{order_id}/{path}", data=form)).status_code in {303, 403, 404}
            untold = await staff.post(f"/admin/commandes/{order_id}/{path}", data={"capture": "whole"})
            assert untold.status_code == 403


async def test_on_hold_the_form_is_not_there(kit: Kit, staff: httpx.AsyncClient, order_id: OrderId) -> None:
    await run(
        kit,
        "INSERT INTO order_hold (id, order_id, cause, object_id, placed_by, placed_at)"
        " SELECT 'hld_1', id, 'review', 'prv_1', 'system:radar', now() FROM orders",
    )
    page = (await staff.get(f"/admin/commandes/{order_id}")).text
    assert ("/encaisser" in page, "/liberer" in page) == (False, True)
