"""All SQL of the inbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from vivr.database import Sql, Tx
from vivr.operations.model import StripeScope
from vivr.webhooks.model import EventKey, InboxEvent, InboxHealth, NewEvent

# A batch is one document: it is made at once in C, while a column each would be made value by value in Python.
_INSERT = Sql(
    "insert_inbox_events",
    "Keep the first bodies of events and count later deliveries of them; those that came more than once.",
    """
    WITH kept AS (
        INSERT INTO inbox_event (account, livemode, id, type, object_id, subject, api_version, version_drift, body,
                                 received_at, deliveries, state, reason, next_try_at, ended_at, request_id)
        SELECT account, livemode, id, type, object_id, subject, api_version, version_drift, body, received_at,
               deliveries, CASE WHEN reason IS NULL THEN 'RECEIVED' ELSE 'IGNORED' END, reason, received_at,
               CASE WHEN reason IS NOT NULL THEN received_at END, request_id
        FROM json_to_recordset(%(events)b::json)
             AS new (account text, livemode boolean, id text, type text, object_id text, subject text, api_version text,
                     version_drift boolean, body text, received_at timestamptz, deliveries integer, reason text,
                     request_id text)
        ON CONFLICT ON CONSTRAINT inbox_event_pkey
        DO UPDATE SET deliveries = inbox_event.deliveries + excluded.deliveries
        RETURNING account, livemode, id, deliveries
    )
    SELECT account, livemode, id, deliveries FROM kept WHERE deliveries > 1
    """,
)

_LOCK_DUE = Sql(
    "lock_due_subjects",
    "What the longest waiting events are about that nobody works on, kept from every other claimer until the end.",
    """
    SELECT account, livemode, subject
    FROM (SELECT account, livemode, subject, min(next_try_at) AS since
          FROM (SELECT account, livemode, subject, next_try_at FROM inbox_event AS waiting
                WHERE state IN ('RECEIVED', 'RETRYING') AND next_try_at <= %(now)s
                  AND NOT EXISTS (
                      SELECT FROM inbox_event AS other
                      WHERE other.account = waiting.account AND other.livemode = waiting.livemode
                        AND other.subject = waiting.subject
                        AND other.state IN ('RECEIVED', 'RETRYING') AND other.lease_until > %(now)s)
                ORDER BY next_try_at LIMIT %(events)s) AS oldest
          GROUP BY account, livemode, subject ORDER BY since LIMIT %(subjects)s) AS due
    WHERE pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', 'inbox', account, livemode, subject), 0))
    """,
)

_CLAIM = Sql(
    "claim_inbox_events",
    "Take the waiting events of subjects of which none is being processed; the fence tells late writers off.",
    """
    UPDATE inbox_event
    SET lease_until = %(lease_until)s, next_try_at = %(lease_until)s, fence = fence + 1
    FROM unnest(%(accounts)s::text[], %(livemodes)s::boolean[], %(subjects)s::text[])
         AS locked (account, livemode, subject)
    WHERE inbox_event.account = locked.account AND inbox_event.livemode = locked.livemode
      AND inbox_event.subject = locked.subject
      AND inbox_event.state IN ('RECEIVED', 'RETRYING') AND inbox_event.next_try_at <= %(now)s
      AND NOT EXISTS (
          SELECT FROM inbox_event AS other
          WHERE other.account = locked.account AND other.livemode = locked.livemode AND other.subject = locked.subject
            AND other.state IN ('RECEIVED', 'RETRYING') AND other.lease_until > %(now)s)
    RETURNING inbox_event.account, inbox_event.livemode, id, type, object_id, inbox_event.subject, api_version,
              version_drift, received_at, deliveries, state, reason, order_id, payment_id, tries, fence, next_try_at,
              ended_at, request_id
    """,
)

_END = Sql(
    "end_inbox_event",
    "Write what an event came to; no row: the lease was lost to another worker.",
    """
    UPDATE inbox_event
    SET state = %(state)s, reason = %(reason)s, order_id = coalesce(%(order_id)s, order_id),
        payment_id = coalesce(%(payment_id)s, payment_id), ended_at = %(now)s, lease_until = NULL, tries = %(tries)s
    WHERE account = %(account)s AND livemode = %(livemode)s AND id = %(id)s AND fence = %(fence)s
      AND state IN ('RECEIVED', 'RETRYING')
    """,
)

_RETRY = Sql(
    "retry_inbox_event",
    "Put an event back; whether that spends a try is the caller's word.",
    """
    UPDATE inbox_event
    SET state = 'RETRYING', reason = %(reason)s, tries = %(tries)s, next_try_at = %(next_try_at)s, lease_until = NULL
    WHERE account = %(account)s AND livemode = %(livemode)s AND id = %(id)s AND fence = %(fence)s
      AND state IN ('RECEIVED', 'RETRYING')
    """,
)

_FIND = Sql(
    "find_inbox_event",
    "One event.",
    """
    SELECT account, livemode, id, type, object_id, subject, api_version, version_drift, received_at, deliveries, state,
           reason, order_id, payment_id, tries, fence, next_try_at, ended_at, request_id
    FROM inbox_event WHERE account = %(account)s AND livemode = %(livemode)s AND id = %(id)s
    """,
)

_NEWEST = Sql(
    "newest_inbox_events",
    "The newest events before one of them, of one state and type or of all.",
    """
    SELECT account, livemode, id, type, object_id, subject, api_version, version_drift, received_at, deliveries, state,
           reason, order_id, payment_id, tries, fence, next_try_at, ended_at, request_id
    FROM inbox_event
    WHERE (%(state)s::text IS NULL OR state = %(state)s) AND (%(type)s::text IS NULL OR type = %(type)s)
      AND (%(before_at)s::timestamptz IS NULL OR (received_at, id) < (%(before_at)s, %(before_id)s))
    ORDER BY received_at DESC, id DESC LIMIT %(limit)s
    """,
)

_HEALTH = Sql(
    "inbox_health",
    "How many events wait and since when, and how many are dead.",
    """
    SELECT (SELECT count(*) FROM inbox_event WHERE state = 'RECEIVED') AS received,
           (SELECT count(*) FROM inbox_event WHERE state = 'RETRYING') AS retrying,
           (SELECT min(received_at) FROM inbox_event WHERE state IN ('RECEIVED', 'RETRYING')) AS oldest_at,
           (SELECT count(*) FROM inbox_event WHERE state = 'DEAD') AS dead
    """,
)

_REPLAY = Sql(
    "replay_inbox_event",
    "Let an event that nobody works on be processed now; no row: a worker has it.",
    """
    UPDATE inbox_event
    SET state = 'RETRYING', reason = 'Staff let it be processed again.', tries = 0, next_try_at = %(now)s,
        ended_at = NULL, lease_until = NULL, fence = fence + 1
    WHERE account = %(account)s AND livemode = %(livemode)s AND id = %(id)s
      AND (state IN ('PROCESSED', 'IGNORED', 'DEAD')
           OR (state IN ('RECEIVED', 'RETRYING') AND coalesce(lease_until, %(now)s) <= %(now)s))
    """,
)

_REPLAY_DEAD = Sql(
    "replay_dead_inbox_events",
    "Let all dead events be processed now.",
    """
    UPDATE inbox_event
    SET state = 'RETRYING', reason = 'Staff let it be processed again.', tries = 0, next_try_at = %(now)s,
        ended_at = NULL, lease_until = NULL
    WHERE state = 'DEAD'
    RETURNING id
    """,
)

_IGNORE = Sql(
    "ignore_inbox_event",
    "End an event that nobody works on without processing it; no row: a worker has it, or it has ended.",
    """
    UPDATE inbox_event
    SET state = 'IGNORED', reason = %(reason)s, ended_at = %(now)s, lease_until = NULL, fence = fence + 1
    WHERE account = %(account)s AND livemode = %(livemode)s AND id = %(id)s
      AND (state = 'DEAD' OR (state IN ('RECEIVED', 'RETRYING') AND coalesce(lease_until, %(now)s) <= %(now)s))
    """,
)

_KNOWN = Sql(
    "known_inbox_events",
    "Which of some events the inbox holds.",
    """
    SELECT account, livemode, id, deliveries FROM inbox_event
    JOIN unnest(%(accounts)s::text[], %(livemodes)s::boolean[], %(ids)s::text[]) AS listed (account, livemode, id)
         USING (account, livemode, id)
    """,
)

_RING = Sql("ring_inbox", "Tell who listens that events came in.", "SELECT pg_notify('vivr_inbox', '')::text")

_CLAIM_GAP_FILL = Sql(
    "claim_gap_fill",
    "Take the comparison with Stripe's list if it is due; a shop's first one is due after the pause.",
    """
    INSERT INTO gap_fill (account, livemode, filled_to, next_at)
    VALUES (%(account)s, %(livemode)s, %(now)s, %(next_at)s)
    ON CONFLICT ON CONSTRAINT gap_fill_pkey DO UPDATE SET next_at = excluded.next_at
    WHERE gap_fill.next_at <= %(now)s
    RETURNING CASE WHEN gap_fill.filled_to < %(now)s THEN gap_fill.filled_to END
    """,
)

_END_GAP_FILL = Sql(
    "end_gap_fill",
    "The inbox holds what was listed up to then.",
    """
    UPDATE gap_fill SET filled_to = greatest(filled_to, %(filled_to)s)
    WHERE account = %(account)s AND livemode = %(livemode)s
    """,
)

_OF_ORDER = Sql(
    "inbox_events_of_order",
    "Events that concerned an order.",
    """
    SELECT account, livemode, id, type, object_id, subject, api_version, version_drift, received_at, deliveries, state,
           reason, order_id, payment_id, tries, fence, next_try_at, ended_at, request_id
    FROM inbox_event WHERE order_id = %(order_id)s ORDER BY received_at, id
    """,
)


@dataclass(frozen=True, slots=True)
class _Delivered:
    account: str
    livemode: bool
    id: str
    deliveries: int


async def insert_events(tx: Tx, events: Sequence[NewEvent]) -> dict[EventKey, int]:
    """Keep events; how often those were delivered by now that came more than once."""
    rows = await tx.rows(_INSERT, _Delivered, events=msgspec.json.encode(events).decode())
    return {EventKey(row.account, row.livemode, row.id): row.deliveries for row in rows}


@dataclass(frozen=True, slots=True)
class _Subject:
    account: str
    livemode: bool
    subject: str


async def claim_events(tx: Tx, *, now: datetime, lease_until: datetime, subjects: int) -> list[InboxEvent]:
    """Take all due events of the subjects that waited longest, those of a subject together, oldest first.

    Two claimers never hold events of one subject at the same time. A subject that another claimer holds is left out, so
    fewer may come, or none although some wait.
    """
    locked = await tx.rows(_LOCK_DUE, _Subject, now=now, events=subjects * 25, subjects=subjects)
    if not locked:
        return []
    claimed = await tx.rows(
        _CLAIM,
        InboxEvent,
        now=now,
        lease_until=lease_until,
        accounts=[one.account for one in locked],
        livemodes=[one.livemode for one in locked],
        subjects=[one.subject for one in locked],
    )
    return sorted(claimed, key=lambda event: (event.received_at, event.id))


async def end_event(tx: Tx, event: InboxEvent, **values: object) -> bool:
    """Write what it came to; False: the lease was lost."""
    return await tx.run(_END, **_key(event), **values) == 1


async def retry_event(tx: Tx, event: InboxEvent, **values: object) -> bool:
    """Put it back; False: the lease was lost."""
    return await tx.run(_RETRY, **_key(event), **values) == 1


async def ring(tx: Tx) -> None:
    """Tell who listens that events came in."""
    await tx.run(_RING)


async def known_events(tx: Tx, keys: Sequence[EventKey]) -> set[EventKey]:
    """Those of some events that the inbox holds."""
    rows = await tx.rows(
        _KNOWN,
        _Delivered,
        accounts=[key.account for key in keys],
        livemodes=[key.livemode for key in keys],
        ids=[key.id for key in keys],
    )
    return {EventKey(row.account, row.livemode, row.id) for row in rows}


async def claim_gap_fill(tx: Tx, scope: StripeScope, *, now: datetime, next_at: datetime) -> datetime | None:
    """Up to when the inbox is complete, if comparing it with Stripe's list is due; else None."""
    return await tx.value(
        _CLAIM_GAP_FILL, datetime, account=scope.account, livemode=scope.livemode, now=now, next_at=next_at
    )


