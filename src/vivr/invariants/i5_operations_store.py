"""I5: every Stripe write has its operation first, and no two succeed for one intent."""

from typing import Final

from vivr.database import Sql
from vivr.invariants.invariant import Invariant

_SESSION_HAS_OPERATION = Sql(
    "check_session_has_operation",
    "Every session has the operation that made it.",
    """
    SELECT payment.id AS object_id, order_id, concat('session=', session_id) AS detail
    FROM payment WHERE session_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM operation WHERE operation.account = payment.account
        AND operation.livemode = payment.livemode AND object_id = session_id AND outcome = 'succeeded')
    """,
)

_CUSTOMER_HAS_OPERATION = Sql(
    "check_customer_has_operation",
    "Every Stripe customer has the operation that made it.",
    """
    SELECT customer_id AS object_id, NULL AS order_id, concat('owner=', owner) AS detail
    FROM stripe_customer
    WHERE NOT EXISTS (SELECT FROM operation WHERE operation.account = stripe_customer.account
        AND operation.livemode = stripe_customer.livemode AND object_id = customer_id AND outcome = 'succeeded')
    """,
)

_REFUND_HAS_OPERATION = Sql(
    "check_refund_has_operation",
    "Every refund that this shop made has its operation, and one that is being asked for has it under way.",
    """
    SELECT refund.id AS object_id, order_id, concat('state=', state, ' stripe=', stripe_id) AS detail
    FROM refund
    WHERE (origin <> 'stripe' AND stripe_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM operation WHERE intent = 'refund:' || refund.id
              AND outcome IN ('started', 'unknown', 'succeeded')))
       OR (state = 'SUBMITTED' AND NOT EXISTS (
            SELECT FROM operation WHERE intent = 'refund:' || refund.id AND outcome IN ('started', 'unknown')))
    """,
)

_SUCCEEDS_ONCE = Sql(
    "check_operation_succeeds_once",
    "No two operations succeed for one intent.",
    """
    SELECT intent AS object_id, min(order_id) AS order_id, concat('succeeded=', count(*)) AS detail
    FROM operation WHERE outcome = 'succeeded' GROUP BY account, livemode, intent HAVING count(*) > 1
    """,
)

_RESTS_WITHOUT_REQUEST = Sql(
    "check_operation_rests_without_request",
    "A settled operation keeps no request, and one under way has it.",
    """
    SELECT id AS object_id, order_id, concat('outcome=', outcome) AS detail
    FROM operation WHERE (outcome IN ('succeeded', 'failed')) <> (request_sealed IS NULL)
    """,
)

INVARIANT: Final = Invariant(
    "I5",
    "Every Stripe write has its operation first; no two operations succeed for one intent.",
    (
        _SESSION_HAS_OPERATION,
        _CUSTOMER_HAS_OPERATION,
        _REFUND_HAS_OPERATION,
        _SUCCEEDS_ONCE,
        _RESTS_WITHOUT_REQUEST,
    ),
)
