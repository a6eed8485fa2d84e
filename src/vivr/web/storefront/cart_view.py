"""A basket as its page shows it: what each line costs and what stands in its way. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from vivr.cart.model import Cart, CartLine
from vivr.catalogue.model import Product
from vivr.errors import VivrError
from vivr.money import Money
from vivr.orders.model import BasketItem, PricedOrder, PricingTerms, price_order


@dataclass(frozen=True, slots=True)
class CartLineView:
    """A line; ``problem`` is ``gone``, ``sold_out``, ``too_many`` or nothing."""

    product: Product
    quantity: int
    amount: Money
    problem: str | None


@dataclass(frozen=True, slots=True)
class CartView:
    """A basket with what it costs today.

    Attributes:
        lines: in the order in which they were put there.
        subtotal: what the sellable lines cost.
        priced: the sums of the order that it would be; None while it can't be ordered.
        refusal: why it can't be ordered, where no line says it.
        to_free_shipping: what is missing until shipping is free, if anything is.
    """

    lines: Sequence[CartLineView]
    subtotal: Money
    priced: PricedOrder | None
    refusal: VivrError | None
    to_free_shipping: Money | None

    @property
    def items(self) -> tuple[BasketItem, ...]:
        """The wish that an order of this basket is made from, with the prices that its page showed."""
        return tuple(BasketItem(line.product.product_id, line.quantity, line.product.price) for line in self.lines)


def view_cart(cart: Cart, terms: PricingTerms) -> CartView:
    """Price a basket by the same rule that an order is placed by."""
    lines = [CartLineView(line.product, line.quantity, line.amount, _problem_of(line)) for line in cart.lines]
    items = [BasketItem(line.product.product_id, line.quantity) for line in cart.lines]
    priced = price_order(items, {line.product.product_id: line.product for line in cart.lines}, terms)
    is_told_by_a_line = any(line.problem for line in lines)
    return CartView(
        lines=lines,
        subtotal=cart.subtotal,
        priced=priced if isinstance(priced, PricedOrder) else None,
        refusal=priced if isinstance(priced, VivrError) and not is_told_by_a_line else None,
        to_free_shipping=_to_free_shipping(cart.subtotal, terms),
    )


def _problem_of(line: CartLine) -> str | None:
    if not line.product.sellable:
        return "gone"
    if line.product.available <= 0:
        return "sold_out"
    return None if line.is_buyable else "too_many"


def _to_free_shipping(subtotal: Money, terms: PricingTerms) -> Money | None:
    threshold = terms.shipping_free_from
    if threshold is None or terms.shipping_flat.is_zero or subtotal >= threshold or subtotal.is_zero:
        return None
    return threshold - subtotal
