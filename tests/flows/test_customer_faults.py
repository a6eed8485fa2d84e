"""Whom a payment is made for: one Stripe customer per account or guest order, found again among many, never copied."""

from dataclasses import replace
from typing import Any

import pytest

from flows.fault_kit import CUSTOMERS, SESSIONS, at_stripe, new_order, recover, recover_until_rest
from money_probe import arm, broken_rules, calls, rows
from shop_kit import CONTACT, GUEST, Kit
from vivr.caller import Caller
from vivr.checkout.close_checkout import close_payment
from vivr.clock import SetClock
from vivr.database import TransactionOpenError
from vivr.errors import NotFound, Refusal, Unavailable
from vivr.ids import OrderId, PaymentId, PersonId, RequestId, new_order_id
from vivr.orders.model import BasketItem, Order, OrderState
from vivr.orders.place_order import OrderRequest
from vivr.payments.settle_payment import settle_payment
from vivr.stripe_gateway.answers import Failed, StripeMisconfigured, StripeObjectMissing
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import expire_session

ANNA = Caller("customer:per_1", "customer", RequestId("req_1"))


pytestmark = pytest.mark.set_clock(STRIPE_MAX_RETRIES="0")


async def order_of_account(kit: Kit) -> Order:
    """An order of an account."""
    items = (BasketItem(await kit.add_product(), 1),)
    request = OrderRequest(items, CONTACT, "fr", "http://127.0.0.1:8000", PersonId("per_1"))
    return await kit.shop.place_order(ANNA, new_order_id(kit.shop.clock.now()), request)


async def customers_of(kit: Kit) -> list[str]:
    """The customers of all payments, by time."""
    return [row["customer_id"] for row in await rows(kit, "SELECT customer_id FROM payment ORDER BY created_at, id")]


async def test_an_account_keeps_its_customer_and_each_guest_order_has_its_own(kit: Kit, clock: SetClock) -> None:
    for _ in range(2):
        await kit.shop.start_checkout(ANNA, (await order_of_account(kit)).id)
        clock.advance(seconds=1)
    for _ in range(2):
        await kit.shop.start_checkout(GUEST, (await new_order(kit)).id)
        clock.advance(seconds=1)
    first, second, *guests = await customers_of(kit)
    assert first == second
    assert len({first, *guests}) == 3
    assert await calls(kit, CUSTOMERS) == (3, 3)


async def test_a_customer_that_was_deleted_at_stripe_is_replaced_by_a_new_operation(kit: Kit, clock: SetClock) -> None:
    for turn in range(3):
        order = await order_of_account(kit)
        link = await kit.shop.start_checkout(ANNA, order.id)
        customer_id = (await kit.api("GET", f"/v1/checkout/sessions/{link.session_id}"))["customer"]
        assert await rows(kit, "SELECT customer_id FROM stripe_customer") == [{"customer_id": customer_id}]
        await kit.pay(link.url)
        await kit.deliver_all()
        assert (await kit.order(order.id)).state == OrderState.PAID
        assert await calls(kit, CUSTOMERS) == (turn + 1, turn + 1)
        await kit.api("DELETE", f"/v1/customers/{customer_id}")
        clock.advance(seconds=1)
    assert (
        await kit.count("SELECT count(*) FROM payment WHERE state = 'FAILED' AND failure_code = 'resource_missing'")
        == 2
    )
    assert await kit.count("SELECT count(*) FROM stripe_customer") == 1
    assert await broken_rules(kit) == {}


async def test_a_replacement_whose_answer_was_lost_is_made_once(kit: Kit, clock: SetClock) -> None:
    await kit.shop.start_checkout(ANNA, (await order_of_account(kit)).id)
    gone = (await customers_of(kit))[0]
    await kit.api("DELETE", f"/v1/customers/{gone}")
    clock.advance(seconds=1)
    order = await order_of_account(kit)
    await arm(kit, "lose_answer", CUSTOMERS)
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(ANNA, order.id)
    await recover_until_rest(kit, clock)
    assert await calls(kit, CUSTOMERS) == (3, 2)
    link = await kit.shop.start_checkout(ANNA, order.id)
    await kit.pay(link.url)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert len(await at_stripe(kit, "customers")) == 1
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("email", ["no address", "anna@@example.com <b>"])
async def test_what_stripe_refuses_of_a_customer_is_not_quoted_in_our_books(kit: Kit, email: str) -> None:
    contact = replace(CONTACT, email=email)
    request = OrderRequest((BasketItem(await kit.add_product(), 1),), contact, "fr", "http://127.0.0.1:8000")
    order = await kit.shop.place_order(GUEST, new_order_id(kit.shop.clock.now()), request)
    with pytest.raises(Refusal, match="payment_refused"):
        await kit.shop.start_checkout(GUEST, order.id)
    kept = await rows(
        kit, "SELECT operation::text AS text FROM operation UNION ALL SELECT audit_row::text FROM audit_row"
    )
    assert kept
    assert not [row for row in kept if email.split("@", maxsplit=1)[0] in row["text"]]
    assert await kit.count("SELECT count(*) FROM payment") == 0


