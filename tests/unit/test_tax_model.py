"""Tax-included amounts split to the cent: per line, per rate group and in sum."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from vivr.money import Money
from vivr.tax.model import split_included_tax

RATES = st.sampled_from([0, 210, 550, 1000, 1900, 2000, 2500, 10_000]) | st.integers(0, 10_000)
LINES = st.lists(st.tuples(st.integers(0, 50_000) | st.integers(0, 99_999_999), RATES), min_size=1, max_size=100)


def split(*lines: tuple[int, int]) -> list[tuple[int, int]]:
    """Net and VAT in minor units."""
    taxed = split_included_tax([(Money(gross, "EUR"), rate) for gross, rate in lines])
    return [(line.net.amount_minor, line.tax.amount_minor) for line in taxed]


@settings(deadline=None)
@given(LINES)
def test_every_split_adds_up_by_line_by_rate_and_in_sum(lines: list[tuple[int, int]]) -> None:
    taxed = split_included_tax([(Money(gross, "EUR"), rate) for gross, rate in lines])
    for (gross, rate), line in zip(lines, taxed, strict=True):
        assert line.rate_bp == rate
        assert line.net.amount_minor + line.tax.amount_minor == gross
        assert 0 <= line.tax.amount_minor <= gross
    for rate in {rate for _, rate in lines}:
        gross_sum = sum(gross for gross, other in lines if other == rate)
        tax_sum = sum(line.tax.amount_minor for line in taxed if line.rate_bp == rate)
        exact = Fraction(gross_sum * rate, 10_000 + rate)
        assert abs(tax_sum - exact) <= Fraction(1, 2)


def test_the_last_line_of_a_rate_takes_the_residue() -> None:
    assert split((999, 2000)) == [(832, 167)]
    assert split((2990, 2000), (2990, 2000), (2990, 2000), (490, 2000)) == [
        (2492, 498),
        (2492, 498),
        (2492, 498),
        (407, 83),
    ]
    assert split((1000, 2000), (1000, 550), (1000, 2000)) == [(833, 167), (948, 52), (834, 166)]


def test_a_line_of_nothing_has_no_tax_even_as_the_last_one() -> None:
    assert split((2990, 2000), (2990, 2000), (2990, 2000), (0, 2000)) == [(2492, 498), (2492, 498), (2491, 499), (0, 0)]


def test_no_line_gets_a_negative_tax_or_more_than_its_price() -> None:
    cheap = split(*[(3, 2000)] * 100)
    assert all(0 <= tax <= 3 for _, tax in cheap)
    assert sum(tax for _, tax in cheap) == 50


def test_a_rate_of_zero_splits_nothing_off() -> None:
    assert split((2490, 0), (490, 0)) == [(2490, 0), (490, 0)]


def test_nothing_splits_into_nothing() -> None:
    assert split_included_tax([]) == []
