"""Read a basket with today's prices and stock."""

from vivr.cart import store
from vivr.cart.model import Cart, CartLine
from vivr.catalogue.reading import find_products
from vivr.database import Tx


async def read_cart(tx: Tx, principal: str, *, locale: str, currency: str) -> Cart:
    """A basket; a product without a price in the currency is left out, one that is not sold any more is not."""
    wished = await store.lines_of(tx, principal)
    products = await find_products(tx, [line.product_id for line in wished], currency=currency, locale=locale)
    lines = [CartLine(products[line.product_id], line.quantity) for line in wished if line.product_id in products]
    return Cart(lines, currency)


async def cart_units(tx: Tx, principal: str) -> int:
    """How many units are in a basket, for the header of every page."""
    return sum(line.quantity for line in await store.lines_of(tx, principal))
