"""Orders: their states and the one table of moves, and what a basket costs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from vivr.catalogue.model import Product
from vivr.errors import Conflict, InvalidInput, Refusal, VivrError
from vivr.ids import HoldId, OrderId, PersonId, ProductId
from vivr.money import Money, check_chargeable, minimum_charge, round_half_up
from vivr.tax.model import TaxedAmount, split_included_tax


class OrderState(StrEnum):
    """Where an order stands."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    PAID = "PAID"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"
    DISPUTED = "DISPUTED"


_S = OrderState

TRANSITIONS: Final[frozenset[tuple[OrderState, OrderState]]] = frozenset(
    {
        (_S.PENDING, _S.PROCESSING),
        (_S.PENDING, _S.PAID),
        (_S.PROCESSING, _S.PAID),
        (_S.PENDING, _S.CANCELLED),
        (_S.PROCESSING, _S.CANCELLED),
        (_S.PROCESSING, _S.PENDING),
        (_S.PAID, _S.SHIPPED),
        (_S.SHIPPED, _S.DELIVERED),
        (_S.PAID, _S.REFUNDED),
        (_S.SHIPPED, _S.REFUNDED),
        (_S.DELIVERED, _S.REFUNDED),
        (_S.PAID, _S.DISPUTED),
        (_S.SHIPPED, _S.DISPUTED),
        (_S.DELIVERED, _S.DISPUTED),
        (_S.REFUNDED, _S.DISPUTED),
        (_S.DISPUTED, _S.PAID),
        (_S.DISPUTED, _S.SHIPPED),
        (_S.DISPUTED, _S.DELIVERED),
        (_S.DISPUTED, _S.REFUNDED),
        (_S.REFUNDED, _S.PAID),
        (_S.REFUNDED, _S.SHIPPED),
        (_S.REFUNDED, _S.DELIVERED),
    }
)
"""Every allowed move; the guarded statements in the store hold the same edges."""

SETTLED: Final = frozenset({_S.PAID, _S.SHIPPED, _S.DELIVERED, _S.REFUNDED, _S.DISPUTED})
"""The states of an order whose money came."""

LINES_MAX: Final = 99
UNITS_PER_LINE_MAX: Final = 1000
UNITS_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it is stored; amounts in minor units of ``currency``.

    Attributes:
        amendment: the number of the amendment whose lines and sums are in force; 0: as it was placed.
        second_chance_at: when money that was on its way did not come, and it began to wait for its customer anew.
    """

    id: OrderId
    number: int
    principal: str
    person_id: PersonId | None
    state: OrderState
    state_before: OrderState | None
    currency: str
    locale: str
    return_origin: str
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    payable_minor: int
    placed_at: datetime
    deadline_at: datetime
    sessions_made: int
    request_id: str
    amendment: int = 0
    second_chance_at: datetime | None = None

    @property
    def waits_since(self) -> datetime:
        """Since when it waits for its customer: since it was placed, or since money on its way did not come."""
        return self.second_chance_at or self.placed_at

    @property
    def payable(self) -> Money:
        """What a payment has to bring."""
        return Money(self.payable_minor, self.currency)

    @property
    def shown_number(self) -> str:
        """The number as people see it."""
        return f"V{self.number}"


@dataclass(frozen=True, slots=True)
class Hold:
    """A doubt that stops shipping and capture of an order until it is released; it is no state.

    Attributes:
        cause: ``fraud_warning`` or ``review``.
        object_id: Stripe's id of what caused it: each holds an order once.
    """

    id: HoldId
    order_id: OrderId
    cause: str
    object_id: str
    placed_by: str
    placed_at: datetime
    released_by: str | None
    released_at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A frozen line, a product's or shipping; ``amount`` is what the customer pays for it, VAT included."""

    position: int
    kind: str
    product_id: ProductId | None
    sku: str
    title: str
    quantity: int
    unit_minor: int
    discount_minor: int
    amount_minor: int
    tax_rate_bp: int
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class BasketItem:
    """One wish: a product, how many, and the unit price that the customer saw (a drift guard, never a price)."""

    product_id: ProductId
    quantity: int
    seen_price: Money | None = None


