"""I1: a settled order is settled by exactly one payment, and all other captured money is held as one exception."""

from typing import Final

from vivr.database import Sql
from vivr.invariants.invariant import Invariant

_SETTLED_ONCE = Sql(
    "check_settled_once",
    "A settled order has exactly one settling payment, and only a settled order has one.",
    """
    SELECT orders.id AS object_id, orders.id AS order_id,
           concat('state=', orders.state, ' settling_payments=', count(payment.id)) AS detail
    FROM orders LEFT JOIN payment ON order_id = orders.id AND settles
    GROUP BY orders.id, orders.state
    HAVING count(payment.id) <> (orders.state IN ('PAID', 'SHIPPED', 'DELIVERED', 'REFUNDED', 'DISPUTED'))::int
    """,
)

_SETTLED_FOR_TOTAL = Sql(
    "check_settled_for_total",
    "The settling payment brought the payable total in the order's currency.",
    """
    SELECT payment.id AS object_id, orders.id AS order_id,
           concat('captured=', captured_minor, payment.currency, ' payable=', payable_minor, orders.currency) AS detail
    FROM orders JOIN payment ON order_id = orders.id AND settles
    WHERE captured_minor <> payable_minor OR payment.currency <> orders.currency
    """,
)

_HELD_ONCE = Sql(
    "check_held_once",
    "Every other captured payment has exactly one exception.",
    """
    SELECT payment.id AS object_id, order_id, concat('intent=', intent_id, ' exceptions=', exceptions) AS detail
    FROM payment CROSS JOIN LATERAL (
        SELECT count(*) AS exceptions FROM money_exception
        WHERE money_exception.account = payment.account AND money_exception.livemode = payment.livemode
          AND object_id = intent_id) AS held
    WHERE payment.state = 'CAPTURED' AND NOT settles AND exceptions <> 1
    """,
)

_SETTLING_NOT_HELD = Sql(
    "check_settling_not_held",
    "No settling payment is held as an exception, unless somebody accepted it for this order.",
    """
    SELECT payment.id AS object_id, payment.order_id,
           concat('exception=', money_exception.id, ' kind=', money_exception.kind) AS detail
    FROM payment JOIN money_exception ON money_exception.account = payment.account
        AND money_exception.livemode = payment.livemode AND object_id = intent_id
    WHERE settles AND money_exception.kind <> 'double_loss'
      AND accepted_order_id IS DISTINCT FROM payment.order_id
    """,
)

_OPEN_ONCE = Sql(
    "check_open_once",
    "No order has two open payments.",
    """
    SELECT order_id AS object_id, order_id, concat('open_payments=', count(*)) AS detail
    FROM payment WHERE state IN ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED')
    GROUP BY order_id HAVING count(*) > 1
    """,
)

_CANCELLED_CLOSED = Sql(
    "check_cancelled_closed",
    "A cancelled order has no payment that may bring money.",
    """
    SELECT payment.id AS object_id, order_id, concat('payment=', payment.state) AS detail
    FROM orders JOIN payment ON order_id = orders.id
    WHERE orders.state = 'CANCELLED'
      AND payment.state IN ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED')
    """,
)

_ACCEPTED_SETTLES = Sql(
    "check_accepted_settles",
    "Accepted money settles the order that it was accepted for, by the word of a named person.",
    """
    SELECT money_exception.id AS object_id, accepted_order_id AS order_id, concat('by=', resolved_by) AS detail
    FROM money_exception LEFT JOIN payment ON intent_id = object_id AND payment.order_id = accepted_order_id AND settles
    WHERE resolution = 'accepted' AND (payment.id IS NULL OR resolved_by NOT LIKE 'staff:%%')
    """,
)

_SUMS_OF_LINES = Sql(
    "check_order_sums_of_lines",
    "An order asks for the sum of its lines in force, VAT included.",
    """
    SELECT orders.id AS object_id, orders.id AS order_id,
           concat('total=', total_minor, ' tax=', orders.tax_minor, ' lines=', amount, ' lines_tax=', tax) AS detail
    FROM orders CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount_minor), 0) AS amount, coalesce(sum(order_line.tax_minor), 0) AS tax
        FROM order_line WHERE order_id = orders.id AND order_line.amendment = orders.amendment) AS lines
    WHERE (total_minor, orders.tax_minor) IS DISTINCT FROM (amount, tax)
    """,
)

INVARIANT: Final = Invariant(
    "I1",
    "Exactly one payment settles a settled order; every other captured payment is held as one exception.",
    (
        _SETTLED_ONCE,
        _SETTLED_FOR_TOTAL,
        _HELD_ONCE,
        _SETTLING_NOT_HELD,
        _ACCEPTED_SETTLES,
        _OPEN_ONCE,
        _CANCELLED_CLOSED,
        _SUMS_OF_LINES,
    ),
)
