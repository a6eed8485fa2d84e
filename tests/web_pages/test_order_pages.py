"""After the checkout: the return page, the order page, and who may see what."""

import re

import httpx
from psycopg import connect

from shop_kit import Kit
from vivr.bootstrap import Shop
from vivr.ids import OrderId
from web_pages.visitors import filled_form, visitor_of

DECLINED = "4000000000009995"


async def order_of(buyer: httpx.AsyncClient) -> tuple[str, str]:
    """Place an order: where it is paid, and its id."""
    sent = await buyer.post("/checkout", data=await filled_form(buyer))
    url = sent.headers["location"]
    order_id = next(cookie for cookie in buyer.cookies.jar if cookie.name == "vivr_orders").value or ""
    return url, order_id.split("~")[0]


async def paid_page(buyer: httpx.AsyncClient, kit: Kit) -> tuple[str, str]:
    """Buy: the return page's address, and the order's id."""
    url, order_id = await order_of(buyer)
    return (await kit.pay(url)).headers["location"], order_id


async def test_stranger_sees_number_and_status_alone(buyer: httpx.AsyncClient, kit: Kit) -> None:
    address, order_id = await paid_page(buyer, kit)
    async with visitor_of(kit.shop) as stranger:
        page = await stranger.get(address)
        assert page.status_code == 200
        assert "V10001" in page.text
        assert "Cette commande est payée." in page.text
        for private in ("anna", "Anna", "Théière", "60,70", "4242", order_id, "rue Haute"):
            assert private not in page.text
        assert (await stranger.get(f"/commande/{order_id}")).status_code == 404


async def test_unknown_session_is_not_found(buyer: httpx.AsyncClient) -> None:
    for path in ("/checkout/success", "/checkout/success?session_id=cs_test_made_up", "/checkout/status?session_id=x"):
        assert (await buyer.get(path)).status_code == 404


async def test_return_page_settles_without_any_webhook(buyer: httpx.AsyncClient, kit: Kit) -> None:
    address, _ = await paid_page(buyer, kit)
    status = await buyer.get(address.replace("/checkout/success", "/checkout/status"))
    assert status.json() == {"stage": "paid"}
    assert await kit.count("SELECT count(*)::int FROM orders WHERE state = 'PAID'") == 1


async def test_unpaid_session_is_never_believed(buyer: httpx.AsyncClient, kit: Kit) -> None:
    url, _ = await order_of(buyer)
    session_id = url.rpartition("/")[2]
    page = await buyer.get(f"/checkout/success?session_id={session_id}")
    assert "Nous confirmons votre paiement" in page.text
    assert f'data-confirming="/checkout/status?session_id={session_id}"' in page.text
    assert "Actualiser cette page" in page.text
    assert 'http-equiv="refresh"' not in page.text
    assert await kit.count("SELECT count(*)::int FROM orders WHERE state = 'PENDING'") == 1


async def test_decline_is_explained_and_the_same_page_takes_another_card(buyer: httpx.AsyncClient, kit: Kit) -> None:
    url, order_id = await order_of(buyer)
    await kit.pay(url, DECLINED)
    page = (await buyer.get(f"/commande/{order_id}")).text
    assert "Le paiement n’a pas abouti" in page
    assert "Votre banque indique que la provision est insuffisante." in page
    retry = await buyer.post(f"/commande/{order_id}/payer")
    assert (retry.status_code, retry.headers["location"]) == (303, url)
    receipt = await buyer.get((await kit.pay(url)).headers["location"])
    assert "Merci, votre commande est payée" in receipt.text
    assert "n’a pas abouti" not in receipt.text


async def test_decline_on_the_return_page_offers_the_way_back(buyer: httpx.AsyncClient, kit: Kit) -> None:
    url, order_id = await order_of(buyer)
    await kit.pay(url, DECLINED)
    page = (await buyer.get(f"/checkout/success?session_id={url.rpartition('/')[2]}")).text
    assert "Votre commande n’est pas encore payée" in page
    assert f'action="/commande/{order_id}/payer"' in page
    assert "Réessayer le paiement" in page


