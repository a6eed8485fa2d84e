"""The basket: its lines, its limits, and how two baskets become one. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vivr.catalogue.model import Product
from vivr.ids import ProductId
from vivr.money import Money, sum_money
from vivr.orders.model import LINES_MAX, UNITS_MAX

QUANTITY_MAX: Final = UNITS_MAX


@dataclass(frozen=True, slots=True)
class CartLine:
    """A product as it is today, and how many are wished for."""

    product: Product
    quantity: int

    @property
    def amount(self) -> Money:
        """What the line costs today."""
        return self.product.price * self.quantity

    @property
    def is_buyable(self) -> bool:
        """Whether this many can be bought now."""
        return self.product.sellable and self.product.available >= self.quantity


@dataclass(frozen=True, slots=True)
class Cart:
    """A basket with today's prices; products that are not sold any more stay in it until they are taken out."""

    lines: Sequence[CartLine]
    currency: str

    @property
    def subtotal(self) -> Money:
        """What the sellable lines cost today, without shipping."""
        return sum_money((line.amount for line in self.lines if line.product.sellable), self.currency)

    @property
    def units(self) -> int:
        """How many units are in it."""
        return sum(line.quantity for line in self.lines)


def merge_quantities(own: Mapping[ProductId, int], other: Mapping[ProductId, int]) -> dict[ProductId, int]:
    """One basket from two: quantities add up, capped so that the result is still a basket that can be ordered.

    What was in the first basket keeps its place; what does not fit any more is left out.
    """
    merged: dict[ProductId, int] = dict(own)
    for product_id, quantity in other.items():
        room = UNITS_MAX - sum(merged.values())
        if room <= 0 or (product_id not in merged and len(merged) >= LINES_MAX):
            continue
        merged[product_id] = merged.get(product_id, 0) + min(quantity, room)
    return merged


def fits(quantities: Mapping[ProductId, int]) -> bool:
    """Whether a basket stays within what one order may have."""
    return len(quantities) <= LINES_MAX and sum(quantities.values()) <= UNITS_MAX
