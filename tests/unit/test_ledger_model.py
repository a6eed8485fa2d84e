"""Postings balance, whatever was sold and however it was taxed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivr.ledger.model import LedgerAccount, Posting, SoldLine, held_postings, is_balanced, sale_postings
from vivr.money import CurrencyMismatch, Money


def euros(amount_minor: int) -> Money:
    """Cents."""
    return Money(amount_minor, "EUR")


def sold(net: int, tax: int, *, is_shipping: bool = False) -> SoldLine:
    """A sold line."""
    return SoldLine(is_shipping=is_shipping, net=euros(net), tax=euros(tax))


def test_a_sale_is_posted_to_sales_shipping_and_tax() -> None:
    postings = sale_postings(euros(5470), [sold(4150, 830), sold(408, 82, is_shipping=True)])
    assert [(posting.account, posting.money.amount_minor) for posting in postings] == [
        (LedgerAccount.FX_CLEARING, 5470),
        (LedgerAccount.SALES, -4150),
        (LedgerAccount.SHIPPING_SALES, -408),
        (LedgerAccount.VAT_PAYABLE, -912),
    ]


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), st.booleans()), max_size=100))
def test_every_sale_balances_without_empty_postings(lines: list[tuple[int, int, bool]]) -> None:
    captured = euros(sum(net + tax for net, tax, _ in lines))
    postings = sale_postings(captured, [sold(net, tax, is_shipping=shipping) for net, tax, shipping in lines])
    assert is_balanced(postings)
    assert all(not posting.money.is_zero for posting in postings)


def test_a_capture_that_is_not_the_sum_of_its_lines_does_not_balance() -> None:
    assert not is_balanced(sale_postings(euros(5471), [sold(4150, 830), sold(408, 82)]))


@given(st.integers(1, 10**12))
def test_held_money_is_owed(amount_minor: int) -> None:
    assert held_postings(euros(amount_minor)) == [
        Posting(LedgerAccount.FX_CLEARING, euros(amount_minor)),
        Posting(LedgerAccount.HELD, euros(-amount_minor)),
    ]


def test_balance_is_kept_per_currency() -> None:
    mixed = [Posting(LedgerAccount.SALES, euros(5)), Posting(LedgerAccount.SALES, Money(-5, "USD"))]
    assert not is_balanced(mixed)
    assert is_balanced([*mixed, Posting(LedgerAccount.SALES, euros(-5)), Posting(LedgerAccount.SALES, Money(5, "USD"))])
    with pytest.raises(CurrencyMismatch):
        sale_postings(Money(5, "USD"), [sold(4, 1)])
