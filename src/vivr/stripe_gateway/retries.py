"""Whether a call that failed is repeated at once, and after which rest. Pure but for the jitter's dice.

Repeats have a budget, so that an outage does not become a storm: each call earns a fifth of a repeat, and ten are in
reserve.
"""

import random
from typing import Final

import stripe

EARNED_PER_CALL: Final = 0.2
RESERVE: Final = 10.0
_REST_FIRST_S: Final = 0.5
_REST_MAX_S: Final = 5.0


class RetryBudget:
    """How many repeats this process may still make."""

    def __init__(self) -> None:
        self._left: float = RESERVE

    def earn(self) -> None:
        """A call was begun."""
        self._left = min(self._left + EARNED_PER_CALL, RESERVE)

    def spend(self) -> bool:
        """Take one repeat, if there is one."""
        if self._left < 1:
            return False
        self._left -= 1
        return True


def is_stripes_failure(error: stripe.StripeError) -> bool:
    """Whether Stripe itself failed: no connection, no answer, no readable answer, or a 5xx of this very call.

    A stored 5xx that is replayed (header ``Idempotent-Replayed``) tells of long ago.
    """
    status = error.http_status
    if isinstance(error, stripe.APIConnectionError) or status is None:
        return True
    return (status >= 500 and not is_replay(error)) or status < 400  # noqa: PLR2004 - HTTP's own words


def is_replay(error: stripe.StripeError) -> bool:
    """Whether Stripe answered with what it had stored under the key."""
    return (error.headers or {}).get("idempotent-replayed") == "true"


def is_worth_repeating(error: stripe.StripeError) -> bool:
    """Stripe's word first, then: no answer, 409 (the key is in use), 429 and 5xx (Stripe docs, error handling)."""
    advice = (error.headers or {}).get("stripe-should-retry")
    if advice in {"true", "false"}:
        return advice == "true"
    return is_stripes_failure(error) or error.http_status in {409, 429}


def may_have_happened(error: stripe.StripeError) -> bool:
    """Whether a write that met this error may have been executed all the same."""
    # From 500 on the fault is Stripe's, wherever in its work it came.
    return error.http_status is None or error.http_status >= 500 or error.http_status in {200, 409}  # noqa: PLR2004


def rest_before_s(repeat: int) -> float:
    """0.5 s, 1 s, 2 s … up to 5 s, of which a random half is left out; the first repeat is number 0."""
    return min(_REST_FIRST_S * 2.0**repeat, _REST_MAX_S) * random.uniform(0.5, 1)  # noqa: S311 - no secret