async def test_signed_link_opens_once_and_leaves_the_address_bar(buyer: httpx.AsyncClient, kit: Kit) -> None:
    _, order_id = await order_of(buyer)
    token = kit.shop.seals.token("order", OrderId(order_id))
    async with visitor_of(kit.shop) as other_device:
        assert (await other_device.get(f"/commande/{order_id}?cle={'0' * 32}")).status_code == 404
        opened = await other_device.get(f"/en/commande/{order_id}?cle={token}")
        assert (opened.status_code, opened.headers["location"]) == (303, f"/en/commande/{order_id}")
        assert "Théière" in (await other_device.get(f"/en/commande/{order_id}")).text
        assert (await other_device.get("/commande/ord_" + "0" * 26)).status_code == 404


async def test_cancelled_order_frees_its_stock_and_fills_the_basket_again(buyer: httpx.AsyncClient, kit: Kit) -> None:
    _, order_id = await order_of(buyer)
    assert await kit.count("SELECT stock_reserved FROM product WHERE id = 'prd_theiere'") == 2
    answer = await buyer.post(f"/commande/{order_id}/annuler")
    assert (answer.status_code, answer.headers["location"]) == (303, "/panier?notice=restored")
    assert await kit.count("SELECT stock_reserved FROM product WHERE id = 'prd_theiere'") == 0
    basket = (await buyer.get("/panier?notice=restored")).text
    assert (
        'name="quantity.prd_theiere" type="number" inputmode="numeric" min="0" max="1000" step="1" value="2"' in basket
    )
    assert "vous ne devez rien" in (await buyer.get(f"/commande/{order_id}")).text
    refused = await buyer.post(f"/commande/{order_id}/payer")
    assert refused.status_code == 409
    assert "Payer maintenant" not in refused.text


async def test_paid_order_can_not_be_cancelled_or_paid_again(buyer: httpx.AsyncClient, kit: Kit) -> None:
    address, order_id = await paid_page(buyer, kit)
    await buyer.get(address)
    for act in ("annuler", "payer"):
        answer = await buyer.post(f"/commande/{order_id}/{act}")
        assert answer.status_code == 409
        assert "Payée" in answer.text
    assert await kit.count("SELECT count(*)::int FROM orders WHERE state = 'PAID'") == 1


async def test_others_can_neither_pay_nor_cancel(buyer: httpx.AsyncClient, kit: Kit) -> None:
    _, order_id = await order_of(buyer)
    async with visitor_of(kit.shop) as stranger:
        for act in ("annuler", "payer"):
            assert (await stranger.post(f"/commande/{order_id}/{act}")).status_code == 404
    assert await kit.count("SELECT count(*)::int FROM orders WHERE state = 'PENDING'") == 1


async def test_page_of_an_order_asks_stripe_before_it_says_unpaid(buyer: httpx.AsyncClient, kit: Kit) -> None:
    url, order_id = await order_of(buyer)
    await kit.pay(url)
    page = (await buyer.get(f"/commande/{order_id}")).text
    assert "Payée" in page
    assert "Payer maintenant" not in page


async def test_known_state_is_shown_while_stripe_is_away(
    browser: httpx.AsyncClient, shop: Shop, database_url: str
) -> None:
    await browser.post("/produit/theiere", data={"productId": "prd_theiere", "quantity": "1"})
    placed = await browser.post("/checkout", data=await filled_form(browser))
    match = re.search(r"ord_\w+", placed.headers["location"])
    assert match
    with connect(database_url) as connection:
        connection.execute(
            """INSERT INTO payment (id, order_id, account, livemode, kind, state, amount_minor, currency, session_id,
                   created_at, updated_at)
               VALUES ('pay_test', %s, 'acct_test', false, 'session', 'REQUIRES_PAYMENT', 3280, 'EUR', 'cs_test_known',
                   now(), now())""",
            [match[0]],
        )
    page = await browser.get("/checkout/success?session_id=cs_test_known")
    assert page.status_code == 200
    assert "Nous confirmons votre paiement" in page.text
    assert shop.settings.stripe_api_base.endswith(":9")
    assert (await browser.get(f"/commande/{match[0]}")).status_code == 200
