"""Signatures and envelopes of events, and what becomes of a received event. Pure.

An event is a hint: id, type, object id, account and livemode are all that is taken from it.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

import msgspec

DOOR: Final = "/api/stripe/webhook"
"""Where Stripe delivers, below APP_URL."""

BODY_MAX: Final = 1024 * 1024
"""No event of Stripe's is larger; a larger body is refused before it is read whole."""

_HEADER_MAX: Final = 4096
_TIMESTAMP: Final = re.compile(rb"[0-9]{1,12}")
_V1: Final = re.compile(rb"[0-9a-f]{64}")
_SUBJECT: Final = re.compile(r"pi_[A-Za-z0-9_]{1,250}")

TRIES_MAX: Final = 12
"""A try is spent only by a failure of our own; an outage of Stripe's or the database's spends none."""


class EventState(StrEnum):
    """Where a received event stands."""

    RECEIVED = "RECEIVED"
    PROCESSED = "PROCESSED"
    IGNORED = "IGNORED"
    RETRYING = "RETRYING"
    DEAD = "DEAD"


# Some ids are chosen by merchants (coupons), so all that is asked is what a database can keep and a log can show.
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"\A[^\x00-\x1f\x7f]+\Z")]
# What the inbox keys by must be printable and short.
_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"\A[A-Za-z0-9_.:-]+\Z")]


class EventObject(msgspec.Struct, frozen=True):
    """The object that an event is about; some objects have no id (a balance).

    The PaymentIntent that it names is a hint by which waiting events are grouped, and decides nothing; whatever else
    stands in its place is no hint.
    """

    id: _Id | None = None
    payment_intent: object = None

    @property
    def subject(self) -> str:
        """What its events are grouped by."""
        named = self.payment_intent
        return named if isinstance(named, str) and _SUBJECT.fullmatch(named) else self.id or ""


class EventData(msgspec.Struct, frozen=True):
    """The wrapper that Stripe puts around it."""

    object: EventObject


class EventEnvelope(msgspec.Struct, frozen=True):
    """All that is taken from an event."""

    id: _Word
    type: _Word
    livemode: bool
    data: EventData
    api_version: _Id | None = None
    account: _Id | None = None


_decoder: Final = msgspec.json.Decoder(EventEnvelope)


def is_signed(body: bytes, header: bytes, secrets: Sequence[bytes], *, now: datetime, tolerance: timedelta) -> bool:
    """Whether a body carries a fresh v1 signature under one of the secrets (Stripe docs, webhook signatures).

    The header is ``t=<unix>,v1=<hex>[,v1=<hex>]``; every scheme but v1 is ignored, so is everything that is not
    lower-case hexadecimal. Times too old and too far ahead are refused alike; every secret is tried, in constant time.
    """
    if len(header) > _HEADER_MAX:
        return False
    pairs = [part.partition(b"=")[::2] for part in header.split(b",")]
    times = [value for name, value in pairs if name == b"t"]
    given = [value for name, value in pairs if name == b"v1" and _V1.fullmatch(value)]
    if len(times) != 1 or not given or not _TIMESTAMP.fullmatch(times[0]):
        return False
    if abs(now.timestamp() - int(times[0])) > tolerance.total_seconds():
        return False
    payload = times[0] + b"." + body
    is_valid = False
    for secret in secrets:
        expected = hmac.digest(secret, payload, "sha256").hex().encode()
        for signature in given:
            is_valid |= hmac.compare_digest(expected, signature)
    return is_valid


def signature_of(body: bytes, secret: bytes, now: datetime) -> str:
    """The header that a delivery of this body carries under a secret, for a probe of our own address."""
    stamp = str(int(now.timestamp()))
    return f"t={stamp},v1={hmac.digest(secret, stamp.encode() + b'.' + body, 'sha256').hex()}"


def read_envelope(body: bytes) -> EventEnvelope | None:
    """What a signed body says, or None if it is no event (not UTF-8, not JSON, no object, fields missing)."""
    try:
        body.decode("utf-8")
        return _decoder.decode(body)
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """A received event as it is stored."""

    account: str
    livemode: bool
    id: str
    type: str
    object_id: str
    subject: str
    api_version: str | None
    version_drift: bool
    received_at: datetime
    deliveries: int
    state: EventState
    reason: str | None
    order_id: str | None
    payment_id: str | None
    tries: int
    fence: int
    next_try_at: datetime
    ended_at: datetime | None
    request_id: str

    @property
    def place(self) -> str:
        """Where staff finds it: an event's id is unique in its account and mode alone."""
        return f"{self.account}/{'live' if self.livemode else 'test'}/{self.id}"


@dataclass(frozen=True, slots=True)
class InboxHealth:
    """How many events wait and since when, and how many are dead."""

    received: int
    retrying: int
    oldest_at: datetime | None
    dead: int

    @property
    def waiting(self) -> int:
        """All that have still to be processed."""
        return self.received + self.retrying


class EventKey(NamedTuple):
    """What an event is known by."""

    account: str
    livemode: bool
    id: str


class NewEvent(msgspec.Struct, frozen=True):
    """A delivery that is to be kept, or several of one event; a ``reason`` says why nothing will follow from it."""

    account: str
    livemode: bool
    id: str
    type: str
    object_id: str
    subject: str
    api_version: str | None
    version_drift: bool
    body: str
    received_at: datetime
    reason: str | None
    request_id: str
    deliveries: int = 1

    @property
    def key(self) -> EventKey:
        """What it is known by."""
        return EventKey(self.account, self.livemode, self.id)


class StaleRead(RuntimeError):  # noqa: N818 - reads as what it is
    """A later reader was quicker: read again."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What an event came to: PROCESSED or IGNORED, and one sentence that says why."""

    state: EventState
    reason: str
    order_id: str | None = None
    payment_id: str | None = None


def merge_deliveries(events: Sequence[NewEvent]) -> list[NewEvent]:
    """The first delivery of each event with the number of all, in the order in which all writers lock them."""
    merged: dict[EventKey, NewEvent] = {}
    for event in events:
        first = merged.setdefault(event.key, event)
        if first is not event:
            merged[first.key] = msgspec.structs.replace(first, deliveries=first.deliveries + event.deliveries)
    return [merged[key] for key in sorted(merged)]


_HANDS: Final = frozenset({"support", "finance", "owner", "system"})
_ALL_HANDS: Final = frozenset({"finance", "owner", "system"})


def may_change_events(role: str, *, all_at_once: bool = False) -> bool:
    """Whether a role may let an event be processed again or leave it; a viewer may not, and all at once few may."""
    return role in (_ALL_HANDS if all_at_once else _HANDS)


def retry_delay(tries: int) -> timedelta:
    """2 s, 4 s, 8 s … up to an hour."""
    return timedelta(seconds=min(2 ** min(tries, 12), 3600))
