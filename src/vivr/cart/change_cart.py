"""Put products into a basket, change how many, take them out, and make one basket of two."""

from datetime import datetime

from vivr.cart import store
from vivr.cart.model import QUANTITY_MAX, fits, merge_quantities
from vivr.database import Tx
from vivr.errors import Conflict, InvalidInput
from vivr.ids import ProductId


async def add_to_cart(tx: Tx, principal: str, product_id: ProductId, quantity: int, at: datetime) -> None:
    """Put so many more of a product into a basket.

    Raises:
        InvalidInput: ``quantity_out_of_range``.
        ConstraintViolated: ``product_not_found``: there is no such product.
        Conflict: ``cart_full``; nothing changed.
    """
    await store.lock_cart(tx, principal)
    held = await _quantities(tx, principal)
    await _put(tx, principal, held, product_id, held.get(product_id, 0) + _checked(quantity), at)


async def set_quantity(tx: Tx, principal: str, product_id: ProductId, quantity: int, at: datetime) -> None:
    """Set how many of a product are in a basket; 0 takes it out.

    Raises:
        InvalidInput: ``quantity_out_of_range``.
        ConstraintViolated: ``product_not_found``: there is no such product.
        Conflict: ``cart_full``; nothing changed.
    """
    await store.lock_cart(tx, principal)
    if quantity == 0:
        await store.drop_line(tx, principal, product_id)
        return
    await _put(tx, principal, await _quantities(tx, principal), product_id, _checked(quantity), at)


async def clear_cart(tx: Tx, principal: str) -> None:
    """Empty a basket."""
    await store.clear(tx, principal)


async def merge_carts(tx: Tx, *, guest: str, customer: str, at: datetime) -> None:
    """Add a guest's basket to a customer's, and empty the guest's; what does not fit is left out."""
    for principal in sorted((guest, customer)):
        await store.lock_cart(tx, principal)
    held = await _quantities(tx, customer)
    merged = merge_quantities(held, await _quantities(tx, guest))
    for product_id, quantity in merged.items():
        if held.get(product_id) != quantity:
            await store.put_line(tx, customer, product_id, quantity, at)
    await store.clear(tx, guest)


async def _put(
    tx: Tx, principal: str, held: dict[ProductId, int], product_id: ProductId, quantity: int, at: datetime
) -> None:
    if not fits(held | {product_id: quantity}):
        raise Conflict("cart_full")
    await store.put_line(tx, principal, product_id, quantity, at)


def _checked(quantity: int) -> int:
    if not 1 <= quantity <= QUANTITY_MAX:
        raise InvalidInput({"quantity": "quantity_out_of_range"})
    return quantity


async def _quantities(tx: Tx, principal: str) -> dict[ProductId, int]:
    return {line.product_id: line.quantity for line in await store.lines_of(tx, principal)}
