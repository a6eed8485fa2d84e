"""Many at once, on connections of their own: stock, orders, sessions, events and customers are counted once."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from typing import TypeVar

from money_probe import arm, broken_rules, calls, open_checkout, rows, run
from shop_kit import CONTACT, GUEST, WORKER, Kit
from vivr.caller import Caller
from vivr.checkout.model import CheckoutLink
from vivr.errors import VivrError
from vivr.ids import PersonId, ProductId, RequestId, new_order_id
from vivr.orders.model import BasketItem, Order, OrderState
from vivr.orders.place_order import OrderRequest
from vivr.payments.poll_payments import poll_payments
from vivr.recovery import recover_operations

T = TypeVar("T")
SESSIONS = "POST /v1/checkout/sessions"
CUSTOMERS = "POST /v1/customers"


async def at_once(attempts: Iterable[Awaitable[T]]) -> tuple[list[T], Counter[str]]:
    """Run all at the same time: what succeeded, and how often each refusal came; anything else is raised."""
    done, refused = list[T](), Counter[str]()
    for outcome in await asyncio.gather(*attempts, return_exceptions=True):
        if isinstance(outcome, VivrError):
            refused[outcome.code] += 1
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            done.append(outcome)
    return done, refused


def basket(*items: tuple[ProductId, int]) -> OrderRequest:
    """A request for an order."""
    wanted = tuple(BasketItem(product, quantity) for product, quantity in items)
    return OrderRequest(wanted, CONTACT, "fr", "http://127.0.0.1:8000")


async def test_twenty_buyers_of_the_last_three_units_make_three_orders(kit: Kit, second: Kit) -> None:
    product = await kit.add_product(stock=3)
    placed, refused = await at_once((kit, second)[turn % 2].place(product) for turn in range(20))
    assert (len(placed), refused) == (3, {"insufficient_stock": 17})
    assert await kit.stock(product) == (3, 3)
    assert await broken_rules(kit) == {}
    for order in placed:
        await kit.pay((await kit.shop.start_checkout(GUEST, order.id)).url)
    await kit.deliver_all()
    assert await kit.stock(product) == (0, 0)
    assert await kit.count("SELECT count(*) FROM orders WHERE state = 'PAID'") == 3
    assert await broken_rules(kit) == {}


async def test_buyers_of_two_units_each_never_share_one(kit: Kit, second: Kit) -> None:
    product = await kit.add_product(stock=7)
    placed, refused = await at_once((kit, second)[turn % 2].place(product, 2) for turn in range(12))
    assert (len(placed), refused) == (3, {"insufficient_stock": 9})
    assert await kit.stock(product) == (7, 6)


async def test_the_same_race_oversells_when_stock_is_checked_before_it_is_taken(kit: Kit) -> None:
    product = await kit.add_product(stock=3)
    gate = asyncio.Barrier(5)

    async def careless() -> None:
        on_hand, reserved = await kit.stock(product)
        await gate.wait()
        if on_hand - reserved >= 1:
            await run(kit, "INSERT INTO cart_line VALUES (gen_random_uuid()::text, %(id)s, 1, now())", id=product)

    await asyncio.gather(*(careless() for _ in range(5)))
    assert await kit.count("SELECT count(*) FROM cart_line") == 5


async def test_baskets_with_the_same_products_in_any_order_never_wait_in_a_circle(kit: Kit, second: Kit) -> None:
    products = [await kit.add_product(stock=40) for _ in range(6)]
    chance = random.Random(7)  # noqa: S311 - no secret, the same shuffles each time
    baskets = [basket(*((product, 1) for product in chance.sample(products, 6))) for _ in range(40)]
    shops = (kit.shop, second.shop)
    placed, refused = await at_once(
        shops[turn % 2].place_order(GUEST, new_order_id(kit.shop.clock.now()), request)
        for turn, request in enumerate(baskets)
    )
    assert (len(placed), refused) == (40, {})
    outcomes, refused = await at_once(
        act
        for turn, order in enumerate(placed)
        for act in (
            shops[turn % 2].cancel_order(GUEST, order.id),
            shops[1 - turn % 2].place_order(GUEST, new_order_id(kit.shop.clock.now()), baskets[turn]),
        )
    )
    assert refused.keys() <= {"insufficient_stock"}
    held = await kit.count("SELECT count(*) FROM orders WHERE state = 'PENDING'")
    assert len(outcomes) == 40 + held
    assert {await kit.stock(product) for product in products} == {(40, held)}
    assert await broken_rules(kit) == {}


async def test_an_order_placed_ten_times_at_once_under_one_id_is_one_order(kit: Kit, second: Kit) -> None:
    product = await kit.add_product(stock=50)
    order_id, request = new_order_id(kit.shop.clock.now()), basket((product, 2))
    shops = (kit.shop, second.shop)
    placed, refused = await at_once(shops[turn % 2].place_order(GUEST, order_id, request) for turn in range(10))
    assert (len(placed), refused) == (10, {})
    assert set(placed) == {await kit.order(order_id)}
    assert await kit.stock(product) == (50, 2)
    assert await kit.count("SELECT count(*) FROM order_history") == 1
    assert await broken_rules(kit) == {}


async def test_the_last_unit_placed_twice_under_one_id_is_never_refused_as_sold_out(kit: Kit, second: Kit) -> None:
    product = await kit.add_product(stock=1)
    order_id, request = new_order_id(kit.shop.clock.now()), basket((product, 1))
    shops = (kit.shop, second.shop)
    placed, refused = await at_once(shops[turn % 2].place_order(GUEST, order_id, request) for turn in range(6))
    assert (len(placed), refused) == (6, {})
    assert await kit.stock(product) == (1, 1)


async def test_twenty_deliveries_of_one_event_with_four_workers_have_one_effect(kit: Kit, second: Kit) -> None:
    order, link, product = await open_checkout(kit)
    await kit.pay(link.url)
    completed = (await kit.events("checkout.session.completed"))[0]
    kits = (kit, second)
    statuses, refused = await at_once(
        [
            *(kits[turn % 2].deliver(completed) for turn in range(20)),
            *(kits[turn % 2].process() for turn in range(4)),
        ]
    )
    assert (statuses.count(200), refused) == (20, {})
    await at_once(kits[turn % 2].process() for turn in range(4))
    assert await rows(kit, "SELECT deliveries, state FROM inbox_event") == [{"deliveries": 20, "state": "PROCESSED"}]
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.stock(product) == (9, 0)
    assert await rows(
        kit,
        """
        SELECT (SELECT count(*) FROM ledger_entry) AS entries, (SELECT count(*) FROM email_message) AS mails,
               (SELECT count(*) FROM pgqueuer) AS jobs,
               (SELECT count(*) FROM order_history WHERE to_state = 'PAID') AS moves
        """,
    ) == [{"entries": 1, "mails": 1, "jobs": 1, "moves": 1}]
    assert await broken_rules(kit) == {}


async def test_all_events_of_a_payment_at_once_with_four_workers_have_one_effect(kit: Kit, second: Kit) -> None:
    order, link, product = await open_checkout(kit)
    await kit.pay(link.url, "4000000000000002")
    await kit.pay(link.url)
    events = await kit.events()
    kits = (kit, second)
    await asyncio.gather(*(kits[turn % 2].deliver(event) for turn, event in enumerate(events * 2)))
    await at_once(kits[turn % 2].process() for turn in range(4))
    await run(kit, "UPDATE inbox_event SET next_try_at = now() WHERE state = 'RETRYING'")
    await kit.process()
    assert await kit.count("SELECT count(*) FROM inbox_event WHERE state NOT IN ('PROCESSED', 'IGNORED')") == 0
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.stock(product) == (9, 0)
    assert await broken_rules(kit) == {}


async def test_webhook_return_page_and_poller_at_once_pay_an_order_once(kit: Kit, second: Kit) -> None:
    order, link, product = await open_checkout(kit)
    await kit.pay(link.url)
    for event in await kit.events():
        await kit.deliver(event)
    await run(kit, "UPDATE payment SET poll_at = now() - interval '1 second'")
    first, longest = timedelta(seconds=20), timedelta(minutes=5)
    polls = [
        poll_payments(one.shop.database, one.shop.stripe, one.shop.clock, WORKER, first=first, longest=longest)
        for one in (kit, second)
    ]
    looks = [one.shop.settle_session(GUEST, link.session_id) for one in (kit, second) for _ in range(8)]
    settled, refused = await at_once(looks)
    assert (len(settled), refused) == (16, {})
    assert {settlement.order.state for settlement in settled if settlement} == {OrderState.PAID}
    await at_once([kit.process(), second.process(), *polls])
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.count("SELECT count(*) FROM ledger_entry") == 1
    assert await kit.count("SELECT count(*) FROM email_message") == 1
    assert await kit.stock(product) == (9, 0)
    assert await broken_rules(kit) == {}


async def test_eight_tabs_of_one_order_share_one_session_and_one_customer(kit: Kit, second: Kit) -> None:
    order = await kit.place(await kit.add_product())
    await kit.shop.account.scope()
    await second.shop.account.scope()
    await arm(kit, "slow", CUSTOMERS, ms=60)
    await arm(kit, "slow", SESSIONS, ms=60)
    links = list[CheckoutLink]()
    for _ in range(20):
        found, refused = await at_once(
            (kit, second)[turn % 2].shop.start_checkout(GUEST, order.id) for turn in range(8)
        )
        links += found
        assert refused.keys() <= {"checkout_being_made"}
        if not refused:
            break
    assert len(links) >= 8
    assert len(set(links)) == 1
    assert (await calls(kit, CUSTOMERS), await calls(kit, SESSIONS)) == ((1, 1), (1, 1))
    assert await broken_rules(kit) == {}


async def test_two_orders_of_one_account_at_once_share_one_customer(kit: Kit, second: Kit) -> None:
    caller = Caller("customer:per_1", "customer", RequestId("req_1"))
    product = await kit.add_product()
    orders = list[Order]()
    for _ in range(4):
        request = OrderRequest((BasketItem(product, 1),), CONTACT, "fr", "http://127.0.0.1:8000", PersonId("per_1"))
        orders.append(await kit.shop.place_order(caller, new_order_id(kit.shop.clock.now()), request))
    waiting, links = orders, list[CheckoutLink]()
    for _ in range(20):
        found, refused = await at_once(
            (kit, second)[turn % 2].shop.start_checkout(caller, order.id) for turn, order in enumerate(waiting)
        )
        links += found
        assert refused.keys() <= {"checkout_being_made"}
        started = {link.order_id for link in links}
        waiting = [order for order in orders if order.id not in started]
        if not waiting:
            break
    assert len(links) == 4
    assert await calls(kit, CUSTOMERS) == (1, 1)
    assert await kit.count("SELECT count(DISTINCT customer_id) FROM payment") == 1


async def test_cancelling_ten_times_at_once_frees_the_stock_once(kit: Kit, second: Kit) -> None:
    order, _, product = await open_checkout(kit, quantity=4)
    await kit.place(product, 3)
    for _ in range(10):
        done, refused = await at_once((kit, second)[turn % 2].shop.cancel_order(GUEST, order.id) for turn in range(10))
        assert refused.keys() <= {"checkout_busy", "stripe_unavailable", "payment_busy"}
        if done:
            break
    assert (await kit.order(order.id)).state == OrderState.CANCELLED
    assert await kit.stock(product) == (10, 3)
    assert await kit.count("SELECT count(*) FROM order_history WHERE to_state = 'CANCELLED'") == 1
    assert await calls(kit, "POST /v1/checkout/sessions/{id}/expire") == (1, 1)
    assert await broken_rules(kit) == {}


async def test_workers_that_recover_at_once_take_each_operation_once(kit: Kit, second: Kit) -> None:
    product = await kit.add_product()
    orders = [await kit.place(product) for _ in range(3)]
    await arm(kit, "lose_answer", CUSTOMERS, count=3)
    _, refused = await at_once(kit.shop.start_checkout(GUEST, order.id) for order in orders)
    assert refused == {"stripe_unavailable": 3}
    await arm(kit, "slow", CUSTOMERS, count=3, ms=60)
    await run(kit, "UPDATE operation SET next_try_at = now()")
    turns, refused = await at_once(
        recover_operations(one.shop.database, one.shop.stripe, one.shop.clock, one.shop.seals, WORKER)
        for one in (kit, second, kit, second)
    )
    assert (sum(turns), refused) == (3, {})
    assert await calls(kit, CUSTOMERS) == (6, 3)
    assert await kit.count("SELECT count(*) FROM operation WHERE outcome = 'succeeded' AND tries = 2") == 3
    assert await kit.count("SELECT count(*) FROM stripe_customer") == 3


async def test_two_captured_payments_settled_at_once_pay_an_order_once(kit: Kit, second: Kit) -> None:
    order, old, product = await open_checkout(kit)
    await run(kit, "UPDATE payment SET state = 'CANCELLED'")
    new = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(old.url)
    await kit.pay(new.url)
    looks = [one.shop.settle_session(GUEST, link.session_id) for link in (old, new) for one in (kit, second)]
    settled, refused = await at_once(looks)
    assert (len(settled), refused) == (4, {})
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.stock(product) == (9, 0)
    assert [row["kind"] for row in await rows(kit, "SELECT kind FROM money_exception")] == ["twice"]
    assert await kit.count("SELECT count(*) FROM ledger_entry") == 2
    assert await broken_rules(kit) == {}