async def test_a_session_is_found_behind_a_hundred_newer_ones(kit: Kit, clock: SetClock) -> None:
    order = await order_of_account(kit)
    await arm(kit, "lose_answer", SESSIONS)
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(ANNA, order.id)
    customer_id = (await customers_of(kit))[0]
    mine = (await at_stripe(kit, "checkout/sessions"))[0]["id"]
    fields = {"mode": "payment", "success_url": "http://127.0.0.1:9/", "customer": customer_id}
    line = {"quantity": "1", "price_data][currency": "eur", "price_data][unit_amount": "100"}
    fields |= {f"line_items[0][{name}]": value for name, value in line.items()}
    fields["line_items[0][price_data][product_data][name]"] = "Bol"
    for _ in range(100):
        await kit.api("POST", "/v1/checkout/sessions", fields)
    clock.advance(hours=21)
    assert await recover(kit) == 1
    assert await rows(kit, "SELECT session_id FROM payment") == [{"session_id": mine}]


async def test_a_customer_is_found_behind_a_hundred_newer_ones(kit: Kit, clock: SetClock) -> None:
    order = await new_order(kit)
    await arm(kit, "lose_answer", CUSTOMERS)
    with pytest.raises(Unavailable):
        await kit.shop.start_checkout(GUEST, order.id)
    mine = (await at_stripe(kit, "customers"))[0]["id"]
    for _ in range(100):
        await kit.api("POST", "/v1/customers", {"name": "Somebody"})
    clock.advance(hours=21)
    assert await recover(kit) == 1
    assert await rows(kit, "SELECT customer_id FROM stripe_customer") == [{"customer_id": mine}]


async def test_nothing_is_asked_of_stripe_while_a_transaction_is_open(kit: Kit) -> None:
    stripe = kit.shop.stripe
    await kit.shop.account.scope()
    acts: list[Any] = [
        lambda: stripe.send(expire_session("cs_1"), idempotency_key="k"),
        lambda: stripe.read_session("cs_1"),
        lambda: stripe.list_sessions("cus_1"),
    ]
    for act in acts:
        async with kit.shop.database.transaction():
            with pytest.raises(TransactionOpenError):
                await act()
    assert await calls(kit, "GET /v1/checkout/sessions") == (0, 0)
    with pytest.raises(StripeObjectMissing):
        await stripe.read_session("cs_1")


async def test_a_key_that_stripe_refuses_is_said_to_be_ours(sandbox_url: str) -> None:
    stripe = Stripe("sk_live_0123456789abcdef", api_base=sandbox_url, max_retries=0)
    assert stripe.livemode
    answer = await stripe.send(expire_session("cs_1"), idempotency_key="k")
    assert isinstance(answer, Failed)
    assert answer.kind == "misconfigured"
    with pytest.raises(StripeMisconfigured):
        await stripe.read_session("cs_1")
    await stripe.close()


async def test_a_payment_that_nobody_knows_is_not_found(kit: Kit) -> None:
    shop = kit.shop
    with pytest.raises(NotFound, match="payment_not_found"):
        await settle_payment(shop.database, shop.stripe, shop.clock, GUEST, PaymentId("pay_nobody"))
    with pytest.raises(NotFound, match="payment_not_found"):
        await close_payment(shop.database, shop.stripe, shop.clock, shop.seals, GUEST, PaymentId("pay_nobody"))
    with pytest.raises(NotFound, match="order_not_found"):
        await shop.cancel_order(GUEST, OrderId("ord_nobody"))
    with pytest.raises(NotFound, match="order_not_found"):
        await shop.start_checkout(GUEST, OrderId("ord_nobody"))
    assert await calls(kit, CUSTOMERS) == (0, 0)


async def test_an_order_of_somebody_else_is_not_found_by_its_id(kit: Kit) -> None:
    order = await order_of_account(kit)
    items = (BasketItem(await kit.add_product(), 1),)
    request = OrderRequest(items, CONTACT, "fr", "http://127.0.0.1:8000")
    with pytest.raises(NotFound, match="order_not_found"):
        await kit.shop.place_order(GUEST, order.id, request)
    assert await kit.shop.place_order(ANNA, order.id, request) == order
