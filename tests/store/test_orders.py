"""Orders in the database: every edge of the table and no other, stock once, and deadlines that only grow."""

from datetime import timedelta
from itertools import product as pairs

import pytest

from money_rows import add, add_order, add_product, ask, change
from vivr.caller import Caller
from vivr.clock import SetClock
from vivr.database import Database
from vivr.errors import ConstraintViolated
from vivr.ids import OrderId, RequestId
from vivr.orders import store
from vivr.orders.expire_deadlines import overdue_orders, postpone_deadline
from vivr.orders.model import TRANSITIONS, Order, OrderState
from vivr.orders.move_order import extend_deadline, lock_order, move_order

BY = Caller("system:test", "system", RequestId("req_1"))


async def read(database: Database, order_id: OrderId) -> Order:
    """The order as it stands."""
    async with database.transaction() as tx:
        order = await store.find_order(tx, order_id)
    assert order is not None
    return order


async def move(database: Database, clock: SetClock, order: Order, to: OrderState) -> Order | None:
    """Try a move from where the order was read."""
    async with database.transaction() as tx:
        return await move_order(tx, BY, clock.now(), order, to, reason="test")


async def test_each_of_the_64_pairs_moves_if_and_only_if_the_table_says_so(database: Database, clock: SetClock) -> None:
    moved: set[tuple[OrderState, OrderState]] = set()
    for start, to in pairs(OrderState, OrderState):
        before = OrderState.SHIPPED if start == OrderState.DISPUTED else None
        order_id = await add_order(database, clock, state=start, before=before)
        order = await read(database, order_id)
        outcome = await move(database, clock, order, to)
        after = await read(database, order_id)
        history = await ask(database, "SELECT from_state, to_state FROM order_history WHERE order_id = %s", order_id)
        if outcome is None:
            assert (after, history) == (order, [])
        else:
            moved.add((start, to))
            assert after == outcome
            assert history == [{"from_state": start, "to_state": to}]
    assert moved == TRANSITIONS


async def test_who_was_overtaken_moves_nothing(database: Database, clock: SetClock) -> None:
    order = await read(database, await add_order(database, clock))
    assert await move(database, clock, order, OrderState.CANCELLED) is not None
    for to in OrderState:
        assert await move(database, clock, order, to) is None
    assert (await read(database, order.id)).state == OrderState.CANCELLED
    assert len(await ask(database, "SELECT id FROM order_history")) == 1
    assert len(await ask(database, "SELECT id FROM audit_row")) == 1


async def test_a_disputed_order_remembers_once_where_it_stood(database: Database, clock: SetClock) -> None:
    order = await read(database, await add_order(database, clock, state=OrderState.SHIPPED))
    disputed = await move(database, clock, order, OrderState.DISPUTED)
    assert disputed is not None
    assert disputed.state_before == OrderState.SHIPPED
    back = await move(database, clock, disputed, OrderState.SHIPPED)
    assert back is not None
    assert back.state_before is None


@pytest.mark.parametrize(
    ("start", "to", "stock", "state"),
    [
        (OrderState.PENDING, OrderState.PAID, (7, 0), "TAKEN"),
        (OrderState.PROCESSING, OrderState.PAID, (7, 0), "TAKEN"),
        (OrderState.PENDING, OrderState.CANCELLED, (10, 0), "FREED"),
        (OrderState.PROCESSING, OrderState.CANCELLED, (10, 0), "FREED"),
        (OrderState.PENDING, OrderState.PROCESSING, (10, 3), "HELD"),
        (OrderState.PROCESSING, OrderState.PENDING, (10, 3), "HELD"),
    ],
)
async def test_units_are_taken_or_freed_once(
    database: Database, clock: SetClock, start: OrderState, to: OrderState, stock: tuple[int, int], state: str
) -> None:
    product_id = await add_product(database, clock, reserved=3)
    order = await read(database, await add_order(database, clock, state=start))
    async with database.transaction() as tx:
        await add(tx, "stock_reservation", order_id=order.id, product_id=product_id, quantity=3, state="HELD")
    assert await move(database, clock, order, to) is not None
    found = (await ask(database, "SELECT stock_on_hand, stock_reserved FROM product"))[0]
    assert (found["stock_on_hand"], found["stock_reserved"]) == stock
    assert await ask(database, "SELECT state FROM stock_reservation") == [{"state": state}]
    async with database.transaction() as tx:
        again = await store.end_reservations(tx, order.id, "FREED")
    assert again == ({product_id: 3} if state == "HELD" else {})


