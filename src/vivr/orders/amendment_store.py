"""All SQL of an order's amendments: the lines and sums that remain, and the units that are freed."""

from collections.abc import Mapping
from dataclasses import dataclass

from vivr.database import Sql, Tx
from vivr.ids import OrderId, ProductId
from vivr.orders.model import Order, OrderLine
from vivr.orders.store import HeldUnits

_LINES_AS_PLACED = Sql(
    "lines_of_order_as_placed",
    "The lines that the customer agreed to, whatever was struck later.",
    """
    SELECT position, kind, product_id, sku, title, quantity, unit_minor, discount_minor, amount_minor, tax_rate_bp,
           net_minor, tax_minor
    FROM order_line WHERE order_id = %(order_id)s AND amendment = 0 ORDER BY position
    """,
)

_LAST_AMENDMENT = Sql(
    "last_amendment_of_order",
    "The highest number of an amendment that was tried, and the highest position of a line.",
    """
    SELECT max(amendment) AS amendment, max(position) AS position FROM order_line WHERE order_id = %(order_id)s
    """,
)

_AMEND = Sql(
    "amend_order",
    "Put an amendment's sums in force, or those of the order as it was placed; no row: it is settled or cancelled.",
    """
    UPDATE orders
    SET amendment = %(amendment)s, subtotal_minor = %(subtotal_minor)s, discount_minor = %(discount_minor)s,
        shipping_minor = %(shipping_minor)s, tax_minor = %(tax_minor)s, total_minor = %(total_minor)s,
        payable_minor = %(total_minor)s
    WHERE id = %(id)s AND state IN ('PENDING', 'PROCESSING')
    RETURNING *
    """,
)

_HELD = Sql(
    "held_units_by_product",
    "The units of each product that an order holds.",
    "SELECT product_id, quantity FROM stock_reservation WHERE order_id = %(order_id)s AND state = 'HELD'",
)

_FREE_STRUCK = Sql(
    "free_struck_units",
    "Of what an order holds, free the units that were struck; the others stay held.",
    """
    WITH struck AS (
        SELECT * FROM unnest(%(product_ids)s::text[], %(quantities)s::integer[]) AS struck (product_id, quantity)
    ), whole AS (
        UPDATE stock_reservation AS held SET state = 'FREED' FROM struck
        WHERE held.order_id = %(order_id)s AND held.product_id = struck.product_id AND held.state = 'HELD'
          AND held.quantity = struck.quantity
    ), part AS (
        UPDATE stock_reservation AS held SET quantity = held.quantity - struck.quantity FROM struck
        WHERE held.order_id = %(order_id)s AND held.product_id = struck.product_id AND held.state = 'HELD'
          AND held.quantity > struck.quantity
        RETURNING held.product_id, struck.quantity
    )
    INSERT INTO stock_reservation (order_id, product_id, quantity, state)
    SELECT %(order_id)s, product_id, quantity, 'FREED' FROM part
    """,
)


@dataclass(frozen=True, slots=True)
class LastAmendment:
    """The highest number of an amendment that was tried, and the highest position of a line."""

    amendment: int
    position: int


async def lines_as_placed(tx: Tx, order_id: str) -> list[OrderLine]:
    """The frozen lines as the order was placed."""
    return await tx.rows(_LINES_AS_PLACED, OrderLine, order_id=order_id)


async def last_amendment(tx: Tx, order_id: str) -> LastAmendment:
    """The highest numbers in use."""
    last = await tx.row(_LAST_AMENDMENT, LastAmendment, order_id=order_id)
    assert last is not None
    return last


async def amend(tx: Tx, **values: object) -> Order | None:
    """Put an amendment in force; None: the order is settled or cancelled."""
    return await tx.row(_AMEND, Order, **values)


async def held_units_by_product(tx: Tx, order_id: str) -> dict[ProductId, int]:
    """The units of each product that an order holds."""
    return {units.product_id: units.quantity for units in await tx.rows(_HELD, HeldUnits, order_id=order_id)}


async def free_struck(tx: Tx, order_id: OrderId, struck: Mapping[ProductId, int]) -> None:
    """Free struck units of what an order holds."""
    await tx.run(_FREE_STRUCK, order_id=order_id, product_ids=list(struck), quantities=list(struck.values()))
