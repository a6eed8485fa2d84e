"""Stock on a real PostgreSQL: units are held once, sold once, given back once, and never below zero."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import psycopg
import pytest

from vivr.catalogue.stock import free_stock, reserve_stock, take_stock
from vivr.database import Database, Tx
from vivr.errors import ConstraintViolated
from vivr.ids import ProductId

A, B, C = ProductId("prd_a"), ProductId("prd_b"), ProductId("prd_c")


class Stock(NamedTuple):
    """The two counts of a product."""

    on_hand: int
    reserved: int


@pytest.fixture(autouse=True)
def _shelf(database_url: str) -> None:  # pyright: ignore[reportUnusedFunction]
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO catalogue_entry VALUES ('bol', 0, 'Bol', '', '', '', '{}', '{}', true, now(), now())"
        )
        for place, (product_id, active, on_hand) in enumerate([(A, True, 3), (B, True, 1), (C, False, 9)]):
            connection.execute(
                "INSERT INTO product (id, sku, handle, position, options, active, tax_rate_bp, grams, stock_on_hand,"
                " updated_at) VALUES (%s, %s, 'bol', %s, '{}', %s, 2000, 0, %s, now())",
                (product_id, product_id, place, active, on_hand),
            )


def stock_of(url: str) -> dict[str, Stock]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT id, stock_on_hand, stock_reserved FROM product ORDER BY id").fetchall()
    return {str(product_id): Stock(on_hand, reserved) for product_id, on_hand, reserved in rows}


async def test_reservation_holds_units_without_selling_them(database: Database, database_url: str) -> None:
    async with database.transaction() as tx:
        assert await reserve_stock(tx, {A: 2, B: 1}) == {A, B}
    assert stock_of(database_url) == {A: Stock(3, 2), B: Stock(1, 1), C: Stock(9, 0)}


async def test_reservation_names_what_it_could_not_hold(database: Database, database_url: str) -> None:
    async with database.transaction() as tx:
        assert await reserve_stock(tx, {B: 2, A: 3, C: 1, ProductId("prd_unknown"): 1}) == {A}
    assert stock_of(database_url) == {A: Stock(3, 3), B: Stock(1, 0), C: Stock(9, 0)}


async def test_reserved_units_are_not_held_again(database: Database, database_url: str) -> None:
    async with database.transaction() as tx:
        assert await reserve_stock(tx, {A: 2}) == {A}
        assert await reserve_stock(tx, {A: 2}) == set()
        assert await reserve_stock(tx, {A: 1}) == {A}
    assert stock_of(database_url)[A] == Stock(3, 3)


async def test_sold_units_leave_hold_and_stock(database: Database, database_url: str) -> None:
    async with database.transaction() as tx:
        await reserve_stock(tx, {A: 3, B: 1})
    async with database.transaction() as tx:
        assert await take_stock(tx, {B: 1, A: 2}) == {A, B}
    assert stock_of(database_url) == {A: Stock(1, 1), B: Stock(0, 0), C: Stock(9, 0)}


async def test_freed_units_can_be_held_again(database: Database, database_url: str) -> None:
    async with database.transaction() as tx:
        await reserve_stock(tx, {B: 1})
    async with database.transaction() as tx:
        assert await free_stock(tx, {B: 1}) == {B}
        assert await reserve_stock(tx, {B: 1}) == {B}
    assert stock_of(database_url)[B] == Stock(1, 1)


@pytest.mark.parametrize("move", [take_stock, free_stock])
async def test_more_than_is_held_can_be_neither_sold_nor_freed(
    database: Database, database_url: str, move: Callable[[Tx, Mapping[ProductId, int]], Awaitable[object]]
) -> None:
    async with database.transaction() as tx:
        await reserve_stock(tx, {A: 1, B: 1})
    before = stock_of(database_url)
    with pytest.raises(ConstraintViolated) as refused:
        async with database.transaction() as tx:
            await move(tx, {B: 1, A: 2})
    assert refused.value.constraint == "product_reserved_not_negative"
    assert stock_of(database_url) == before


@pytest.mark.parametrize("quantity", [0, -1])
async def test_movement_below_one_unit_is_refused(database: Database, database_url: str, quantity: int) -> None:
    before = stock_of(database_url)
    for move in (reserve_stock, take_stock, free_stock):
        with pytest.raises(ValueError, match="at least one unit"):
            async with database.transaction() as tx:
                await move(tx, {A: 1, B: quantity})
    assert stock_of(database_url) == before


async def test_last_unit_goes_to_one_of_two_buyers(database: Database, database_url: str) -> None:
    held = asyncio.Event()
    second_waits = asyncio.Event()

    async def first() -> set[ProductId]:
        async with database.transaction() as tx:
            reserved = await reserve_stock(tx, {B: 1})
            held.set()
            await second_waits.wait()
            # The second buyer's statement is waiting for this row's lock when the first one commits.
            await asyncio.sleep(0.2)
            return reserved

    async def second() -> set[ProductId]:
        await held.wait()
        async with database.transaction() as tx:
            second_waits.set()
            return await reserve_stock(tx, {B: 1})

    assert await asyncio.gather(first(), second()) == [{B}, set()]
    assert stock_of(database_url)[B] == Stock(1, 1)


async def test_unit_of_a_buyer_who_gives_up_goes_to_the_one_who_waits(database: Database, database_url: str) -> None:
    held = asyncio.Event()

    async def gives_up() -> None:
        async with database.transaction() as tx:
            await reserve_stock(tx, {B: 1})
            held.set()
            await asyncio.sleep(0.2)
            raise ZeroDivisionError

    async def waits() -> set[ProductId]:
        await held.wait()
        async with database.transaction() as tx:
            return await reserve_stock(tx, {B: 1})

    first, second = await asyncio.gather(gives_up(), waits(), return_exceptions=True)
    assert isinstance(first, ZeroDivisionError)
    assert second == {B}
    assert stock_of(database_url)[B] == Stock(1, 1)


async def test_baskets_in_any_order_neither_deadlock_nor_oversell(database: Database, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE product SET stock_on_hand = 20, active = true")

    async def buy(seed: int) -> int:
        basket = [A, B, C]
        random.Random(seed).shuffle(basket)  # noqa: S311 - an order of names, not a secret
        async with database.transaction() as tx:
            return len(await reserve_stock(tx, dict.fromkeys(basket, 1)))

    held = await asyncio.gather(*(buy(seed) for seed in range(40)))
    assert sorted(held) == [0] * 20 + [3] * 20
    assert set(stock_of(database_url).values()) == {Stock(20, 20)}
