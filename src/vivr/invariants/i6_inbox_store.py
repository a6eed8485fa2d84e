"""I6: every delivered event is in the inbox once and ends with a reason, or dead with an alert."""

from typing import Final

from vivr.database import Sql
from vivr.invariants.invariant import Invariant

_ENDS_WITH_REASON = Sql(
    "check_event_ends_with_reason",
    "Every event that ended says why, and none that waits has an end.",
    """
    SELECT id AS object_id, order_id, concat('type=', type, ' state=', state, ' ended_at=', ended_at) AS detail
    FROM inbox_event
    WHERE (state IN ('PROCESSED', 'IGNORED', 'DEAD') AND (ended_at IS NULL OR coalesce(reason, '') = ''))
       OR (state IN ('RECEIVED', 'RETRYING') AND ended_at IS NOT NULL)
    """,
)

_DEAD_WITH_ALERT = Sql(
    "check_dead_event_has_alert",
    "Every dead event has its alert.",
    """
    SELECT id AS object_id, order_id, concat('type=', type, ' reason=', reason) AS detail
    FROM inbox_event WHERE state = 'DEAD'
      AND NOT EXISTS (SELECT FROM audit_row WHERE action = 'webhook.dead' AND object_id = inbox_event.id)
    """,
)

INVARIANT: Final = Invariant(
    "I6",
    "Every delivered event is in the inbox once, and ends processed, ignored with a reason, or dead with an alert.",
    (_ENDS_WITH_REASON, _DEAD_WITH_ALERT),
)
