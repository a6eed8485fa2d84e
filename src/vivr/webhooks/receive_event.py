"""Take in one signed delivery: committed before it is acknowledged."""

from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database
from vivr.operations.model import StripeScope
from vivr.webhooks import store
from vivr.webhooks.events import SUBSCRIBED
from vivr.webhooks.model import EventEnvelope, EventState

_log: Final = structlog.stdlib.get_logger("vivr.webhooks")


async def receive_event(
    database: Database, clock: Clock, caller: Caller, scope: StripeScope, envelope: EventEnvelope, body: bytes
) -> int:
    """Store an event; how often it was delivered by now.

    What can't concern us is stored too, IGNORED with the reason: another account's, the other mode's, or of a type that
    nothing handles.

    Raises:
        Unavailable: the database can't be reached; the delivery must not be acknowledged.
    """
    now = clock.now()
    reason = _reason_to_ignore(envelope, scope)
    crash_point("webhook.before_insert")
    async with database.transaction("receive_event") as tx:
        deliveries = await store.insert_event(
            tx,
            account=envelope.account or scope.account,
            livemode=envelope.livemode,
            id=envelope.id,
            type=envelope.type,
            object_id=envelope.data.object.id or "",
            api_version=envelope.api_version,
            body=body.decode("utf-8"),
            now=now,
            state=EventState.IGNORED if reason else EventState.RECEIVED,
            reason=reason,
            ended_at=now if reason else None,
            request_id=caller.request_id,
        )
    crash_point("webhook.after_insert")
    _log.info("webhook.received", id=envelope.id, type=envelope.type, deliveries=deliveries)
    return deliveries


def _reason_to_ignore(envelope: EventEnvelope, scope: StripeScope) -> str | None:
    if envelope.account is not None and envelope.account != scope.account:
        return "It belongs to another Stripe account."
    if envelope.livemode != scope.livemode:
        return f"It belongs to {'live' if envelope.livemode else 'test'} mode, and this shop runs in the other one."
    if envelope.type not in SUBSCRIBED:
        return f"Nothing in this shop follows from {envelope.type}."
    if envelope.data.object.id is None:
        return "It names no object."
    return None
