"""Splitting tax-included amounts into net and VAT, so that every sum fits to the cent. Pure.

Gross prices are the truth for consumers. Per rate group VAT = round(gross x r / (10000 + r)), half up, with r in basis
points; the lines of the group share it in proportion and the last line takes the residue, as far as its own amount
goes: no line's VAT is negative or above its price, and a line of nothing has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vivr.money import Money, round_half_up


@dataclass(frozen=True, slots=True)
class TaxedAmount:
    """A tax-included amount, split."""

    rate_bp: int
    net: Money
    tax: Money


def split_included_tax(lines: Sequence[tuple[Money, int]]) -> list[TaxedAmount]:
    """Split gross amounts, each with its rate in basis points; the answers stand in the order of the lines.

    Within a rate group the net amounts and the VAT amounts add up to those of the group's gross sum.
    """
    split: list[TaxedAmount | None] = [None] * len(lines)
    for rate_bp in sorted({rate for _, rate in lines}):
        places = [place for place, (_, rate) in enumerate(lines) if rate == rate_bp]
        gross_sum = sum(lines[place][0].amount_minor for place in places)
        shares = {place: round_half_up(lines[place][0].amount_minor * rate_bp, 10_000 + rate_bp) for place in places}
        residue = round_half_up(gross_sum * rate_bp, 10_000 + rate_bp) - sum(shares.values())
        for place in reversed(places):
            gross = lines[place][0]
            tax_minor = min(max(shares[place] + residue, 0), gross.amount_minor)
            residue -= tax_minor - shares[place]
            tax = Money(tax_minor, gross.currency)
            split[place] = TaxedAmount(rate_bp, gross - tax, tax)
    return [part for part in split if part is not None]
