"""Money and currency facts: exact values, refusals, and what Stripe's table says."""

import operator
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from decimal import Decimal
from typing import Any

import pytest

from vivr.currencies import CHARGEABLE_CODES, currency_facts
from vivr.money import (
    AmountTextError,
    CurrencyMismatch,
    Money,
    allocate,
    check_chargeable,
    format_money,
    format_rate,
    major_text,
    parse_major,
    round_half_up,
    sum_money,
)

NBSP = "\u00a0"
NARROW_NBSP = "\u202f"
ZERO_DECIMAL = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF"


def test_amounts_of_one_currency_add_subtract_negate_and_multiply() -> None:
    assert Money(2490, "EUR") + Money(10, "EUR") == Money(2500, "EUR")
    assert Money(2490, "EUR") - Money(2500, "EUR") == Money(-10, "EUR")
    assert -Money(5, "EUR") == Money(-5, "EUR")
    assert Money(830, "EUR") * 3 == Money(2490, "EUR")
    assert Money(0, "EUR").is_zero
    assert not Money(-1, "EUR").is_zero


@pytest.mark.parametrize(
    "combine",
    [operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge],
)
def test_two_currencies_never_meet(combine: Callable[[Money, Money], object]) -> None:
    with pytest.raises(CurrencyMismatch, match="EUR meets USD"):
        combine(Money(1, "EUR"), Money(1, "USD"))


def test_same_number_of_another_currency_is_not_equal() -> None:
    assert Money(0, "EUR") != Money(0, "USD")
    assert len({Money(1, "EUR"), Money(1, "EUR"), Money(1, "USD")}) == 2


def test_amounts_of_one_currency_are_ordered() -> None:
    small, large = Money(-1, "EUR"), Money(2, "EUR")
    assert small < large
    assert small <= large
    assert large > small
    assert large >= small
    assert max(small, large) == large


@pytest.mark.parametrize("amount", [24.9, True, Decimal(5), "5", None])
def test_amount_that_is_no_int_is_refused(amount: Any) -> None:
    with pytest.raises(TypeError, match="must be an int"):
        Money(amount, "EUR")


@pytest.mark.parametrize("code", ["eur", "EU", "EURO", "", "€", "ÉUR", "EUR\n"])
def test_currency_that_is_not_three_capitals_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, code)


def test_money_is_frozen() -> None:
    money = Money(1, "EUR")
    with pytest.raises(FrozenInstanceError):
        money.amount_minor = 2  # pyright: ignore[reportAttributeAccessIssue]


def test_sum_of_nothing_is_zero_of_the_named_currency() -> None:
    assert sum_money([], "EUR") == Money(0, "EUR")
    assert sum_money([Money(1, "EUR"), Money(2, "EUR")], "EUR") == Money(3, "EUR")
    with pytest.raises(CurrencyMismatch):
        sum_money([Money(1, "USD")], "EUR")


@pytest.mark.parametrize(
    ("text", "currency", "amount_minor"),
    [
        ("24.90", "EUR", 2490),
        ("24.9", "EUR", 2490),
        ("24", "EUR", 2400),
        ("0", "EUR", 0),
        ("-0.05", "EUR", -5),
        ("007.00", "EUR", 700),
        ("500", "JPY", 500),
        ("1.230", "KWD", 1230),
        ("1.23", "KWD", 1230),
        ("5", "ISK", 500),
        ("5.00", "UGX", 500),
    ],
)
def test_major_text_is_read_exactly(text: str, currency: str, amount_minor: int) -> None:
    assert parse_major(text, currency) == Money(amount_minor, currency)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "24,90",
        "1,000.00",
        "1 000",
        "1_000",
        "1e3",
        "NaN",
        "+1",
        "--1",
        ".5",
        "5.",
        " 5",
        "5\n",
        "٥",
        "0x10",
        "9" * 16,
    ],
)
def test_text_that_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(AmountTextError) as refusal:
        parse_major(text, "EUR")
    assert refusal.value.code == "amount_malformed"


@pytest.mark.parametrize(("text", "currency"), [("24.900", "EUR"), ("1.0", "JPY"), ("1.2300", "KWD"), ("5.000", "ISK")])
def test_more_decimals_than_the_currency_has_are_refused(text: str, currency: str) -> None:
    with pytest.raises(AmountTextError) as refusal:
        parse_major(text, currency)
    assert refusal.value.code == "amount_too_precise"


@pytest.mark.parametrize(("text", "currency", "step"), [("5.50", "ISK", "1.00"), ("1.234", "KWD", "0.010")])
def test_fraction_that_stripe_cannot_charge_is_refused(text: str, currency: str, step: str) -> None:
    with pytest.raises(AmountTextError, match=f"in steps of {step}") as refusal:
        parse_major(text, currency)
    assert refusal.value.code == "amount_not_whole"


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(2490, "EUR"), "24.90"),
        (Money(5, "EUR"), "0.05"),
        (Money(-5, "EUR"), "-0.05"),
        (Money(0, "EUR"), "0.00"),
        (Money(500, "JPY"), "500"),
        (Money(1230, "KWD"), "1.230"),
        (Money(500, "ISK"), "5.00"),
    ],
)
def test_major_text_shows_every_wire_decimal(money: Money, text: str) -> None:
    assert major_text(money) == text


