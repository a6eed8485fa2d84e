"""What is counted of the calls to Stripe, in the process's own registry: web and worker show it at their addresses."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from vivr.stripe_gateway.breaker import BreakerState

_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_NUMBERS: Final = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}

CALLS: Final = Counter("vivr_stripe_calls", "Tries to call Stripe, by what became of them.", ("endpoint", "outcome"))
CALL_SECONDS: Final = Histogram("vivr_stripe_call_seconds", "Time of one try.", ("endpoint",), buckets=_SECONDS)
NOT_SENT: Final = Counter("vivr_stripe_not_sent", "Calls refused before anything was sent.", ("reason",))
TURN_SECONDS: Final = Histogram(
    "vivr_stripe_turn_wait_seconds", "Time that a call waited for its turn.", ("kind",), buckets=(0.001, *_SECONDS)
)
REPEATS: Final = Counter("vivr_stripe_repeats", "Repeats of a call at once, made or over the budget.", ("outcome",))
KEY_REFUSED: Final = Counter("vivr_stripe_key_refused", "Calls that our key may not make: a problem of the shop's.")
BREAKER_OPENED: Final = Counter("vivr_stripe_breaker_opened", "How often the circuit breaker opened.")
_BREAKER: Final = Gauge("vivr_stripe_breaker", "The circuit breaker: 0 closed, 1 half-open (probing), 2 open.")


def show_breaker(state: BreakerState) -> None:
    """Set the gauge of the breaker."""
    _BREAKER.set(_NUMBERS[state])
