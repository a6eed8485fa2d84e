"""From a basket to a paid order, and every way in which it may not get there."""

import pytest

from shop_kit import GUEST, WORKER, Kit
from vivr.audit.seal_chain import seal_chain, verify_chain
from vivr.errors import Conflict
from vivr.orders.model import OrderState
from vivr.payments.poll_payments import poll_payments


async def test_a_paid_session_makes_the_order_paid_once_with_ledger_stock_and_mail(kit: Kit) -> None:
    product = await kit.add_product(stock=10)
    order = await kit.place(product, 2)
    assert await kit.stock(product) == (10, 2)
    link = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(link.url)
    await kit.deliver_all()
    await kit.deliver_all()
    paid = await kit.order(order.id)
    assert paid.state == OrderState.PAID
    assert paid.total_minor == 2 * 2490 + 490
    assert await kit.stock(product) == (8, 0)
    assert await kit.count("SELECT count(*) FROM ledger_entry") == 1
    assert await kit.count("SELECT sum(amount_minor)::int FROM ledger_posting") == 0
    assert await kit.count("SELECT max(amount_minor) FROM ledger_posting") == 5470
    assert await kit.count("SELECT count(*) FROM email_message") == 1
    assert await kit.count("SELECT count(*) FROM pgqueuer") == 1
    assert await kit.count("SELECT count(*) FROM money_exception") == 0
    assert await kit.count("SELECT count(*) FROM order_history WHERE to_state = 'PAID'") == 1
    assert await seal_chain(kit.shop.database) > 0
    assert await verify_chain(kit.shop.database) is None


async def test_a_declined_card_leaves_the_order_unpaid_and_its_stock_reserved(kit: Kit) -> None:
    product = await kit.add_product()
    order = await kit.place(product)
    link = await kit.shop.start_checkout(GUEST, order.id)
    page = await kit.pay(link.url, "4000000000000002")
    assert page.status_code in {200, 402}
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PENDING
    assert await kit.stock(product) == (10, 1)
    assert await kit.count("SELECT count(*) FROM payment WHERE failure_code = 'generic_decline'") == 1
    await kit.pay(link.url)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PAID


async def test_a_lost_webhook_is_made_good_by_the_return_page(kit: Kit) -> None:
    order = await kit.place(await kit.add_product())
    link = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(link.url)
    settlement = await kit.shop.settle_session(GUEST, link.session_id)
    assert settlement is not None
    assert settlement.order.state == OrderState.PAID


async def test_a_lost_webhook_is_made_good_by_the_poller(kit: Kit) -> None:
    order = await kit.place(await kit.add_product())
    link = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(link.url)
    shop, settings = kit.shop, kit.shop.settings
    await kit.count("UPDATE payment SET poll_at = now() RETURNING 1")
    asked = await poll_payments(
        shop.database,
        shop.stripe,
        shop.clock,
        WORKER,
        first=settings.payment_poll_first,
        longest=settings.payment_poll_max,
    )
    assert asked == 1
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.count("SELECT count(*) FROM payment WHERE poll_at IS NOT NULL") == 0


async def test_an_unknown_session_id_never_reaches_stripe(kit: Kit) -> None:
    assert await kit.shop.settle_session(GUEST, "cs_test_nobody") is None


async def test_starting_again_gives_the_same_open_session(kit: Kit) -> None:
    order = await kit.place(await kit.add_product())
    first = await kit.shop.start_checkout(GUEST, order.id)
    assert await kit.shop.start_checkout(GUEST, order.id) == first


async def test_cancelling_expires_the_session_and_frees_the_stock(kit: Kit) -> None:
    product = await kit.add_product()
    order = await kit.place(product)
    link = await kit.shop.start_checkout(GUEST, order.id)
    cancelled = await kit.shop.cancel_order(GUEST, order.id)
    assert cancelled.state == OrderState.CANCELLED
    assert await kit.stock(product) == (10, 0)
    session = await kit.api("GET", f"/v1/checkout/sessions/{link.session_id}")
    assert session["status"] == "expired"
    with pytest.raises(Conflict, match="order_cancelled"):
        await kit.shop.start_checkout(GUEST, order.id)
    assert await kit.shop.cancel_order(GUEST, order.id) == cancelled


async def test_cancelling_an_order_whose_money_came_settles_it_instead(kit: Kit) -> None:
    product = await kit.add_product()
    order = await kit.place(product)
    link = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(link.url)
    with pytest.raises(Conflict, match="order_already_paid"):
        await kit.shop.cancel_order(GUEST, order.id)
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.stock(product) == (9, 0)


async def test_an_order_of_total_zero_is_paid_at_once_without_stripe(kit: Kit) -> None:
    product = await kit.add_product(amount=0)
    order = await kit.place(product)
    assert order.state == OrderState.PAID
    assert await kit.stock(product) == (9, 0)
    assert await kit.count("SELECT count(*) FROM payment WHERE kind = 'none' AND settles") == 1
    assert await kit.count("SELECT count(*) FROM operation") == 0


async def test_money_of_another_intent_than_the_attached_one_is_held_and_settles_nothing(kit: Kit) -> None:
    product = await kit.add_product()
    order = await kit.place(product)
    link = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(link.url)
    await kit.count("UPDATE payment SET intent_id = 'pi_attached_before' RETURNING 1")
    await kit.shop.settle_session(GUEST, link.session_id)
    await kit.shop.settle_session(GUEST, link.session_id)
    assert (await kit.order(order.id)).state == OrderState.PENDING
    assert await kit.stock(product) == (10, 1)
    assert await kit.count("SELECT count(*) FROM money_exception WHERE kind = 'stray'") == 1
    assert await kit.count("SELECT count(*) FROM money_exception") == 1
    assert await kit.count("SELECT count(*) FROM ledger_posting WHERE ledger_account = 'held_for_customers'") == 1
    assert await kit.count("SELECT count(*) FROM email_message WHERE kind = 'order_confirmation'") == 0
