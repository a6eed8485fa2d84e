"""How calls go out: each try waits for its turn, passes the breaker, has its own deadline, and may be repeated.

What is refused here was not sent. Deadlines: 5 s for a turn, 10 s for a try, and no repeat begins later than 25 s after
the call: a call ends within 40 s, which is less than the lease of any operation.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import stripe
import structlog

from vivr.stripe_gateway import metrics
from vivr.stripe_gateway.answers import StripeNotAsked
from vivr.stripe_gateway.breaker import Breaker, BreakerState
from vivr.stripe_gateway.retries import RetryBudget, is_stripes_failure, is_worth_repeating, rest_before_s
from vivr.stripe_gateway.turns import Turns, endpoint_of

T = TypeVar("T")

TRY_S: Final = 10.0
TURN_S: Final = 5.0
REPEAT_S: Final = 25.0
_log: Final = structlog.stdlib.get_logger("vivr.stripe")


class CallFailed(Exception):  # noqa: N818 - reads as what it is
    """A call that Stripe answered with an error, or not at all.

    Attributes:
        errors: what each try met, at least one.
    """

    def __init__(self, errors: list[stripe.StripeError]) -> None:
        super().__init__(str(errors[-1]))
        self.errors: list[stripe.StripeError] = errors


class Traffic:
    """All calls of this process to Stripe.

    Args:
        turns: keeps Stripe's limits.
        repeats_max: how often one call is repeated at once.
        try_s: the deadline of one try.
        now_s: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        turns: Turns,
        *,
        repeats_max: int,
        try_s: float = TRY_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._turns: Turns = turns
        self._breaker: Breaker = Breaker()
        self._budget: RetryBudget = RetryBudget()
        self._repeats_max: int = repeats_max
        self._try_s: float = try_s
        self._now_s: Callable[[], float] = now_s
        metrics.show_breaker(BreakerState.CLOSED)

    @property
    def breaker_state(self) -> BreakerState:
        """Whether calls go through."""
        return self._breaker.state

    def refuse_while_open(self) -> None:
        """Do nothing that needs Stripe while the breaker rests.

        Raises:
            StripeNotAsked: with the seconds that are left.
        """
        left_s = self._breaker.rest_left_s(self._now_s())
        if left_s > 0:
            raise StripeNotAsked("breaker_open", max(math.ceil(left_s), 1))

    async def call(self, method: str, path: str, send: Callable[[], Awaitable[T]]) -> T:
        """Make one call, and repeat it while that makes sense; ``send`` makes one try.

        Raises:
            StripeNotAsked: the breaker is open, or no turn came in time; nothing was sent.
            CallFailed: what Stripe said, try by try.
        """
        endpoint, began_s = endpoint_of(method, path), self._now_s()
        errors: list[stripe.StripeError] = []
        self._budget.earn()
        while True:
            try:
                return await self._try(endpoint, send, is_write=method.upper() != "GET")
            except StripeNotAsked:
                if errors:
                    raise CallFailed(errors) from errors[-1]
                raise
            except stripe.StripeError as error:
                errors.append(error)
                if not self._may_repeat(error, len(errors) - 1, began_s):
                    raise CallFailed(errors) from error
            await asyncio.sleep(rest_before_s(len(errors) - 1))

    def _may_repeat(self, error: stripe.StripeError, repeats: int, began_s: float) -> bool:
        if repeats >= self._repeats_max or not is_worth_repeating(error) or self._now_s() - began_s > REPEAT_S:
            return False
        may = self._budget.spend()
        metrics.REPEATS.labels("made" if may else "over_budget").inc()
        return may

    async def _try(self, endpoint: str, send: Callable[[], Awaitable[T]], *, is_write: bool) -> T:
        ticket = await self._pass(endpoint, is_write=is_write)
        began_s = self._now_s()
        try:
            async with asyncio.timeout(self._try_s):
                answer = await send()
        except TimeoutError as error:
            self._note(endpoint, ticket, "timed_out", has_failed=True)
            raise stripe.APIConnectionError("no answer in time") from error
        except stripe.StripeError as error:
            if _is_limit(error):
                self._turns.drain(endpoint)
            outcome = "no_answer" if error.http_status is None else str(error.http_status)
            self._note(endpoint, ticket, outcome, has_failed=is_stripes_failure(error))
            raise
        except BaseException:
            # The caller hung up, or a bug of ours: neither says anything of Stripe.
            self._breaker.note_nothing(ticket, self._now_s())
            raise
        else:
            self._note(endpoint, ticket, "200", has_failed=False)
            return answer
        finally:
            metrics.CALL_SECONDS.labels(endpoint).observe(self._now_s() - began_s)

    async def _pass(self, endpoint: str, *, is_write: bool) -> int:
        """Wait for the turn and pass the breaker, which may have opened meanwhile."""
        try:
            self.refuse_while_open()
            await self._wait(endpoint, is_write=is_write)
            self.refuse_while_open()
        except StripeNotAsked as refused:
            metrics.NOT_SENT.labels(refused.reason).inc()
            raise
        was_closed = self._breaker.state is BreakerState.CLOSED
        ticket = self._breaker.admit(self._now_s())
        assert ticket is not None
        if not was_closed:
            metrics.show_breaker(self._breaker.state)
        return ticket

    async def _wait(self, endpoint: str, *, is_write: bool) -> None:
        began_s = self._now_s()
        has_turn = await self._turns.wait(endpoint, is_write=is_write, patience_s=TURN_S)
        metrics.TURN_SECONDS.labels("write" if is_write else "read").observe(self._now_s() - began_s)
        if not has_turn:
            raise StripeNotAsked("no_turn", 2)

    def _note(self, endpoint: str, ticket: int, outcome: str, *, has_failed: bool) -> None:
        metrics.CALLS.labels(endpoint, outcome).inc()
        before = self._breaker.state
        note = self._breaker.note_failure if has_failed else self._breaker.note_success
        note(ticket, self._now_s())
        after = self._breaker.state
        if after is before:
            return
        metrics.show_breaker(after)
        if after is BreakerState.OPEN:
            metrics.BREAKER_OPENED.inc()
            _log.error("stripe.breaker_opened", endpoint=endpoint, outcome=outcome)
        else:
            _log.warning("stripe.breaker_closed", endpoint=endpoint)


def _is_limit(error: stripe.StripeError) -> bool:
    """Whether a 429 speaks of a limit; without the header it means an object that another call holds (lock_timeout)."""
    headers = error.headers or {}
    return error.http_status == 429 and "stripe-rate-limited-reason" in headers  # noqa: PLR2004 - HTTP's own word
