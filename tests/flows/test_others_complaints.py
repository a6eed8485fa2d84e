"""What people complain of in other shops, where no other test shows that it can't happen here (docs/complaints.md)."""

import asyncio

import pytest

from flows.fault_kit import CUSTOMERS
from money_probe import arm, broken_rules, calls, control, open_checkout
from shop_kit import WORKER, Kit
from vivr.checkout.expire_orders import expire_orders
from vivr.clock import SetClock
from vivr.orders.model import OrderState
from vivr.stripe_gateway.answers import Done, Unknown
from vivr.stripe_gateway.requests import StripeRequest

pytestmark = pytest.mark.set_clock(STRIPE_MAX_RETRIES="0")


async def test_the_timer_pays_an_overdue_order_whose_money_came_and_whose_webhook_did_not(
    kit: Kit, clock: SetClock
) -> None:
    order, link, product = await open_checkout(kit)
    await kit.pay(link.url)
    clock.advance(hours=2)
    shop = kit.shop
    assert await expire_orders(shop.database, shop.stripe, clock, shop.seals, WORKER) == 0
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.stock(product) == (9, 0)
    assert await broken_rules(kit) == {}


async def test_a_key_that_another_worker_is_using_is_unknown_and_its_repeat_gives_the_same_object(kit: Kit) -> None:
    """Stripe answers 409 while the first request under a key still runs (Stripe docs, idempotent requests)."""
    await arm(kit, "slow", CUSTOMERS, ms=1500)
    wish = StripeRequest("/v1/customers", {"metadata": {"operation": "opr_test"}})

    async def send() -> Done | Unknown:
        answer = await kit.shop.stripe.send(wish, idempotency_key="key_shared")
        assert isinstance(answer, Done | Unknown)
        return answer

    first = asyncio.create_task(send())
    while (await control(kit, "GET", "faults"))["faults"]:
        pass  # the fault is taken as soon as the call has come
    second = await send()
    assert isinstance(second, Unknown)
    assert second.reason == "status_409"
    made, again = await first, await send()
    assert isinstance(made, Done)
    assert isinstance(again, Done)
    assert made.document["id"] == again.document["id"]
    assert (await calls(kit, CUSTOMERS))[1] == 1
