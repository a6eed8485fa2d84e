"""Baskets on a real database."""

import asyncio

import pytest

from vivr.cart.change_cart import add_to_cart, clear_cart, merge_carts, set_quantity
from vivr.cart.read_cart import cart_units, read_cart
from vivr.clock import SetClock
from vivr.database import Database, Sql
from vivr.errors import Conflict, ConstraintViolated, InvalidInput
from vivr.ids import ProductId
from vivr.money import Money

ANNA = "customer:per_1"
GUEST = "guest:ses_1"
BOWL = ProductId("prd_bowl")
VASE = ProductId("prd_vase")

_ENTRY = Sql(
    "test_entry",
    "An entry.",
    "INSERT INTO catalogue_entry VALUES ('bol', 1, 'Bol', '', '', '', '{}', '{}', true, now(), now())",
)
_PRODUCT = Sql(
    "test_product",
    "A product.",
    "INSERT INTO product VALUES (%(id)s, %(id)s, 'bol', 1, '{}', true, 2000, 1, NULL, 5, 0, now())",
)
_PRICE = Sql("test_price", "Its price.", "INSERT INTO product_price VALUES (%(id)s, 'EUR', %(amount)s, NULL)")
_HIDE = Sql("test_hide", "Sell it no more.", "UPDATE product SET active = false WHERE id = %(id)s")


class Shelf:
    """A shop's products and the baskets of its visitors."""

    def __init__(self, database: Database, clock: SetClock) -> None:
        self.database = database
        self.clock = clock

    async def add(self, principal: str, product: ProductId, quantity: int) -> None:
        """Put more into a basket."""
        async with self.database.transaction() as tx:
            await add_to_cart(tx, principal, product, quantity, self.clock.now())

    async def put(self, principal: str, product: ProductId, quantity: int) -> None:
        """Set how many are in a basket."""
        async with self.database.transaction() as tx:
            await set_quantity(tx, principal, product, quantity, self.clock.now())

    async def quantities(self, principal: str) -> dict[str, int]:
        """What is in a basket."""
        async with self.database.transaction() as tx:
            cart = await read_cart(tx, principal, locale="fr", currency="EUR")
        return {line.product.product_id: line.quantity for line in cart.lines}


@pytest.fixture
async def shelf(database: Database, clock: SetClock) -> Shelf:
    async with database.transaction() as tx:
        await tx.run(_ENTRY)
        for product, amount in ((BOWL, 2490), (VASE, 1000)):
            await tx.run(_PRODUCT, id=product)
            await tx.run(_PRICE, id=product, amount=amount)
    return Shelf(database, clock)


async def test_a_basket_has_todays_prices(shelf: Shelf) -> None:
    await shelf.add(GUEST, BOWL, 2)
    shelf.clock.advance(seconds=1)
    await shelf.add(GUEST, VASE, 1)
    await shelf.add(GUEST, BOWL, 1)
    async with shelf.database.transaction() as tx:
        cart = await read_cart(tx, GUEST, locale="fr", currency="EUR")
    assert [(line.product.product_id, line.quantity) for line in cart.lines] == [(BOWL, 3), (VASE, 1)]
    assert (cart.subtotal, cart.units) == (Money(8470, "EUR"), 4)
    assert [line.is_buyable for line in cart.lines] == [True, True]


async def test_what_is_not_sold_any_more_stays_and_costs_nothing(shelf: Shelf, database: Database) -> None:
    await shelf.add(GUEST, BOWL, 1)
    await shelf.add(GUEST, VASE, 6)
    async with database.transaction() as tx:
        await tx.run(_HIDE, id=BOWL)
        cart = await read_cart(tx, GUEST, locale="fr", currency="EUR")
    assert {line.product.product_id: line.is_buyable for line in cart.lines} == {BOWL: False, VASE: False}
    assert cart.subtotal == Money(6000, "EUR")


async def test_a_quantity_of_zero_takes_a_product_out(shelf: Shelf) -> None:
    await shelf.add(GUEST, BOWL, 2)
    await shelf.put(GUEST, BOWL, 7)
    assert await shelf.quantities(GUEST) == {BOWL: 7}
    await shelf.put(GUEST, BOWL, 0)
    assert await shelf.quantities(GUEST) == {}


@pytest.mark.parametrize("quantity", [0, -1, 1001, 10**9])
async def test_a_quantity_that_is_no_count_is_refused(shelf: Shelf, quantity: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        await shelf.add(GUEST, BOWL, quantity)
    assert refused.value.fields == {"quantity": "quantity_out_of_range"}
    assert await shelf.quantities(GUEST) == {}


async def test_a_basket_holds_1000_units(shelf: Shelf) -> None:
    await shelf.add(GUEST, BOWL, 999)
    await shelf.add(GUEST, VASE, 1)
    with pytest.raises(Conflict, match="cart_full"):
        await shelf.add(GUEST, VASE, 1)
    with pytest.raises(Conflict, match="cart_full"):
        await shelf.put(GUEST, BOWL, 1000)
    assert await shelf.quantities(GUEST) == {BOWL: 999, VASE: 1}


async def test_an_unknown_product_is_refused(shelf: Shelf) -> None:
    with pytest.raises(ConstraintViolated, match="product_not_found"):
        await shelf.add(GUEST, ProductId("prd_nothing"), 1)
    assert await shelf.quantities(GUEST) == {}


async def test_baskets_are_apart(shelf: Shelf, database: Database) -> None:
    await shelf.add(GUEST, BOWL, 1)
    await shelf.add(ANNA, BOWL, 2)
    async with database.transaction() as tx:
        await clear_cart(tx, GUEST)
        assert await cart_units(tx, GUEST) == 0
        assert await cart_units(tx, ANNA) == 2


async def test_a_guests_basket_is_added_to_the_customers_once(shelf: Shelf, database: Database) -> None:
    await shelf.add(GUEST, BOWL, 2)
    await shelf.add(GUEST, VASE, 1)
    await shelf.add(ANNA, BOWL, 1)
    for _ in range(2):
        async with database.transaction() as tx:
            await merge_carts(tx, guest=GUEST, customer=ANNA, at=shelf.clock.now())
    assert await shelf.quantities(ANNA) == {BOWL: 3, VASE: 1}
    assert await shelf.quantities(GUEST) == {}


async def test_twenty_simultaneous_additions_all_count(shelf: Shelf) -> None:
    await asyncio.gather(*(shelf.add(GUEST, BOWL, 1) for _ in range(20)))
    assert await shelf.quantities(GUEST) == {BOWL: 20}
