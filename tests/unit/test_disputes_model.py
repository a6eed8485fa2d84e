"""What Stripe's word on a dispute means: held while it is open, then lost or back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from money_samples import NOW
from vivr.disputes.model import (
    ALERT_DAYS,
    Dispute,
    days_left,
    is_known,
    next_alert,
    sums_of,
    total_sums,
    word_of,
)
from vivr.ids import DisputeId, OrderId, PaymentId
from vivr.ledger.model import (
    dispute_loss_postings,
    dispute_loss_reversal_postings,
    dispute_postings,
    dispute_reversal_postings,
    is_balanced,
)
from vivr.money import Money
from vivr.stripe_gateway.objects import BalanceTransaction, EvidenceDetails, StripeDispute

DUE = NOW + timedelta(days=9)
DISPUTE = Dispute(
    id=DisputeId("dsp_1"),
    account="acct_1",
    livemode=False,
    stripe_id="du_1",
    payment_id=PaymentId("pay_1"),
    order_id=OrderId("ord_1"),
    charge_id="ch_1",
    intent_id="pi_1",
    state="needs_response",
    reason="fraudulent",
    amount_minor=2980,
    currency="EUR",
    is_withdrawn=True,
    is_reinstated=False,
    kept_minor=0,
    due_at=DUE,
    loss_owed_minor=None,
    loss_minor=None,
    submissions=0,
    ticket=1,
    alert_at=None,
    opened_at=NOW,
    updated_at=NOW,
)
STATES = [
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
    "needs_response",
    "under_review",
    "won",
    "lost",
    "prevented",
    "of_a_later_version",
]


def said(status: str, *movements: int) -> StripeDispute:
    """Stripe's object."""
    evidence = EvidenceDetails(int(DUE.timestamp()), 0)
    moved = [BalanceTransaction("txn_1", "adjustment", "dispute", sum_, 0, sum_, "eur", 0) for sum_ in movements]
    return StripeDispute("du_1", 2980, "eur", status, "fraudulent", "ch_1", 0, evidence, "pi_1", moved)


@pytest.mark.parametrize(
    ("status", "movements", "held", "lost"),
    [
        ("needs_response", (-2980,), 2980, 0),
        ("needs_response", (), 2980, 0),
        ("under_review", (-2980,), 2980, 0),
        ("of_a_later_version", (-2980,), 2980, 0),
        ("won", (-2980, 2980), 0, 0),
        ("won", (-2980,), 2980, 0),
        ("won", (), 0, 0),
        ("lost", (-2980,), 0, 2980),
        ("lost", (), 0, 2980),
        ("lost", (-2980, 2980), 0, 0),
        ("won", (-2980, 2000), 0, 980),
        ("lost", (-2980, 2000), 0, 980),
        ("won", (-2980, 2000, 980), 0, 0),
        ("warning_needs_response", (), 0, 0),
        ("warning_under_review", (), 0, 0),
        ("warning_closed", (), 0, 0),
        ("prevented", (), 0, 0),
    ],
)
def test_the_sums_follow_stripes_word_and_its_movements(
    status: str, movements: tuple[int, ...], held: int, lost: int
) -> None:
    word = word_of(said(status, *movements))
    dispute = replace(
        DISPUTE,
        state=word.state,
        is_withdrawn=word.is_withdrawn,
        is_reinstated=word.is_reinstated,
        kept_minor=word.kept_minor,
        due_at=word.due_at,
    )
    assert sums_of(dispute) == (held, lost)
    assert is_known(dispute, word)
    assert not is_known(replace(dispute, submissions=1), word)


@pytest.mark.parametrize(
    ("back", "rate", "kept"),
    [(2700, "1.08", 0), (2692, "1.08", 0), (1350, "1.08", 1490), (1389, "1.11", 1488), (2775, "1.11", 0)],
    ids=["whole", "almost", "half", "half at another rate", "whole at another rate"],
)
def test_what_came_back_in_another_currency_is_taken_at_its_own_rate(back: int, rate: str, kept: int) -> None:
    moved = [
        BalanceTransaction("txn_1", "adjustment", "dispute", -2700, 0, -2700, "usd", 0, Decimal("1.08")),
        BalanceTransaction("txn_2", "adjustment", "dispute_reversal", back, 0, back, "usd", 0, Decimal(rate)),
    ]
    assert word_of(moved_so(moved)).kept_minor == kept


def moved_so(moved: list[BalanceTransaction]) -> StripeDispute:
    evidence = EvidenceDetails(int(DUE.timestamp()), 0)
    return StripeDispute("du_1", 2980, "eur", "won", "fraudulent", "ch_1", 0, evidence, "pi_1", moved)


@given(st.lists(st.tuples(st.sampled_from(STATES), st.booleans(), st.booleans(), st.integers(1, 5000))))
def test_no_dispute_counts_twice(drawn: list[tuple[str, bool, bool, int]]) -> None:
    disputes = [
        replace(DISPUTE, state=state, is_withdrawn=went, is_reinstated=back, amount_minor=amount)
        for state, went, back, amount in drawn
    ]
    held, lost = total_sums(disputes)
    assert 0 <= held + lost <= sum(amount for *_, amount in drawn)
    for dispute in disputes:
        assert 0 in sums_of(dispute)


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_what_is_booked_of_a_dispute_balances_and_is_undone_whole(amount_minor: int, owed_minor: int) -> None:
    amount, owed = Money(amount_minor, "EUR"), Money(min(owed_minor, amount_minor), "EUR")
    steps = [
        dispute_postings(amount),
        dispute_loss_postings(amount, owed),
        dispute_loss_reversal_postings(amount, owed),
        dispute_reversal_postings(amount),
    ]
    sums: dict[str, int] = {}
    for postings in steps:
        assert is_balanced(postings)
        assert not any(posting.money.is_zero for posting in postings)
        for posting in postings:
            sums[posting.account] = sums.get(posting.account, 0) + posting.money.amount_minor
    assert set(sums.values()) == {0}


def test_staff_is_reminded_seven_two_and_one_day_before_the_deadline() -> None:
    now, told = NOW, list[timedelta]()
    while (at := next_alert("needs_response", DUE, now)) is not None:
        told.append(DUE - at)
        now = at
    assert told == [timedelta(days=days) for days in ALERT_DAYS] == [timedelta(days=days) for days in (7, 2, 1)]
    assert next_alert("under_review", DUE, NOW) is None
    assert next_alert("needs_response", None, NOW) is None


def test_the_days_that_are_left_are_rounded_up() -> None:
    due = datetime(2026, 12, 1, 23, 59, 59, tzinfo=UTC)
    assert days_left(due, due - timedelta(days=2)) == 2
    assert days_left(due, due - timedelta(days=1, seconds=1)) == 2
    assert days_left(due, due - timedelta(seconds=1)) == 1
    assert days_left(due, due) == 0
    assert days_left(due, due + timedelta(days=3)) == 0