async def end_gap_fill(tx: Tx, scope: StripeScope, *, filled_to: datetime) -> None:
    """The inbox is complete up to then."""
    await tx.run(_END_GAP_FILL, account=scope.account, livemode=scope.livemode, filled_to=filled_to)


async def events_of_order(tx: Tx, order_id: str) -> list[InboxEvent]:
    """Events that concerned an order."""
    return await tx.rows(_OF_ORDER, InboxEvent, order_id=order_id)


async def find_event(tx: Tx, scope: StripeScope, event_id: str) -> InboxEvent | None:
    """One event."""
    return await tx.row(_FIND, InboxEvent, account=scope.account, livemode=scope.livemode, id=event_id)


async def newest_events(tx: Tx, **wished: object) -> list[InboxEvent]:
    """The newest events: ``state``, ``type`` and ``before_at`` with ``before_id`` may be None."""
    return await tx.rows(_NEWEST, InboxEvent, **wished)


async def health(tx: Tx) -> InboxHealth:
    """How many events wait and since when, and how many are dead."""
    found = await tx.row(_HEALTH, InboxHealth)
    assert found is not None
    return found


async def replay_event(tx: Tx, event: InboxEvent, *, now: datetime) -> bool:
    """Let it be processed now; False: a worker has it."""
    return await tx.run(_REPLAY, **_key(event), now=now) == 1


@dataclass(frozen=True, slots=True)
class _Replayed:
    id: str


async def replay_dead(tx: Tx, *, now: datetime) -> list[str]:
    """Let all dead events be processed now; their ids."""
    return [row.id for row in await tx.rows(_REPLAY_DEAD, _Replayed, now=now)]


async def ignore_event(tx: Tx, event: InboxEvent, *, now: datetime, reason: str) -> bool:
    """End it; False: a worker has it, or it has ended."""
    return await tx.run(_IGNORE, **_key(event), now=now, reason=reason) == 1


def _key(event: InboxEvent) -> dict[str, object]:
    return {"account": event.account, "livemode": event.livemode, "id": event.id, "fence": event.fence}
