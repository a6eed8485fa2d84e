"""An operation: one intended Stripe write, and what may be done while nobody knows its outcome. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from vivr.ids import OperationId, OrderId, PaymentId

KEY_LIFE: Final = timedelta(hours=20)
"""How long a repeat under one key is safe: Stripe keeps keys for at least 24 h (Stripe docs, idempotent requests)."""

ABSENCE_PROOF: Final = timedelta(minutes=10)
"""Two reads by list, this far apart, that both find nothing settle that it never happened."""


READ_PREFIX: Final = "read_"
"""Begins every reason why a read left an outcome unknown."""

READ_ABSENT: Final = "read_absent"
"""The read found nothing: once is no proof."""


class OperationKind(StrEnum):
    """The kinds of Stripe writes."""

    CREATE_CUSTOMER = "create_customer"
    CREATE_SESSION = "create_session"
    CREATE_INTENT = "create_intent"
    EXPIRE_SESSION = "expire_session"
    CAPTURE_INTENT = "capture_intent"
    CANCEL_INTENT = "cancel_intent"
    CREATE_REFUND = "create_refund"
    REFUND_HELD = "refund_held"
    RELEASE_HELD = "release_held"
    UPLOAD_EVIDENCE = "upload_evidence"
    SAVE_EVIDENCE = "save_evidence"
    SUBMIT_EVIDENCE = "submit_evidence"
    ACCEPT_DISPUTE = "accept_dispute"
    UPDATE_ENDPOINT = "update_endpoint"


class Outcome(StrEnum):
    """What became of a write; STARTED and UNKNOWN have still to be settled."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StripeScope:
    """The account and mode that every Stripe id belongs to."""

    account: str
    livemode: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One stored write.

    Attributes:
        intent: what is intended, unique among succeeded operations, such as ``session:pay_…``.
        attempt: from 1; a new attempt may start only after a definite failure.
        encoder: the fingerprint of the encoder that made its bytes.
        request_sealed: the exact request document, until the operation rests.
    """

    id: OperationId
    kind: OperationKind
    intent: str
    attempt: int
    account: str
    livemode: bool
    api_version: str
    idempotency_key: str
    request_sealed: bytes | None
    encoder: str
    order_id: OrderId | None
    payment_id: PaymentId | None
    outcome: Outcome
    object_id: str | None
    error_code: str | None
    error_message: str | None
    stripe_request_id: str | None
    request_id: str
    first_sent_at: datetime
    tries: int
    absent_since: datetime | None
    lease_until: datetime
    next_try_at: datetime
    ended_at: datetime | None

    @property
    def scope(self) -> StripeScope:
        """Account and mode."""
        return StripeScope(self.account, self.livemode)

    @property
    def is_settled(self) -> bool:
        """Whether its outcome is known."""
        return self.outcome in {Outcome.SUCCEEDED, Outcome.FAILED}


class Recovery(StrEnum):
    """How an unsettled operation is settled."""

    REPEAT = "repeat"
    READ = "read"


@dataclass(frozen=True, slots=True)
class OperationsHealth:
    """How many writes are not settled, and since when."""

    started: int
    unknown: int
    oldest_at: datetime | None


class Outlook(StrEnum):
    """What is known of a write and what happens next, as staff is told."""

    DONE = "done"
    FAILED = "failed"
    HELD = "held"
    REPEAT = "repeat"
    READ = "read"


def outlook_of(operation: Operation, *, encoder: str, now: datetime) -> Outlook:
    """What is known of it and what happens next."""
    if operation.is_settled:
        return Outlook.DONE if operation.outcome is Outcome.SUCCEEDED else Outlook.FAILED
    if operation.lease_until > now:
        return Outlook.HELD
    how = choose_recovery(operation, encoder=encoder, now=now, last_reason=operation.error_code)
    return Outlook.REPEAT if how is Recovery.REPEAT else Outlook.READ


def idempotency_key_of(operation_id: OperationId, attempt: int) -> str:
    """The key is derived from what is stored, so that whoever repeats the call uses the same one."""
    return f"vivr-{operation_id}-{attempt}"


def choose_recovery(operation: Operation, *, encoder: str, now: datetime, last_reason: str | None) -> Recovery:
    """Repeat under the same key while that is safe, else read.

    It is not safe after the key's life, when this encoder would make other bytes of the stored document, when Stripe
    said that the key was used with other parameters, or when Stripe replays a stored 5xx. What had to be read once is
    read until it is settled: a repeat between two reads would spoil the proof that nothing happened.
    """
    key_lives = now - operation.first_sent_at < KEY_LIFE
    reason = last_reason or ""
    must_read = reason == "idempotency_error" or reason.endswith("_replayed") or reason.startswith(READ_PREFIX)
    if key_lives and operation.encoder == encoder and not must_read:
        return Recovery.REPEAT
    return Recovery.READ


def retry_delay(tries: int) -> timedelta:
    """2 s, 4 s, 8 s … up to 5 minutes."""
    return timedelta(seconds=min(2 ** min(tries, 9), 300))
