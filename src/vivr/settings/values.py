"""The kinds of value that a setting can have, and what is said when one is wrong."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Generic, TypeVar

PERIODS_S: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
"""The periods of a rate limit, by name."""

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True, repr=False)
class Secret(Generic[T_co]):
    """A value that nothing shows by accident: ``repr`` and ``str`` give its hint, ``reveal()`` gives the value."""

    _value: T_co
    hint: str = field(default="hidden", compare=False)

    def reveal(self) -> T_co:
        """Hand out the value, at the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.hint})"

    def __str__(self) -> str:
        return self.hint


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the environment: the variable, what is wrong, and how to put it right."""

    name: str
    problem: str
    cure: str


class SettingsError(Exception):
    """The environment can't be used; ``problems`` lists everything that is wrong with it, in the table's order."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{problem.name}: {problem.problem}" for problem in problems))
        self.problems = problems


class CaptureMethod(StrEnum):
    """When money is taken: with the payment, or later by staff."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class LapsePolicy(StrEnum):
    """What the shop does by itself shortly before an authorisation lapses: take the money, give it up, or only warn."""

    WARN = "warn"
    CAPTURE = "capture"
    RELEASE = "release"


class RefundPolicy(StrEnum):
    """What a customer's own wish for a refund does."""

    REQUEST = "request"
    EXECUTE = "execute"


class ExceptionPolicy(StrEnum):
    """What the rule does with late and doubled money that nobody decided on."""

    REFUND = "refund"
    HOLD = "hold"


class ThreeDSecurePolicy(StrEnum):
    """What a card payment asks of 3D Secure, in Stripe's words for ``request_three_d_secure``."""

    AUTOMATIC = "automatic"
    ANY = "any"
    CHALLENGE = "challenge"


class MailSecurity(StrEnum):
    """How the connection to the mail server is protected; both TLS kinds verify the certificate and the host name."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over."""

    host: str
    port: int
    security: MailSecurity
    username: str | None
    password: Secret[str] | None

    def __str__(self) -> str:
        return f"{self.host}:{self.port} ({self.security})"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``count`` calls in any ``period_s`` seconds."""

    count: int
    period_s: int

    def __str__(self) -> str:
        period = next(name for name, seconds in PERIODS_S.items() if seconds == self.period_s)
        return f"{self.count}/{period}"