@dataclass(frozen=True, slots=True)
class PricingTerms:
    """What the merchant has decided about amounts."""

    currency: str
    minimum: Money
    maximum: Money
    shipping_flat: Money
    shipping_free_from: Money | None
    shipping_tax_rate_bp: int
    shipping_title: str


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """Frozen lines and their sums; ``total`` is ``subtotal`` less ``discount`` and with ``shipping``."""

    lines: tuple[OrderLine, ...]
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Strike:
    """What is struck from an order before it is paid: units of products, and shipping or not."""

    units: Mapping[ProductId, int]
    shipping: bool = False


def check_items(items: Sequence[BasketItem]) -> VivrError | None:
    """Whether a basket is well-formed: 1 to 99 lines, no product twice, 1 to 1000 units in all."""
    fields: dict[str, str] = {}
    if not items:
        fields["items"] = "required"
    if len(items) > LINES_MAX:
        fields["items"] = "too_many_lines"
    seen: set[ProductId] = set()
    for place, item in enumerate(items[:LINES_MAX]):
        if not 1 <= item.quantity <= UNITS_PER_LINE_MAX:
            fields[f"items.{place}.quantity"] = "quantity_out_of_range"
        if item.product_id in seen:
            fields[f"items.{place}.productId"] = "product_twice"
        seen.add(item.product_id)
    if not fields and sum(item.quantity for item in items) > UNITS_MAX:
        fields["items"] = "too_many_units"
    return InvalidInput(fields) if fields else None


def price_order(
    items: Sequence[BasketItem], products: Mapping[ProductId, Product], terms: PricingTerms
) -> PricedOrder | VivrError:
    """Freeze what a basket costs today, or say why it can't be bought, the most basic reason first."""
    refusal = check_items(items) or _check_products(items, products)
    if refusal is not None:
        return refusal
    grosses = [products[item.product_id].price * item.quantity for item in items]
    subtotal = Money(sum(gross.amount_minor for gross in grosses), terms.currency)
    shipping = _shipping_of(subtotal, terms)
    taxed = split_included_tax(
        [
            *((gross, products[item.product_id].tax_rate_bp) for gross, item in zip(grosses, items, strict=True)),
            (shipping, terms.shipping_tax_rate_bp),
        ]
    )
    total = subtotal + shipping
    refusal = _check_total(total, terms)
    if refusal is not None:
        return refusal
    lines = [
        _product_line(place, item, products[item.product_id], tax)
        for place, (item, tax) in enumerate(zip(items, taxed[:-1], strict=True), start=1)
    ]
    lines.append(_shipping_line(len(items) + 1, shipping, taxed[-1], terms))
    return add_up(lines, terms.currency)


def add_up(lines: Sequence[OrderLine], currency: str) -> PricedOrder:
    """Frozen lines with their sums."""
    products = [line for line in lines if line.kind == "product"]
    subtotal = sum(line.unit_minor * line.quantity for line in products)
    discount = sum(line.discount_minor for line in products)
    shipping = sum(line.amount_minor for line in lines if line.kind == "shipping")
    return PricedOrder(
        lines=tuple(lines),
        subtotal=Money(subtotal, currency),
        discount=Money(discount, currency),
        shipping=Money(shipping, currency),
        tax=Money(sum(line.tax_minor for line in lines), currency),
        total=Money(subtotal - discount + shipping, currency),
    )


def strike_lines(
    lines: Sequence[OrderLine], strike: Strike, currency: str, *, first_position: int
) -> PricedOrder | VivrError:
    """What remains of an order when units are struck, with its VAT split anew, as if no more had been ordered.

    Args:
        lines: as the order was placed.
        strike: what does not remain.
        currency: the order's.
        first_position: where the lines that remain are numbered from.
    """
    fields: dict[str, str] = {}
    held = {line.product_id: line.quantity for line in lines if line.product_id is not None}
    for product_id, quantity in strike.units.items():
        if product_id not in held:
            fields[product_id] = "product_not_in_order"
        elif not 1 <= quantity <= held[product_id]:
            fields[product_id] = "quantity_over_rest"
    if fields:
        return InvalidInput(fields)
    if not strike.units and not strike.shipping:
        return InvalidInput({"items": "required"})
    kept = [kept for line in lines if (kept := _strike(line, strike)) is not None]
    if not any(line.kind == "product" for line in kept):
        return Refusal("nothing_to_capture")
    taxed = split_included_tax([(Money(line.amount_minor, currency), line.tax_rate_bp) for line in kept])
    remaining = [
        replace(line, position=position, net_minor=part.net.amount_minor, tax_minor=part.tax.amount_minor)
        for position, (line, part) in enumerate(zip(kept, taxed, strict=True), start=first_position)
    ]
    priced = add_up(remaining, currency)
    code = check_chargeable(priced.total)
    return Refusal(code, total=priced.total, minimum=minimum_charge(currency)) if code else priced


