"""Refunds on pages: staff gives money back by a form, accepts and declines; the customer sees what became of it."""

import re
from collections.abc import AsyncGenerator

import httpx
import pytest

from money_probe import broken_rules, rows
from refund_kit import payment_sums, refund
from shop_kit import GUEST, Kit
from vivr.ids import OrderId
from vivr.orders.model import OrderState
from vivr.refunds.model import Wish
from web_pages.visitors import filled_form, staff_of, visitor_of


@pytest.fixture
async def staff(kit: Kit) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody who may refund."""
    async with visitor_of(kit.shop) as client:
        await staff_of(kit, client, "support")
        yield client


@pytest.fixture
async def order_id(kit: Kit, buyer: httpx.AsyncClient) -> OrderId:
    """An order of teapots that is paid."""
    await buyer.post("/produit/theiere", data={"productId": "prd_theiere", "quantity": "1"})
    sent = await buyer.post("/checkout", data=await filled_form(buyer))
    await kit.pay(sent.headers["location"])
    await kit.deliver_all()
    return OrderId((await rows(kit, "SELECT id FROM orders"))[0]["id"])


async def refund_form(staff: httpx.AsyncClient, order_id: str, **typed: str) -> dict[str, str]:
    """The form as the order's page gives it, with something typed in."""
    page = (await staff.get(f"/admin/commandes/{order_id}")).text
    form = page[page.index("/rembourser") :]
    return {**dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)), "what": "whole", **typed}


async def send(staff: httpx.AsyncClient, order_id: str, form: dict[str, str]) -> httpx.Response:
    return await staff.post(f"/admin/commandes/{order_id}/rembourser", data=form)


async def test_staff_gives_an_amount_back_once(kit: Kit, staff: httpx.AsyncClient, order_id: OrderId) -> None:
    form = await refund_form(staff, order_id, what="amount", amount="5.00", reason="duplicate")
    for _ in range(2):
        answer = await send(staff, order_id, form)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/admin/commandes/{order_id}")
    captured, refunded, pending = await payment_sums(kit, order_id)
    assert (refunded, pending) == (500, 0)
    assert "Payé deux fois" in (await staff.get(f"/admin/commandes/{order_id}")).text
    await send(staff, order_id, await refund_form(staff, order_id))
    assert await payment_sums(kit, order_id) == (captured, captured, 0)
    assert (await kit.order(order_id)).state == OrderState.REFUNDED
    page = (await staff.get(f"/admin/commandes/{order_id}")).text
    assert "/rembourser" not in page
    assert await broken_rules(kit) == {}


async def test_staff_takes_units_back_onto_the_shelf(kit: Kit, staff: httpx.AsyncClient, order_id: OrderId) -> None:
    on_hand = (await rows(kit, "SELECT stock_on_hand FROM product WHERE id = 'prd_theiere'"))[0]["stock_on_hand"]
    typed = {"what": "items", "quantity_1": "1", "restock_1": "1", "shipping": "1"}
    assert (await send(staff, order_id, await refund_form(staff, order_id, **typed))).status_code == 303
    found = await rows(kit, "SELECT quantity, restock_quantity FROM refund_line ORDER BY position")
    assert found[0] == {"quantity": 1, "restock_quantity": 1}
    shelf = await rows(kit, "SELECT stock_on_hand FROM product WHERE id = 'prd_theiere'")
    assert shelf == [{"stock_on_hand": on_hand + 1}]
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"what": "amount", "amount": "5,00"}, "Un montant est un nombre décimal, comme 24.90."),
        ({"what": "amount", "amount": "99999.00"}, "C’est plus que ce qui peut encore être remboursé"),
        ({"what": "items"}, "Ce champ est obligatoire."),
        ({"what": "items", "quantity_1": "x"}, "Un nombre entier est attendu."),
        ({"what": "items", "quantity_1": "9"}, "C’est plus que ce qui peut encore être rendu."),
    ],
)
async def test_what_does_not_fit_is_said_beside_the_form(
    kit: Kit, staff: httpx.AsyncClient, order_id: OrderId, typed: dict[str, str], said: str
) -> None:
    answer = await send(staff, order_id, await refund_form(staff, order_id, **typed))
    assert answer.status_code == 422
    assert said in answer.text
    assert await kit.count("SELECT count(*) FROM refund") == 0


async def test_strangers_viewers_and_old_forms_refund_nothing(
    kit: Kit, staff: httpx.AsyncClient, order_id: OrderId
) -> None:
    form = await refund_form(staff, order_id)
    async with visitor_of(kit.shop) as stranger:
        assert (await send(stranger, order_id, form)).headers["location"] == "/admin/login"
        await staff_of(kit, stranger, "viewer")
        assert (await send(stranger, order_id, form)).status_code == 403
        assert (await send(stranger, order_id, await refund_form(stranger, order_id))).status_code == 403
    for unknown in ("ord_x", "ord_" + "0" * 26):
        assert (await send(staff, unknown, form)).status_code == 404
    assert (await staff.post("/admin/remboursements/rfd_x/accepter", data=form)).status_code == 404
    assert await kit.count("SELECT count(*) FROM refund") == 0


async def test_a_wish_is_accepted_or_declined_and_its_customer_sees_it(
    kit: Kit, buyer: httpx.AsyncClient, staff: httpx.AsyncClient, order_id: OrderId
) -> None:
    wishes = [await refund(kit, order_id, Wish(amount_minor=amount), GUEST) for amount in (100, 200)]
    assert "nous l’examinons." in (await buyer.get(f"/commande/{order_id}")).text
    assert (await staff.get("/admin/exceptions")).text.count(order_id) == 4
    token = {"form_token": (await refund_form(staff, order_id))["form_token"]}
    for wish, act in zip(wishes, ("accepter", "refuser"), strict=True):
        path = f"/admin/remboursements/{wish.id}/{act}"
        assert (await staff.post(path, data=token)).status_code == 303
        assert (await staff.post(path, data=token)).status_code == 409
    page = (await buyer.get(f"/commande/{order_id}")).text
    assert "votre banque peut mettre quelques jours" in page
    assert "Non rendu." in page
    assert (await payment_sums(kit, order_id))[1:] == (100, 0)
