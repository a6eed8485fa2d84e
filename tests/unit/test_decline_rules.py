"""How long a client, an owner or a card waits after declines."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivr.payments.decline_rules import WINDOW, CountedBy, Declines, DeclineTerms, wait_after

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TERMS = DeclineTerms(free=3, most=10)


@pytest.mark.parametrize(
    ("kind", "count", "minutes"),
    [
        (CountedBy.CUSTOMER, 3, 0),
        (CountedBy.CUSTOMER, 4, 1),
        (CountedBy.CARD, 5, 2),
        (CountedBy.CUSTOMER, 9, 32),
        (CountedBy.CUSTOMER, 10, 24 * 60),
        (CountedBy.CLIENT, 9, 0),
        (CountedBy.CLIENT, 10, 1),
        (CountedBy.CLIENT, 30, 24 * 60),
    ],
)
def test_each_decline_beyond_the_free_ones_doubles_the_wait_until_the_most(
    kind: CountedBy, count: int, minutes: int
) -> None:
    assert wait_after([Declines(kind, count, NOW)], TERMS, NOW) == timedelta(minutes=minutes)


def test_the_wait_runs_from_the_last_decline_and_the_longest_counts() -> None:
    earlier = Declines(CountedBy.CUSTOMER, 5, NOW - timedelta(seconds=90))
    assert wait_after([earlier], TERMS, NOW) == timedelta(seconds=30)
    assert wait_after([earlier, Declines(CountedBy.CARD, 6, NOW)], TERMS, NOW) == timedelta(minutes=4)
    assert wait_after([Declines(CountedBy.CUSTOMER, 0, None)], TERMS, NOW) == timedelta(0)


@given(
    st.integers(0, 10**6),
    st.integers(1, 100),
    st.integers(2, 1000),
    st.sampled_from(CountedBy),
    st.integers(0, 10**5),
)
def test_more_declines_never_make_a_wait_shorter_nor_longer_than_a_day(
    count: int, free: int, most: int, kind: CountedBy, passed_s: int
) -> None:
    terms, last_at = DeclineTerms(free, most), NOW - timedelta(seconds=passed_s)
    fewer, more = (wait_after([Declines(kind, number, last_at)], terms, NOW) for number in (count, count + 1))
    assert timedelta(0) <= fewer <= more <= WINDOW
