"""What became of a Stripe write, and why a read gave nothing.

A write's answer is a value: ``Done``, ``Failed`` (Stripe refused it, or the bank declined: it did not happen), or
``Unknown`` (nobody can say: never to be taken for a failure). A read that gives nothing raises.
"""

from dataclasses import dataclass

from vivr.errors import Declined, NotFound, Refusal, Unavailable, VivrError


@dataclass(frozen=True, slots=True)
class Done:
    """It happened; ``document`` is the object that Stripe answered with."""

    document: dict[str, object]
    stripe_request_id: str | None = None

    @property
    def object_id(self) -> str:
        """The id of the object."""
        return str(self.document["id"])


@dataclass(frozen=True, slots=True)
class Failed:
    """It did not happen: refused before execution (400), not permitted (401, 403, 404), or declined (402).

    Attributes:
        kind: ``refused``, ``declined``, ``misconfigured`` or ``absent`` (it never happened, as a list told).
        code: Stripe's error code, or the error's type where it has none.
        message: Stripe's message, for staff and logs; not for customers.
    """

    kind: str
    code: str
    message: str
    stripe_request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can say whether it happened: no answer, 5xx, 429, or a key that is in use or was used otherwise.

    Attributes:
        reason: why nobody knows.
        retry_after_s: when it makes sense to ask again.
        was_sent: False: this call was refused before a byte was sent, so whatever was known before is still all that is
            known; it spends no try.
    """

    reason: str
    stripe_request_id: str | None = None
    retry_after_s: int = 5
    was_sent: bool = True


Answer = Done | Failed | Unknown


class StripeUnavailable(Unavailable):
    """Stripe could not be read; nothing changed."""

    def __init__(self, reason: str, retry_after_s: int = 5) -> None:
        super().__init__("stripe_unavailable", retry_after_s)
        self.reason: str = reason


class StripeNotAsked(StripeUnavailable):
    """Nothing was sent: the circuit breaker is open (``breaker_open``), or no turn came in time (``no_turn``)."""


class StripeObjectMissing(NotFound):
    """Stripe has no such object in this account and mode."""


class StripeMisconfigured(Unavailable):
    """Our key is wrong or may not do this: a problem of the merchant, never shown to a customer."""

    def __init__(self, reason: str) -> None:
        super().__init__("payment_misconfigured", 60)
        self.reason: str = reason


def error_of(answer: Failed | Unknown, refusal: str, **details: object) -> VivrError:
    """What a caller is told of a write that is not known to have happened.

    Args:
        answer: Stripe's.
        refusal: our code for a request that Stripe refused.
        details: of that refusal.

    Returns:
        ``Declined`` (the bank said no), ``Refusal``, ``StripeMisconfigured`` (our own fault), or ``StripeUnavailable``.
    """
    match answer:
        case Unknown():
            return StripeUnavailable(answer.reason, answer.retry_after_s)
        case Failed(kind="misconfigured"):
            return StripeMisconfigured(answer.message)
        case Failed(kind="declined"):
            return Declined("card_declined", reason=answer.code)
        case Failed():
            return Refusal(refusal, reason=answer.code, **details)
