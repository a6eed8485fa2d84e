"""What is repeated at once: Stripe's advice first, then its own failures, and never beyond the budget."""

import pytest
import stripe

from vivr.stripe_gateway.retries import (
    RESERVE,
    RetryBudget,
    is_stripes_failure,
    is_worth_repeating,
    may_have_happened,
    rest_before_s,
)


def error(status: int | None, **headers: str) -> stripe.StripeError:
    """An error as the SDK raises it."""
    if status is None:
        return stripe.APIConnectionError("reset")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return stripe.APIError("said", http_status=status, headers=named)


REPLAYED = error(500, idempotent_replayed="true")


@pytest.mark.parametrize(
    ("met", "is_failure", "is_repeated", "may_be_done"),
    [
        (error(None), True, True, True),
        (error(500), True, True, True),
        (error(503), True, True, True),
        (REPLAYED, False, False, True),
        (error(200), True, True, True),
        (error(400), False, False, False),
        (error(401), False, False, False),
        (error(402), False, False, False),
        (error(404), False, False, False),
        (error(409), False, True, True),
        (error(429), False, True, False),
        (error(500, stripe_should_retry="false"), True, False, True),
        (error(400, stripe_should_retry="true"), False, True, False),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_each_error_is_judged(
    met: stripe.StripeError, *, is_failure: bool, is_repeated: bool, may_be_done: bool
) -> None:
    assert is_stripes_failure(met) is is_failure
    assert is_worth_repeating(met) is is_repeated
    assert may_have_happened(met) is may_be_done


def test_repeats_have_a_reserve_and_are_earned_by_calls() -> None:
    budget = RetryBudget()
    assert [budget.spend() for _ in range(int(RESERVE) + 2)] == [True] * int(RESERVE) + [False] * 2
    for _ in range(4):
        budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()
    assert not budget.spend()
    for _ in range(1000):
        budget.earn()
    assert [budget.spend() for _ in range(int(RESERVE) + 1)] == [True] * int(RESERVE) + [False]


def test_rests_grow_and_are_bounded() -> None:
    for repeat, longest_s in ((0, 0.5), (1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (10, 5.0)):
        rests = [rest_before_s(repeat) for _ in range(50)]
        assert longest_s / 2 <= min(rests)
        assert max(rests) <= longest_s
