"""An amended order is the one that would have been placed without what was struck: exact to the cent, VAT included."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivr.errors import InvalidInput, Refusal
from vivr.ids import ProductId
from vivr.money import Money, round_half_up
from vivr.orders.model import OrderLine, PricedOrder, Strike, add_up, strike_lines, struck_units
from vivr.tax.model import split_included_tax

RATES = st.sampled_from([2000, 1000, 550, 210, 0])


def make_line(position: int, quantity: int, unit_minor: int, rate_bp: int, *, discount_minor: int = 0) -> OrderLine:
    """A line whose VAT is not split so far; the product bears the position's name."""
    amount_minor = unit_minor * quantity - discount_minor
    return OrderLine(
        position=position,
        kind="product",
        product_id=ProductId(f"prd_{position}"),
        sku="SKU",
        title="Bol",
        quantity=quantity,
        unit_minor=unit_minor,
        discount_minor=discount_minor,
        amount_minor=amount_minor,
        tax_rate_bp=rate_bp,
        net_minor=amount_minor,
        tax_minor=0,
    )


def split(lines: list[OrderLine]) -> list[OrderLine]:
    """The lines as an order is placed with them."""
    taxed = split_included_tax([(Money(line.amount_minor, "EUR"), line.tax_rate_bp) for line in lines])
    return [
        replace(line, net_minor=part.net.amount_minor, tax_minor=part.tax.amount_minor)
        for line, part in zip(lines, taxed, strict=True)
    ]


@st.composite
def placed_orders(draw: st.DrawFn) -> list[OrderLine]:
    """Lines of products, some with a discount, and shipping."""
    lines: list[OrderLine] = []
    for position in range(1, draw(st.integers(1, 6)) + 1):
        quantity, unit_minor = draw(st.integers(1, 9)), draw(st.integers(50, 99_999))
        discount_minor = draw(st.sampled_from([0, 0, quantity * unit_minor // 3]))
        lines.append(make_line(position, quantity, unit_minor, draw(RATES), discount_minor=discount_minor))
    shipping = make_line(len(lines) + 1, 1, draw(st.sampled_from([0, 490, 1999])), draw(RATES))
    lines.append(replace(shipping, kind="shipping", product_id=None))
    return split(lines)


@st.composite
def struck_orders(draw: st.DrawFn) -> tuple[list[OrderLine], Strike]:
    """An order and some of its units."""
    lines = draw(placed_orders())
    units: dict[ProductId, int] = {}
    for line in lines:
        struck = draw(st.integers(0, line.quantity))
        if line.product_id is not None and struck:
            units[line.product_id] = struck
    return lines, Strike(units, draw(st.booleans()))


@given(struck_orders())
def test_what_remains_is_an_order_of_its_own_exact_to_the_cent(struck: tuple[list[OrderLine], Strike]) -> None:
    lines, strike = struck
    amended = strike_lines(lines, strike, "EUR", first_position=len(lines) + 1)
    if not isinstance(amended, PricedOrder):
        return
    kept = {line.product_id: line.quantity for line in amended.lines if line.product_id}
    assert kept == _quantities(lines, strike.units)
    assert [line.position for line in amended.lines] == list(range(len(lines) + 1, len(lines) + 1 + len(amended.lines)))
    for line in amended.lines:
        assert line.amount_minor == line.unit_minor * line.quantity - line.discount_minor
        assert (line.net_minor + line.tax_minor, min(line.net_minor, line.tax_minor) >= 0) == (line.amount_minor, True)
    assert amended.total == amended.subtotal - amended.discount + amended.shipping
    assert amended.total.amount_minor == sum(line.amount_minor for line in amended.lines)
    for rate_bp in {line.tax_rate_bp for line in amended.lines}:
        of_rate = [line for line in amended.lines if line.tax_rate_bp == rate_bp]
        gross = sum(line.amount_minor for line in of_rate)
        assert sum(line.tax_minor for line in of_rate) == round_half_up(gross * rate_bp, 10_000 + rate_bp)


def _quantities(lines: list[OrderLine], struck: Mapping[ProductId, int]) -> dict[ProductId, int]:
    left = {line.product_id: line.quantity - struck.get(line.product_id, 0) for line in lines if line.product_id}
    return {product_id: quantity for product_id, quantity in left.items() if quantity}


@given(struck_orders())
def test_struck_and_sold_units_are_those_that_were_held(struck: tuple[list[OrderLine], Strike]) -> None:
    lines, strike = struck
    held = {line.product_id: line.quantity for line in lines if line.product_id is not None}
    amended = strike_lines(lines, strike, "EUR", first_position=100)
    if isinstance(amended, PricedOrder):
        assert struck_units(held, amended.lines) == dict(strike.units)


@given(placed_orders())
def test_what_is_added_up_again_is_what_was_placed(lines: list[OrderLine]) -> None:
    sums = add_up(lines, "EUR")
    assert sums.total.amount_minor == sum(line.amount_minor for line in lines)
    assert sums.tax.amount_minor == sum(line.tax_minor for line in lines)


LINES = split([make_line(1, 3, 830, 2000), make_line(2, 1, 20, 550)])


@pytest.mark.parametrize(
    ("units", "problem"),
    [
        ({"prd_1": 4}, "quantity_over_rest"),
        ({"prd_1": 0}, "quantity_over_rest"),
        ({"prd_1": -1}, "quantity_over_rest"),
        ({"prd_9": 1}, "product_not_in_order"),
        ({}, "required"),
    ],
)
def test_what_is_not_in_the_order_can_not_be_struck(units: dict[str, int], problem: str) -> None:
    strike = Strike({ProductId(name): quantity for name, quantity in units.items()})
    refused = strike_lines(LINES, strike, "EUR", first_position=3)
    assert isinstance(refused, InvalidInput)
    assert list(refused.fields.values()) == [problem]


def test_an_order_of_nothing_is_released_and_not_captured() -> None:
    nothing = strike_lines(LINES, Strike({ProductId("prd_1"): 3, ProductId("prd_2"): 1}), "EUR", first_position=3)
    assert isinstance(nothing, Refusal)
    assert nothing.code == "nothing_to_capture"


def test_less_than_stripe_charges_is_refused() -> None:
    too_little = strike_lines(LINES, Strike({ProductId("prd_1"): 3}), "EUR", first_position=3)
    assert isinstance(too_little, Refusal)
    assert (too_little.code, too_little.details["minimum"]) == ("amount_below_minimum", Money(50, "EUR"))