def struck_units(held: Mapping[ProductId, int], lines: Sequence[OrderLine]) -> dict[ProductId, int]:
    """Which of the units that an order holds its lines don't sell."""
    sold = {line.product_id: line.quantity for line in lines}
    rests = {product_id: quantity - sold.get(product_id, 0) for product_id, quantity in held.items()}
    return {product_id: rest for product_id, rest in rests.items() if rest}


def _strike(line: OrderLine, strike: Strike) -> OrderLine | None:
    """What remains of a line before its VAT is split; None: nothing."""
    if line.product_id is None:
        return replace(line, unit_minor=0, discount_minor=0, amount_minor=0) if strike.shipping else line
    quantity = line.quantity - strike.units.get(line.product_id, 0)
    if quantity == 0:
        return None
    discount_minor = round_half_up(line.discount_minor * quantity, line.quantity)
    amount_minor = line.unit_minor * quantity - discount_minor
    return replace(line, quantity=quantity, discount_minor=discount_minor, amount_minor=amount_minor)


def _check_products(items: Sequence[BasketItem], products: Mapping[ProductId, Product]) -> VivrError | None:
    missing = {
        f"items.{place}.productId": "product_not_found"
        for place, item in enumerate(items)
        if item.product_id not in products or not products[item.product_id].sellable
    }
    if missing:
        return InvalidInput(missing)
    for item in items:
        product = products[item.product_id]
        if item.seen_price is not None and item.seen_price != product.price:
            return Conflict("price_changed", product=product.product_id, title=product.title, price=product.price)
    for item in items:
        product = products[item.product_id]
        if product.available < item.quantity:
            return insufficient_stock(product)
    return None


def insufficient_stock(product: Product) -> Conflict:
    """Not enough of a product is left."""
    return Conflict(
        "insufficient_stock", product=product.product_id, title=product.title, available=max(product.available, 0)
    )


def _check_total(total: Money, terms: PricingTerms) -> Refusal | None:
    if total.is_zero:
        return None
    if total < terms.minimum:
        return Refusal("amount_below_minimum", minimum=terms.minimum, total=total)
    if total > terms.maximum:
        return Refusal("amount_above_maximum", maximum=terms.maximum, total=total)
    code = check_chargeable(total)
    return Refusal(code, total=total) if code else None


def _shipping_of(subtotal: Money, terms: PricingTerms) -> Money:
    is_free = terms.shipping_free_from is not None and subtotal >= terms.shipping_free_from
    return Money(0, terms.currency) if is_free or subtotal.is_zero else terms.shipping_flat


def _product_line(position: int, item: BasketItem, product: Product, taxed: TaxedAmount) -> OrderLine:
    return OrderLine(
        position=position,
        kind="product",
        product_id=product.product_id,
        sku=product.sku,
        title=product.full_title,
        quantity=item.quantity,
        unit_minor=product.price.amount_minor,
        discount_minor=0,
        amount_minor=(taxed.net + taxed.tax).amount_minor,
        tax_rate_bp=taxed.rate_bp,
        net_minor=taxed.net.amount_minor,
        tax_minor=taxed.tax.amount_minor,
    )


def _shipping_line(position: int, shipping: Money, taxed: TaxedAmount, terms: PricingTerms) -> OrderLine:
    return OrderLine(
        position=position,
        kind="shipping",
        product_id=None,
        sku="shipping",
        title=terms.shipping_title,
        quantity=1,
        unit_minor=shipping.amount_minor,
        discount_minor=0,
        amount_minor=shipping.amount_minor,
        tax_rate_bp=taxed.rate_bp,
        net_minor=taxed.net.amount_minor,
        tax_minor=taxed.tax.amount_minor,
    )
