"""I8: whatever was begun comes to rest within a stated time, once nothing is away any more.

The times are those of docs/operations/money.md; a test compares them.
"""

from typing import Final

from vivr.database import Sql
from vivr.invariants.invariant import Invariant

_PENDING_ORDER = Sql(
    "check_pending_order_rests",
    "An unpaid order is paid or cancelled within an hour of its deadline.",
    """
    SELECT id AS object_id, id AS order_id, concat('deadline=', deadline_at) AS detail
    FROM orders WHERE state = 'PENDING' AND deadline_at < %(now)s::timestamptz - interval '1 hour'
    """,
)

_PROCESSING_ORDER = Sql(
    "check_processing_order_rests",
    "An order whose money is on its way is paid, pending again or cancelled within 30 days.",
    """
    SELECT orders.id AS object_id, orders.id AS order_id, concat('since=', max(at)) AS detail
    FROM orders JOIN order_history ON order_id = orders.id
    WHERE state = 'PROCESSING'
    GROUP BY orders.id HAVING max(at) < %(now)s::timestamptz - interval '30 days'
    """,
)

_PAYMENT_POLLED = Sql(
    "check_open_payment_is_asked_about",
    "An open payment is asked about within an hour of its turn.",
    """
    SELECT id AS object_id, order_id, concat('state=', state, ' poll_at=', poll_at) AS detail
    FROM payment
    WHERE state IN ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED')
      AND poll_at < %(now)s::timestamptz - interval '1 hour'
    """,
)

_OPERATION = Sql(
    "check_operation_rests",
    "An operation succeeds or fails within 24 hours.",
    """
    SELECT id AS object_id, order_id, concat('kind=', kind, ' outcome=', outcome, ' error=', error_code) AS detail
    FROM operation
    WHERE outcome IN ('started', 'unknown') AND first_sent_at < %(now)s::timestamptz - interval '24 hours'
    """,
)

_REFUND = Sql(
    "check_refund_rests",
    "A refund is answered by Stripe within 24 hours and ended by the bank within 60 days.",
    """
    SELECT id AS object_id, order_id, concat('state=', state, ' since=', updated_at) AS detail
    FROM refund
    WHERE (state = 'SUBMITTED' AND updated_at < %(now)s::timestamptz - interval '24 hours')
       OR (state = 'PENDING' AND updated_at < %(now)s::timestamptz - interval '60 days')
    """,
)

_EVENT = Sql(
    "check_event_rests",
    "A received event is taken up within 15 minutes of its turn.",
    """
    SELECT id AS object_id, order_id, concat('type=', type, ' tries=', tries, ' turn=', next_try_at) AS detail
    FROM inbox_event
    WHERE state IN ('RECEIVED', 'RETRYING') AND next_try_at < %(now)s::timestamptz - interval '15 minutes'
    """,
)

INVARIANT: Final = Invariant(
    "I8",
    "Once nothing is away any more, every order, operation, refund and event comes to rest within its stated time.",
    (_PENDING_ORDER, _PROCESSING_ORDER, _PAYMENT_POLLED, _OPERATION, _REFUND, _EVENT),
)
