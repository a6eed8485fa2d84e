"""What a movement of the balance is in the books: always balanced, and kept fees that add up."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivr.ledger.model import (
    LedgerAccount,
    Posting,
    SoldLine,
    balance_postings,
    held_postings,
    is_balanced,
    payout_postings,
    refund_failure_postings,
    refund_postings,
    sale_postings,
)
from vivr.money import Money
from vivr.reconciliation.model import (
    PAYOUT_BEFORE,
    Movement,
    MovementState,
    PayoutState,
    counterpart_of,
    fee_kept,
    foreign_reason,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
cents = st.integers(-10_000_000, 10_000_000)
positive = st.integers(1, 10_000_000)


def euros(amount_minor: int) -> Money:
    return Money(amount_minor, "EUR")


@given(cents, cents, cents, st.sampled_from(LedgerAccount), st.sampled_from(LedgerAccount))
def test_every_movement_of_the_balance_is_balanced_and_moves_its_net(
    amount: int, fee: int, kept: int, against: LedgerAccount, fees: LedgerAccount
) -> None:
    postings = balance_postings(euros(amount), euros(fee), against=against, fees=fees, kept=euros(kept))
    assert is_balanced(postings)
    assert not [posting for posting in postings if posting.money.is_zero]
    if LedgerAccount.STRIPE_BALANCE not in {against, fees}:
        moved = [one.money.amount_minor for one in postings if one.account == LedgerAccount.STRIPE_BALANCE]
        assert sum(moved) == amount - fee


@given(st.lists(st.tuples(st.booleans(), positive, st.integers(0, 1_000_000)), max_size=9))
def test_all_other_entries_are_balanced_and_a_failure_mirrors_its_refund(lines: list[tuple[bool, int, int]]) -> None:
    sold = [SoldLine(is_shipping=shipping, net=euros(net), tax=euros(tax)) for shipping, net, tax in lines]
    total = euros(sum(net + tax for _, net, tax in lines))
    refunded, failed = refund_postings(total, sold), refund_failure_postings(total, sold)
    for postings in (sale_postings(total, sold), held_postings(total), refunded, failed, payout_postings(total)):
        assert is_balanced(postings)
    assert [Posting(one.account, -one.money) for one in refunded] == failed


@given(st.integers(0, 1_000_000), positive, st.lists(positive, max_size=8))
def test_the_kept_parts_of_a_fee_add_up_to_the_part_of_their_sum(fee: int, amount: int, parts: list[int]) -> None:
    sums = [0]
    for part in parts:
        sums.append(sums[-1] + part)
    steps = [fee_kept(fee, amount, after) - fee_kept(fee, amount, before) for before, after in pairwise(sums)]
    assert sum(steps) == fee_kept(fee, amount, sums[-1])
    assert all(step >= 0 for step in steps)
    assert fee_kept(fee, amount, amount) == fee_kept(fee, amount, amount + 1) == fee
    assert fee_kept(fee, amount, 0) == fee_kept(fee, amount, -5) == fee_kept(fee, 0, amount) == 0


@pytest.mark.parametrize(
    ("kind", "category", "counterpart"),
    [
        ("charge", "charge", "capture"),
        ("payment", "charge", "capture"),
        ("refund", "refund", "refund"),
        ("payment_refund", "refund", "refund"),
        ("refund_failure", "refund_failure", "refund_failure"),
        ("adjustment", "dispute", "dispute"),
        ("adjustment", "dispute_reversal", "dispute_reversal"),
        ("adjustment", "other_adjustment", None),
        ("payout", "payout", None),
        ("topup", "topup", None),
    ],
)
def test_a_movement_follows_one_kind_of_entry(kind: str, category: str, counterpart: str | None) -> None:
    assert counterpart_of(kind, category) == counterpart


def test_what_is_foreign_says_why_and_what_is_the_accounts_is_not() -> None:
    assert foreign_reason("payout", "payout", None) is None
    assert foreign_reason("stripe_fee", "fee", None) is None
    assert foreign_reason("charge", "charge", "pi_1") is None
    assert foreign_reason("charge", "charge", None) == "It belongs to no PaymentIntent, and so to none of this shop's."
    assert foreign_reason("topup", "topup", None) == (
        "No movement of this shop makes a balance transaction of type topup (topup)."
    )


def test_fees_of_disputes_have_an_account_of_their_own() -> None:
    def movement(kind: str, counterpart: str | None) -> Movement:
        return Movement(
            *("acct_1", False, "txn_1", kind, "", None, None, counterpart, "EUR", -100, 15, -115, None, None),
            *(MovementState.WAITING, None, NOW, NOW, NOW),
        )

    dispute, payout, fee = movement("adjustment", "dispute"), movement("payout", None), movement("stripe_fee", None)
    assert (dispute.against, dispute.fees) == (LedgerAccount.FX_CLEARING, LedgerAccount.DISPUTE_FEES)
    assert (payout.against, payout.fees) == (LedgerAccount.PAYOUTS_IN_TRANSIT, LedgerAccount.STRIPE_FEES)
    assert (fee.against, fee.fees) == (LedgerAccount.STRIPE_FEES, LedgerAccount.STRIPE_FEES)


def test_a_payout_never_goes_back() -> None:
    for state, before in PAYOUT_BEFORE.items():
        assert state not in before
        assert not [one for one in before if state in PAYOUT_BEFORE[one]]
    assert {PayoutState.FAILED} == {state for state, before in PAYOUT_BEFORE.items() if PayoutState.PAID in before}
