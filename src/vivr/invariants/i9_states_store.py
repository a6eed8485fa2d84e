"""I9: the state of an order follows from what happened to its money, in whatever order the events came."""

from typing import Final

from vivr.database import Sql
from vivr.invariants.invariant import Invariant

_HISTORY_LEADS = Sql(
    "check_history_leads_to_state",
    "The history leads to the state.",
    """
    SELECT orders.id AS object_id, orders.id AS order_id, concat('state=', state, ' history=', last.to_state) AS detail
    FROM orders LEFT JOIN LATERAL (
        SELECT to_state FROM order_history WHERE order_id = orders.id ORDER BY order_history.id DESC LIMIT 1) AS last
        ON true
    WHERE state IS DISTINCT FROM last.to_state
    """,
)

_HISTORY_WHOLE = Sql(
    "check_history_has_no_gap",
    "The history has no gap, and nothing leaves CANCELLED.",
    """
    SELECT order_id AS object_id, order_id, concat('from=', from_state, ' after=', before) AS detail
    FROM (SELECT order_id, from_state, lag(to_state) OVER (PARTITION BY order_id ORDER BY id) AS before
          FROM order_history) AS steps
    WHERE from_state IS DISTINCT FROM before OR from_state = 'CANCELLED'
    """,
)

_REFUNDED = Sql(
    "check_refunded_when_all_went_back",
    "An order is refunded exactly when all that settled it went back or was lost.",
    """
    SELECT orders.id AS object_id, orders.id AS order_id,
           concat('state=', orders.state, ' captured=', captured_minor, ' refunded=', refunded_minor,
                  ' lost=', lost_minor) AS detail
    FROM orders JOIN payment ON order_id = orders.id AND settles
    WHERE captured_minor > 0 AND orders.state <> 'DISPUTED'
      AND (orders.state = 'REFUNDED') <> (refunded_minor + lost_minor >= captured_minor)
    """,
)

_DISPUTED = Sql(
    "check_disputed_while_held",
    "An order is disputed exactly while a dispute holds money of what settled it.",
    """
    SELECT orders.id AS object_id, orders.id AS order_id,
           concat('state=', orders.state, ' disputed=', disputed_minor) AS detail
    FROM orders LEFT JOIN payment ON order_id = orders.id AND settles
    WHERE (orders.state = 'DISPUTED') <> (coalesce(disputed_minor, 0) > 0)
    """,
)

_TICKETS = Sql(
    "check_tickets_in_turn",
    "No answer of Stripe's was applied that nobody took a ticket for.",
    """
    SELECT id AS object_id, order_id, concat('taken=', ticket_taken, ' applied=', ticket_applied) AS detail
    FROM payment WHERE ticket_applied > ticket_taken
    """,
)

INVARIANT: Final = Invariant(
    "I9",
    "The state of an order follows from what happened to its money, in whatever order the events came.",
    (_HISTORY_LEADS, _HISTORY_WHOLE, _REFUNDED, _DISPUTED, _TICKETS),
)