async def test_a_reinstated_order_takes_no_unit_again(database: Database, clock: SetClock) -> None:
    product_id = await add_product(database, clock, reserved=1)
    order = await read(database, await add_order(database, clock, state=OrderState.REFUNDED))
    async with database.transaction() as tx:
        await add(tx, "stock_reservation", order_id=order.id, product_id=product_id, quantity=1, state="HELD")
    assert await move(database, clock, order, OrderState.PAID) is not None
    assert await ask(database, "SELECT stock_on_hand, stock_reserved FROM product") == [
        {"stock_on_hand": 10, "stock_reserved": 1}
    ]


async def test_a_move_may_set_the_deadline_in_the_same_statement(database: Database, clock: SetClock) -> None:
    order = await read(database, await add_order(database, clock, state=OrderState.PROCESSING))
    later = clock.now() + timedelta(days=2)
    async with database.transaction() as tx:
        moved = await move_order(tx, BY, clock.now(), order, OrderState.PENDING, reason="test", deadline_at=later)
    assert moved is not None
    assert moved.deadline_at == later


async def test_a_new_session_gives_time_and_counts_and_only_a_pending_order_gets_it(
    database: Database, clock: SetClock
) -> None:
    order_id = await add_order(database, clock)
    earlier, later = clock.now() + timedelta(minutes=5), clock.now() + timedelta(hours=3)
    async with database.transaction() as tx:
        first = await extend_deadline(tx, order_id, earlier)
        second = await extend_deadline(tx, order_id, later)
    assert first is not None
    assert second is not None
    assert (first.deadline_at, first.sessions_made) == (clock.now() + timedelta(hours=1), 1)
    assert (second.deadline_at, second.sessions_made) == (later, 2)
    for state in set(OrderState) - {OrderState.PENDING, OrderState.DISPUTED}:
        other = await add_order(database, clock, state=state)
        async with database.transaction() as tx:
            assert await extend_deadline(tx, other, later) is None
            await postpone_deadline(tx, other, later)
        assert (await read(database, other)).deadline_at == clock.now() + timedelta(hours=1)


async def test_overdue_orders_are_the_pending_ones_past_their_deadline_oldest_first(
    database: Database, clock: SetClock
) -> None:
    late = [await add_order(database, clock, lasts=timedelta(minutes=minutes)) for minutes in (30, 10, 20)]
    await add_order(database, clock, lasts=timedelta(minutes=31))
    await add_order(database, clock, state=OrderState.PROCESSING, lasts=timedelta(minutes=1))
    clock.advance(minutes=30)
    async with database.transaction() as tx:
        assert await overdue_orders(tx, now=clock.now(), limit=9) == [late[1], late[2], late[0]]
        assert await overdue_orders(tx, now=clock.now(), limit=2) == [late[1], late[2]]
        await postpone_deadline(tx, late[1], clock.now() + timedelta(minutes=2))
        assert await overdue_orders(tx, now=clock.now(), limit=9) == [late[2], late[0]]


async def test_a_locked_order_is_waited_for(database: Database, clock: SetClock) -> None:
    order_id = await add_order(database, clock)
    async with database.transaction() as tx:
        assert await lock_order(tx, order_id) is not None
        assert await lock_order(tx, "ord_nobody") is None


@pytest.mark.parametrize(
    ("change_to", "constraint"),
    [
        ("state = 'LOST'", "orders_state_known"),
        ("payable_minor = total_minor + 1", "orders_payable_within_total"),
        ("payable_minor = -1", "orders_payable_within_total"),
        ("total_minor = total_minor + 1", "orders_total_adds_up"),
        ("tax_minor = total_minor + 1", "orders_tax_within_total"),
        ("discount_minor = subtotal_minor + 1", "orders_discount_within_subtotal"),
        ("shipping_minor = -1", "orders_shipping_not_negative"),
        ("currency = 'eur'", "orders_currency_form"),
        ("state = 'DISPUTED'", "orders_state_before_only_disputed"),
        ("state_before = 'PAID'", "orders_state_before_only_disputed"),
        ("locale = 'de'", "orders_locale_known"),
    ],
)
async def test_the_database_refuses_an_order_that_cannot_be(
    database: Database, clock: SetClock, change_to: str, constraint: str
) -> None:
    await add_order(database, clock)
    with pytest.raises(ConstraintViolated) as refused:
        await change(database, f"UPDATE orders SET {change_to}")  # noqa: S608 - the parameters of this test
    assert refused.value.constraint == constraint
    assert (await ask(database, "SELECT total_minor FROM orders")) == [{"total_minor": 2980}]
