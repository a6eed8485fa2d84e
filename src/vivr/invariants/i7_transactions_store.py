"""I7: no transaction is open during a network call, seen from the server: none waits for its client for long."""

from typing import Final

from vivr.database import Sql
from vivr.invariants.invariant import Invariant

_NONE_IDLE = Sql(
    "check_no_idle_transaction",
    "No transaction of the shop waits for its client for over 10 seconds.",
    """
    SELECT concat('backend ', pid) AS object_id, NULL AS order_id,
           concat('idle_since=', state_change, ' last=', left(regexp_replace(query, '\\s+', ' ', 'g'), 80)) AS detail
    FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'vivr' AND state LIKE 'idle in transaction%%'
      AND state_change < %(now)s::timestamptz - interval '10 seconds'
    """,
)

INVARIANT: Final = Invariant("I7", "No transaction is open during a call to Stripe.", (_NONE_IDLE,))
