"""I11: the audit chain verifies, and what was written for good is never changed or deleted.

The chain itself is computed by ``audit.verify_chain``; here stands what the database can say alone.
"""

from typing import Final

from vivr.database import Sql
from vivr.invariants.invariant import Invariant

_TRIGGERS = Sql(
    "check_append_only_triggers",
    "Every table that only grows has its triggers, and they are on.",
    """
    SELECT promised.name AS object_id, NULL AS order_id,
           concat('trigger=', coalesce(tgenabled::text, 'missing')) AS detail
    FROM unnest(ARRAY['order_line', 'order_history', 'ledger_entry', 'ledger_posting', 'audit_row', 'audit_link',
                      'refund_line']) AS grows (name)
    CROSS JOIN LATERAL (VALUES (grows.name || '_append_only'), (grows.name || '_emptied_append_only'))
        AS promised (name)
    LEFT JOIN pg_trigger ON tgrelid = grows.name::regclass AND tgname = promised.name
    WHERE tgenabled IS DISTINCT FROM 'O'
    """,
)

_SEALED = Sql(
    "check_acts_are_sealed",
    "Every recorded act is sealed into the chain within 10 minutes.",
    """
    SELECT id::text AS object_id, order_id, concat('action=', action, ' at=', at) AS detail
    FROM audit_row
    WHERE at < %(now)s::timestamptz - interval '10 minutes'
      AND NOT EXISTS (SELECT FROM audit_link WHERE audit_id = audit_row.id)
    """,
)

INVARIANT: Final = Invariant(
    "I11",
    "The audit chain verifies; ledger, audit and history are never changed or deleted.",
    (_TRIGGERS, _SEALED),
)