@pytest.mark.parametrize(
    ("money", "locale", "text"),
    [
        (Money(2490, "EUR"), "fr", f"24,90{NBSP}€"),
        (Money(2490, "EUR"), "en", "€24.90"),
        (Money(123456780, "EUR"), "fr", f"1{NARROW_NBSP}234{NARROW_NBSP}567,80{NBSP}€"),
        (Money(-5, "EUR"), "en", "-€0.05"),
        (Money(1500, "JPY"), "en", "¥1,500"),
        (Money(1230, "KWD"), "fr", f"1,230{NBSP}KWD"),
        (Money(500, "ISK"), "fr", f"5{NBSP}ISK"),
        (Money(550, "ISK"), "fr", f"5,50{NBSP}ISK"),
    ],
)
def test_people_read_amounts_in_their_own_language(money: Money, locale: str, text: str) -> None:
    assert format_money(money, locale) == text


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (Money(100, "EUR"), [1, 1, 1], [34, 33, 33]),
        (Money(-100, "EUR"), [1, 1, 1], [-34, -33, -33]),
        (Money(1, "EUR"), [1, 99], [0, 1]),
        (Money(10, "EUR"), [0, 3, 0], [0, 10, 0]),
        (Money(0, "EUR"), [5, 5], [0, 0]),
        (Money(10000, "ISK"), [1, 1, 1], [3400, 3300, 3300]),
        (Money(1000, "KWD"), [1, 1, 1], [340, 330, 330]),
        (Money(1001, "KWD"), [1, 1], [501, 500]),
    ],
)
def test_total_is_shared_by_largest_remainder(total: Money, weights: list[int], parts: list[int]) -> None:
    assert allocate(total, weights) == [Money(part, total.currency) for part in parts]


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1], [-1]])
def test_weights_that_share_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        allocate(Money(100, "EUR"), weights)


@pytest.mark.parametrize(
    ("numerator", "denominator", "result"),
    [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (-4, 3, -1), (0, 7, 0), (2490 * 2000, 12000, 415)],
)
def test_half_is_rounded_away_from_zero(numerator: int, denominator: int, result: int) -> None:
    assert round_half_up(numerator, denominator) == result


@pytest.mark.parametrize("denominator", [0, -1])
def test_denominator_that_is_not_positive_is_refused(denominator: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        round_half_up(1, denominator)


@pytest.mark.parametrize(
    ("money", "refusal"),
    [
        (Money(50, "EUR"), None),
        (Money(49, "EUR"), "amount_below_minimum"),
        (Money(0, "EUR"), "amount_below_minimum"),
        (Money(-100, "EUR"), "amount_below_minimum"),
        (Money(99_999_999, "EUR"), None),
        (Money(100_000_000, "EUR"), "amount_above_maximum"),
        (Money(999_999_999_999, "IDR"), None),
        (Money(1_000_000_000_000, "IDR"), "amount_above_maximum"),
        (Money(30, "GBP"), None),
        (Money(17_499, "HUF"), "amount_below_minimum"),
        (Money(17_550, "HUF"), None),
        (Money(500, "ISK"), None),
        (Money(550, "ISK"), "amount_not_whole"),
        (Money(100, "UGX"), None),
        (Money(50, "UGX"), "amount_not_whole"),
        (Money(1230, "KWD"), None),
        (Money(1234, "KWD"), "amount_not_whole"),
        (Money(1, "PEN"), None),
    ],
)
def test_amounts_are_checked_against_stripes_limits(money: Money, refusal: str | None) -> None:
    assert check_chargeable(money) == refusal


def test_wire_exponents_follow_stripes_lists() -> None:
    assert {code for code in CHARGEABLE_CODES if currency_facts(code).exponent == 0} == set(ZERO_DECIMAL.split())
    assert {code for code in CHARGEABLE_CODES if currency_facts(code).step_minor == 100} == {"ISK", "UGX"}
    assert {code for code in CHARGEABLE_CODES if currency_facts(code).exponent == 3} == {
        code for code in CHARGEABLE_CODES if currency_facts(code).step_minor == 10
    }
    assert len(CHARGEABLE_CODES) == 140


def test_currency_unknown_to_stripe_counts_two_decimals() -> None:
    assert currency_facts("XTS").exponent == 2
    assert "XTS" not in CHARGEABLE_CODES


@pytest.mark.parametrize(
    ("rate_bp", "french", "english"), [(2000, "20", "20"), (550, "5,5", "5.5"), (210, "2,1", "2.1")]
)
def test_a_rate_is_shown_as_each_language_writes_it(rate_bp: int, french: str, english: str) -> None:
    assert (format_rate(rate_bp, "fr"), format_rate(rate_bp, "en")) == (french, english)
