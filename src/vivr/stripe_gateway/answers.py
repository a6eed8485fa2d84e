"""What became of a Stripe write, and why a read gave nothing.

A write's answer is a value: ``Done``, ``Failed`` (Stripe refused it, or the bank declined: it did not happen), or
``Unknown`` (nobody can say: never to be taken for a failure). A read that gives nothing raises.
"""

from dataclasses import dataclass

from vivr.errors import NotFound, Unavailable


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
    """Nobody can say whether it happened: no answer, 5xx, 429, or a key that is in use or was used otherwise."""

    reason: str
    stripe_request_id: str | None = None


Answer = Done | Failed | Unknown


class StripeUnavailable(Unavailable):
    """Stripe could not be read; nothing changed."""

    def __init__(self, reason: str, retry_after_s: int = 5) -> None:
        super().__init__("stripe_unavailable", retry_after_s)
        self.reason: str = reason


class StripeObjectMissing(NotFound):
    """Stripe has no such object in this account and mode."""


class StripeMisconfigured(Unavailable):
    """Our key is wrong or may not do this: a problem of the merchant, never shown to a customer."""

    def __init__(self, reason: str) -> None:
        super().__init__("payment_misconfigured", 60)
        self.reason: str = reason
