"""I4: stock never goes below zero, and each unit is held, taken or freed once."""

from typing import Final

from vivr.database import Sql
from vivr.invariants.invariant import Invariant

_NOT_NEGATIVE = Sql(
    "check_stock_not_negative",
    "Neither what is on hand nor what is free of it goes below zero.",
    """
    SELECT id AS object_id, NULL AS order_id, concat('on_hand=', stock_on_hand, ' reserved=', stock_reserved) AS detail
    FROM product WHERE stock_on_hand < 0 OR stock_reserved < 0 OR stock_reserved > stock_on_hand
    """,
)

_RESERVED = Sql(
    "check_stock_reserved",
    "Reserved stock is what unpaid orders hold.",
    """
    SELECT product.id AS object_id, NULL AS order_id,
           concat('reserved=', stock_reserved, ' held=', coalesce(sum(quantity), 0)) AS detail
    FROM product LEFT JOIN stock_reservation ON product_id = product.id AND state = 'HELD'
    GROUP BY product.id HAVING stock_reserved <> coalesce(sum(quantity), 0)
    """,
)

_AS_ORDERED = Sql(
    "check_reservation_as_ordered",
    "Units are held, taken or freed as the order stands.",
    """
    SELECT concat(orders.id, '/', product_id) AS object_id, orders.id AS order_id,
           concat('order=', orders.state, ' units=', stock_reservation.state) AS detail
    FROM orders JOIN stock_reservation ON order_id = orders.id
    WHERE stock_reservation.state <> CASE WHEN orders.state IN ('PENDING', 'PROCESSING') THEN 'HELD'
        WHEN orders.state = 'CANCELLED' THEN 'FREED' ELSE 'TAKEN' END
      -- Of an amended order the units that were struck are freed when it is paid.
      AND NOT (orders.amendment > 0 AND stock_reservation.state = 'FREED')
    """,
)

_TAKEN_AS_SOLD = Sql(
    "check_units_taken_as_sold",
    "A settled order has taken the units of its lines in force, and no others.",
    """
    SELECT concat(orders.id, '/', product_id) AS object_id, orders.id AS order_id,
           concat('sold=', sold, ' taken=', taken) AS detail
    FROM orders CROSS JOIN LATERAL (
        SELECT product_id, sum(sold) AS sold, sum(taken) AS taken
        FROM (SELECT product_id, quantity AS sold, 0 AS taken FROM order_line
              WHERE order_id = orders.id AND order_line.amendment = orders.amendment AND product_id IS NOT NULL
              UNION ALL
              SELECT product_id, 0, quantity FROM stock_reservation
              WHERE order_id = orders.id AND stock_reservation.state = 'TAKEN') AS units
        GROUP BY product_id) AS units
    WHERE orders.state NOT IN ('PENDING', 'PROCESSING', 'CANCELLED') AND sold <> taken
    """,
)

INVARIANT: Final = Invariant(
    "I4",
    "Stock never goes below zero; each sold unit is taken once and each freed unit is given back once.",
    (_NOT_NEGATIVE, _RESERVED, _AS_ORDERED, _TAKEN_AS_SOLD),
)
