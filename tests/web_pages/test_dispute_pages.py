"""Disputes on pages: staff sees what is disputed and until when, writes, sends or accepts; and decides about doubts."""

import re
from collections.abc import AsyncGenerator

import httpx
import pytest

from dispute_kit import bank, charge_of, dispute_charge, stored
from money_probe import broken_rules, nothing_changes, rows
from shop_kit import WORKER, Kit
from vivr.customers.accounts import AccountRequest
from vivr.customers.staff import add_staff
from vivr.ids import OrderId
from vivr.orders.model import OrderState
from vivr.web.accounts import account_terms
from web_pages.visitors import filled_form, visitor_of

PASSWORD = "bleu-de-travail-7"


@pytest.fixture
async def staff(kit: Kit) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody who may accept a dispute."""
    async with visitor_of(kit.shop) as client:
        shop, email = kit.shop, "finance@example.com"
        request = AccountRequest(email, PASSWORD, "Sam", "fr")
        terms = account_terms(shop.settings)
        await add_staff(shop.database, shop.clock, shop.seals, WORKER, terms, request, role="finance")
        assert (await client.post("/admin/login", data={"email": email, "password": PASSWORD})).status_code == 303
        yield client


@pytest.fixture
async def order_id(kit: Kit, buyer: httpx.AsyncClient) -> OrderId:
    """An order of teapots that is paid."""
    await buyer.post("/produit/theiere", data={"productId": "prd_theiere", "quantity": "1"})
    sent = await buyer.post("/checkout", data=await filled_form(buyer))
    await kit.pay(sent.headers["location"])
    await kit.deliver_all()
    return OrderId((await rows(kit, "SELECT id FROM orders"))[0]["id"])


async def token(staff: httpx.AsyncClient, path: str) -> dict[str, str]:
    """What every form of a page carries."""
    found = re.search(r'name="form_token" value="([^"]+)"', (await staff.get(path)).text)
    assert found is not None
    return {"form_token": found[1]}


async def test_staff_answers_a_dispute(kit: Kit, staff: httpx.AsyncClient, order_id: OrderId) -> None:
    stripe_id = await dispute_charge(kit, await charge_of(kit, order_id))
    path = f"/admin/litiges/{(await stored(kit, stripe_id)).id}"
    listed = (await staff.get("/admin/litiges")).text
    assert path in listed
    assert "jours entiers" in listed
    assert "Attend une réponse" in listed
    assert path in (await staff.get(f"/admin/commandes/{order_id}")).text
    page = (await staff.get(path)).text
    assert "customer_purchase_ip" in page
    assert "Order V" in page
    form = await token(staff, path)
    saved = await staff.post(path, data=form | {"act": "save", "shipping_carrier": "La Poste"})
    assert (saved.status_code, saved.headers["location"]) == (303, path)
    assert "La Poste" in (await staff.get(path)).text
    async with nothing_changes(kit):
        long = await staff.post(path, data=form | {"act": "submit", "uncategorized_text": "x" * 15_001})
    assert long.status_code == 422
    sent = await staff.post(path, data=form | {"act": "submit", "shipping_carrier": "La Poste"})
    assert sent.status_code == 303
    assert (await stored(kit, stripe_id)).state == "under_review"
    assert 'name="act"' not in (await staff.get(path)).text
    async with nothing_changes(kit):
        again = await staff.post(path, data=form | {"act": "accept"})
    assert again.status_code == 409
    assert "déjà été envoyées à la banque" in again.text
    assert await broken_rules(kit) == {}


async def test_staff_accepts_a_dispute_in_english(kit: Kit, staff: httpx.AsyncClient, order_id: OrderId) -> None:
    stripe_id = await dispute_charge(kit, await charge_of(kit, order_id))
    path = f"/en/admin/litiges/{(await stored(kit, stripe_id)).id}"
    accepted = await staff.post(path, data=await token(staff, path) | {"act": "accept"})
    assert accepted.status_code == 303
    assert "Lost" in (await staff.get("/en/admin/litiges")).text
    assert (await kit.order(order_id)).state == OrderState.REFUNDED


async def test_staff_decides_about_a_doubt_and_releases_the_order(
    kit: Kit, staff: httpx.AsyncClient, order_id: OrderId
) -> None:
    await bank(kit, await charge_of(kit, order_id), "warn")
    await kit.deliver_all()
    flag = (await rows(kit, "SELECT id, stripe_id FROM fraud_flag"))[0]
    page = f"/admin/commandes/{order_id}"
    assert flag["stripe_id"] in (await staff.get(page)).text
    form = await token(staff, "/admin/litiges")
    released = await staff.post(f"{page}/lever", data=form | {"object": flag["stripe_id"]})
    assert (released.status_code, released.headers["location"]) == (303, page)
    assert "/lever" not in (await staff.get(page)).text
    refunded = await staff.post(f"/admin/alertes/{flag['id']}/rembourser", data=form)
    assert refunded.status_code == 303
    assert (await kit.order(order_id)).state == OrderState.REFUNDED
    kept = await staff.post(f"/admin/alertes/{flag['id']}/garder", data=form)
    assert kept.status_code == 409
    assert "Personne ne conteste" in (await staff.get("/admin/litiges")).text


async def test_strangers_see_no_dispute(kit: Kit, buyer: httpx.AsyncClient, order_id: OrderId) -> None:
    stripe_id = await dispute_charge(kit, await charge_of(kit, order_id))
    for path in ("/admin/litiges", f"/admin/litiges/{(await stored(kit, stripe_id)).id}"):
        answer = await buyer.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin/login")


async def test_staff_looks_at_replaces_and_removes_a_file(
    kit: Kit, staff: httpx.AsyncClient, buyer: httpx.AsyncClient, order_id: OrderId
) -> None:
    dispute = await stored(kit, await dispute_charge(kit, await charge_of(kit, order_id)))
    page = f"/admin/litiges/{dispute.id}"
    path, png = f"{page}/pieces/receipt", b"\x89PNG\r\n\x1a\n"
    shown = await staff.get(page)
    assert path in shown.text
    assert "Tiré des données de la commande" in shown.text
    composed = await staff.get(path)
    assert (composed.headers["content-type"], composed.content[:5]) == ("application/pdf", b"%PDF-")
    assert composed.headers["content-disposition"] == 'attachment; filename="receipt.pdf"'
    assert (await buyer.get(path)).status_code == 303
    assert (await staff.get(f"{page}/pieces/nothing")).status_code == 404
    form = await token(staff, page)
    async with nothing_changes(kit):
        for content, status, said in (
            (b"Hello", 422, "PDF, JPEG et PNG"),
            (png + b"\0" * 5_100_000, 413, "trop volumineuse"),
            (b"%PDF-1.7 nothing", 422, "endommagé"),
        ):
            refused = await staff.post(path, data=form, files={"file": ("a.png", content)})
            assert refused.status_code == status
            assert said in refused.text
        assert (await staff.post(path, files={"file": ("a.pdf", composed.content)})).status_code == 403
    sent = await staff.post(path, data=form, files={"file": ("a.pdf", composed.content)})
    assert (sent.status_code, sent.headers["location"]) == (303, page)
    assert "Votre fichier\u00a0: PDF" in (await staff.get(page)).text
    assert (await staff.get(path)).content == composed.content
    removed = await staff.post(f"{path}/retirer", data=form)
    assert (removed.status_code, removed.headers["location"]) == (303, page)
    assert "Votre fichier\u00a0:" not in (await staff.get(page)).text
    again = await staff.post(f"{path}/retirer", data=form)
    assert again.status_code == 404
    assert await broken_rules(kit) == {}
