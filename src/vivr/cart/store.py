"""All SQL of the basket."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vivr.database import Sql, Tx
from vivr.ids import ProductId

_LOCK = Sql(
    "lock_cart",
    "Let one request at a time change a basket; an advisory lock, because an empty basket has no row to lock.",
    "SELECT pg_advisory_xact_lock(hashtextextended('cart|' || %(principal)s, 0))",
)

_LINES = Sql(
    "lines_of_cart",
    "What is in a basket, in the order in which it was put there.",
    "SELECT product_id, quantity FROM cart_line WHERE principal = %(principal)s ORDER BY added_at, product_id",
)

_PUT = Sql(
    "put_cart_line",
    "Set how many of a product are in a basket.",
    """
    INSERT INTO cart_line (principal, product_id, quantity, added_at)
    VALUES (%(principal)s, %(product_id)s, %(quantity)s, %(now)s)
    ON CONFLICT ON CONSTRAINT cart_line_pkey DO UPDATE SET quantity = EXCLUDED.quantity
    """,
)

_DROP = Sql(
    "drop_cart_line",
    "Take a product out of a basket.",
    "DELETE FROM cart_line WHERE principal = %(principal)s AND product_id = %(product_id)s",
)

_CLEAR = Sql("clear_cart", "Empty a basket.", "DELETE FROM cart_line WHERE principal = %(principal)s")


@dataclass(frozen=True, slots=True)
class WishedUnits:
    """How many of a product are in a basket."""

    product_id: ProductId
    quantity: int


async def lock_cart(tx: Tx, principal: str) -> None:
    """Let no other request change this basket until the transaction ends."""
    await tx.run(_LOCK, principal=principal)


async def lines_of(tx: Tx, principal: str) -> Sequence[WishedUnits]:
    """What is in a basket."""
    return await tx.rows(_LINES, WishedUnits, principal=principal)


async def put_line(tx: Tx, principal: str, product_id: ProductId, quantity: int, now: datetime) -> None:
    """Set how many of a product are in a basket."""
    await tx.run(_PUT, principal=principal, product_id=product_id, quantity=quantity, now=now)


async def drop_line(tx: Tx, principal: str, product_id: ProductId) -> None:
    """Take a product out of a basket."""
    await tx.run(_DROP, principal=principal, product_id=product_id)


async def clear(tx: Tx, principal: str) -> None:
    """Empty a basket."""
    await tx.run(_CLEAR, principal=principal)
