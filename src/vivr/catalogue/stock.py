"""Stock as orders move it: hold units when an order is placed, then sell them or give them back, once; take returns.

Each is one guarded statement in the caller's transaction. Who may call it how often is the order's business; that no
count goes below zero and no unit is held twice is the database's (``product_reserved_within_stock``).
"""

from collections.abc import Mapping

from vivr.catalogue import store
from vivr.database import Tx
from vivr.ids import ProductId


async def reserve_stock(tx: Tx, quantities: Mapping[ProductId, int]) -> set[ProductId]:
    """Hold units of several products.

    The caller compares the answer with what it asked for and rolls back, or offers less, where products are missing:
    those have too few units, are not active, or do not exist.

    Args:
        tx: the transaction that also writes the order.
        quantities: units by product, each at least 1.

    Returns:
        The products whose units are held now.

    Raises:
        ValueError: a quantity is below 1.
    """
    _check(quantities)
    return await store.reserve_stock(tx, quantities)


async def lacks_stock(tx: Tx, quantities: Mapping[ProductId, int]) -> bool:
    """Whether any of the products has too few free units now, is not active, or does not exist; nothing is held."""
    return len(await store.products_in_stock(tx, quantities)) < len(quantities)


async def take_stock(tx: Tx, quantities: Mapping[ProductId, int]) -> set[ProductId]:
    """Sell held units: they leave both the hold and the stock. Returns the products that exist.

    Raises:
        ValueError: a quantity is below 1.
        ConstraintViolated: more than is held (when the transaction ends its block).
    """
    _check(quantities)
    return await store.take_stock(tx, quantities)


async def free_stock(tx: Tx, quantities: Mapping[ProductId, int]) -> set[ProductId]:
    """Give held units back. Returns the products that exist.

    Raises:
        ValueError: a quantity is below 1.
        ConstraintViolated: more than is held (when the transaction ends its block).
    """
    _check(quantities)
    return await store.free_stock(tx, quantities)


async def return_stock(tx: Tx, quantities: Mapping[ProductId, int]) -> set[ProductId]:
    """Put sold units that came back onto the shelf. Returns the products that exist.

    Raises:
        ValueError: a quantity is below 1.
    """
    _check(quantities)
    return await store.return_stock(tx, quantities)


def _check(quantities: Mapping[ProductId, int]) -> None:
    # A quantity below one would turn a hold into a gift; the database could not tell.
    if any(quantity < 1 for quantity in quantities.values()):
        raise ValueError("a stock movement is at least one unit")
