"""Take in one signed delivery: committed before it is acknowledged."""

import asyncio
from datetime import datetime

from vivr.clock import Clock
from vivr.ids import RequestId
from vivr.operations.model import StripeScope
from vivr.stripe_gateway.requests import API_VERSION
from vivr.webhooks.events import SUBSCRIBED
from vivr.webhooks.intake import Intake
from vivr.webhooks.model import EventEnvelope, NewEvent


def receive_event(
    intake: Intake, clock: Clock, request_id: RequestId, scope: StripeScope, envelope: EventEnvelope, body: bytes
) -> asyncio.Future[int]:
    """Let an event be stored; done when it is committed, with how often it was delivered by now.

    What can't concern us is stored too, IGNORED with the reason: another account's, the other mode's, or of a type that
    nothing handles.

    Raises:
        Unavailable: the database can't be reached (from the future), or too many wait for it: the delivery must not be
            acknowledged.
    """
    return intake.keep(event_to_keep(scope, envelope, body, clock.now(), request_id))


def event_to_keep(
    scope: StripeScope, envelope: EventEnvelope, body: bytes, now: datetime, request_id: RequestId
) -> NewEvent:
    """An event as the inbox keeps it, with the reason if nothing will follow from it."""
    return NewEvent(
        account=envelope.account or scope.account,
        livemode=envelope.livemode,
        id=envelope.id,
        type=envelope.type,
        object_id=envelope.data.object.id or "",
        subject=envelope.data.object.subject,
        api_version=envelope.api_version,
        version_drift=envelope.api_version != API_VERSION,
        body=body.decode("utf-8"),
        received_at=now,
        reason=_reason_to_ignore(envelope, scope),
        request_id=request_id,
    )


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
