"""The circuit breaker: Stripe's own failures open it, one probe at a time closes it, and old news is no news."""

from hypothesis import given
from hypothesis import strategies as st

from vivr.stripe_gateway.breaker import FAILURES_MIN, REST_FIRST_S, REST_MAX_S, Breaker, BreakerState


def opened(at_s: float = 0.0) -> Breaker:
    """A breaker that five failures opened."""
    breaker = Breaker()
    for _ in range(FAILURES_MIN):
        ticket = breaker.admit(at_s)
        assert ticket is not None
        breaker.note_failure(ticket, at_s)
    assert breaker.state is BreakerState.OPEN
    return breaker


def probe(breaker: Breaker, at_s: float) -> int:
    """The ticket of the call that is let through."""
    ticket = breaker.admit(at_s)
    assert ticket is not None
    assert breaker.state is BreakerState.HALF_OPEN
    return ticket


def test_five_failures_open_it_and_four_do_not() -> None:
    breaker = Breaker()
    for number in range(FAILURES_MIN):
        assert breaker.state is BreakerState.CLOSED
        breaker.note_failure(breaker.admit(number) or 0, number)
    assert breaker.state is BreakerState.OPEN
    assert breaker.admit(FAILURES_MIN) is None


def test_failures_among_more_successes_leave_it_closed() -> None:
    breaker = Breaker()
    for _ in range(6):
        breaker.note_success(0, 1.0)
    for _ in range(5):
        breaker.note_failure(0, 2.0)
    assert breaker.state is BreakerState.CLOSED
    breaker.note_failure(0, 2.0)
    assert breaker.state is BreakerState.OPEN


def test_what_is_older_than_half_a_minute_is_forgotten() -> None:
    breaker = Breaker()
    for number in range(20):
        breaker.note_failure(0, number * 8.0)
    assert breaker.state is BreakerState.CLOSED


def test_after_its_rest_one_call_goes_and_its_success_lets_all_go() -> None:
    breaker = opened()
    assert breaker.rest_left_s(1.0) == REST_FIRST_S - 1.0
    assert breaker.admit(REST_FIRST_S - 0.01) is None
    ticket = probe(breaker, REST_FIRST_S)
    assert breaker.admit(REST_FIRST_S) is None
    breaker.note_success(ticket, REST_FIRST_S + 1)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.admit(REST_FIRST_S + 1) is not None


def test_a_probe_that_fails_doubles_the_rest_up_to_a_minute() -> None:
    breaker, now_s, rests = opened(), 0.0, list[float]()
    for _ in range(6):
        rests.append(breaker.rest_left_s(now_s))
        now_s += rests[-1]
        breaker.note_failure(probe(breaker, now_s), now_s)
    assert rests == [5.0, 10.0, 20.0, 40.0, REST_MAX_S, REST_MAX_S]


def test_a_success_makes_the_next_rest_short_again() -> None:
    breaker = opened()
    breaker.note_failure(probe(breaker, 5.0), 5.0)
    breaker.note_success(probe(breaker, 15.0), 15.0)
    for _ in range(FAILURES_MIN):
        breaker.note_failure(breaker.admit(16.0) or 0, 16.0)
    assert breaker.rest_left_s(16.0) == REST_FIRST_S


def test_a_probe_that_was_given_up_makes_room_for_the_next() -> None:
    breaker = opened()
    ticket = probe(breaker, 5.0)
    breaker.note_nothing(ticket, 5.5)
    assert breaker.admit(5.5) not in {None, ticket}


def test_a_probe_of_which_nothing_is_heard_makes_room_after_a_while() -> None:
    breaker = opened()
    lost = probe(breaker, 5.0)
    assert breaker.admit(19.9) is None
    again = probe(breaker, 20.0)
    breaker.note_failure(lost, 20.0)
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.note_success(again, 20.1)
    assert breaker.state is BreakerState.CLOSED


def test_a_call_from_before_the_outage_neither_closes_nor_opens() -> None:
    breaker = Breaker()
    old = breaker.admit(0.0)
    assert old is not None
    for _ in range(FAILURES_MIN):
        breaker.note_failure(old, 0.0)
    breaker.note_success(old, 1.0)
    assert breaker.state is BreakerState.OPEN
    ticket = probe(breaker, 5.0)
    breaker.note_success(old, 5.0)
    breaker.note_failure(old, 5.0)
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.note_success(ticket, 5.0)
    breaker.note_failure(old, 5.0)
    assert breaker.state is BreakerState.CLOSED


@given(st.lists(st.tuples(st.floats(0, 40), st.sampled_from(("good", "bad", "none"))), max_size=60))
def test_it_always_closes_again_once_calls_succeed(steps: list[tuple[float, str]]) -> None:
    breaker, now_s = Breaker(), 0.0
    for pause_s, how in steps:
        now_s += pause_s
        ticket = breaker.admit(now_s)
        if ticket is None:
            assert 0 < breaker.rest_left_s(now_s) <= REST_MAX_S
            continue
        note = {"good": breaker.note_success, "bad": breaker.note_failure, "none": breaker.note_nothing}[how]
        note(ticket, now_s)
    now_s += REST_MAX_S
    ticket = breaker.admit(now_s)
    assert ticket is not None
    breaker.note_success(ticket, now_s)
    assert breaker.state is BreakerState.CLOSED
