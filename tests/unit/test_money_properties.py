"""Money: what must hold for every amount, currency and weighting (no deadline: a busy machine is no failure)."""

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from vivr.currencies import CHARGEABLE_CODES, currency_facts
from vivr.money import (
    AmountTextError,
    Money,
    allocate,
    check_chargeable,
    format_money,
    major_text,
    parse_major,
    round_half_up,
    sum_money,
)

CURRENCIES = st.sampled_from(sorted(CHARGEABLE_CODES))
MINOR = st.integers(min_value=-(10**14), max_value=10**14)
WEIGHTS = st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=40).filter(any)


@settings(deadline=None)
@given(MINOR, CURRENCIES)
def test_text_of_a_whole_amount_reads_back_as_the_same_amount(steps: int, currency: str) -> None:
    money = Money(steps * currency_facts(currency).step_minor // 100 * 100, currency)
    assert parse_major(major_text(money), currency) == money


@settings(deadline=None)
@given(MINOR, CURRENCIES)
def test_text_is_worth_the_amount(amount_minor: int, currency: str) -> None:
    assert Decimal(major_text(Money(amount_minor, currency))).scaleb(currency_facts(currency).exponent) == amount_minor


@settings(deadline=None)
@given(st.text(alphabet="0123456789.,-+eE _xN\u0665", max_size=12), CURRENCIES)
def test_any_text_is_either_exact_or_refused(text: str, currency: str) -> None:
    try:
        money = parse_major(text, currency)
    except AmountTextError:
        return
    assert Decimal(text) == Decimal(major_text(money))


@settings(deadline=None)
@given(MINOR, CURRENCIES, st.sampled_from(["fr", "en"]))
def test_shown_amount_keeps_every_digit_that_counts(amount_minor: int, currency: str, locale: str) -> None:
    shown = format_money(Money(amount_minor, currency), locale)
    digits = "".join(character for character in shown if character in "0123456789")
    expected = major_text(Money(abs(amount_minor), currency)).replace(".", "")
    assert int(digits) * 10 ** max(len(expected) - len(digits), 0) == int(expected)


@settings(deadline=None)
@given(MINOR, CURRENCIES, WEIGHTS)
def test_shares_sum_to_the_total_and_stay_within_a_step_of_their_part(
    amount_minor: int, currency: str, weights: list[int]
) -> None:
    total = Money(amount_minor, currency)
    shares = allocate(total, weights)
    step_minor = currency_facts(currency).step_minor
    assert sum_money(shares, currency) == total
    assert len(shares) == len(weights)
    for share, weight in zip(shares, weights, strict=True):
        # |share - total * weight / sum| < step, without a fraction.
        assert abs(share.amount_minor * sum(weights) - amount_minor * weight) < step_minor * sum(weights)
        assert share.amount_minor * amount_minor >= 0
        if weight == 0:
            assert share.is_zero


@settings(deadline=None)
@given(MINOR, CURRENCIES, WEIGHTS)
def test_shares_of_a_refund_mirror_the_shares_of_the_charge(
    amount_minor: int, currency: str, weights: list[int]
) -> None:
    total = Money(amount_minor, currency)
    assert allocate(-total, weights) == [-share for share in allocate(total, weights)]


@settings(deadline=None)
@given(MINOR, st.integers(min_value=1, max_value=10**6))
def test_rounding_agrees_with_decimal(numerator: int, denominator: int) -> None:
    exact = Decimal(numerator) / Decimal(denominator)
    assert round_half_up(numerator, denominator) == int(exact.to_integral_value(ROUND_HALF_UP))


@settings(deadline=None)
@given(MINOR, CURRENCIES)
def test_chargeable_amount_is_whole_and_inside_the_limits(amount_minor: int, currency: str) -> None:
    facts = currency_facts(currency)
    is_chargeable = check_chargeable(Money(amount_minor, currency)) is None
    is_inside = facts.minimum_charge_minor <= amount_minor <= facts.maximum_charge_minor
    assert is_chargeable == (is_inside and amount_minor % facts.step_minor == 0)
