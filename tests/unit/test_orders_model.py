"""What a basket costs and why it is refused, and the table of an order's moves."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivr.catalogue.model import Product
from vivr.errors import Conflict, InvalidInput, Refusal, VivrError
from vivr.ids import ProductId
from vivr.money import Money
from vivr.orders.model import (
    SETTLED,
    TRANSITIONS,
    BasketItem,
    OrderState,
    PricedOrder,
    PricingTerms,
    check_items,
    price_order,
)


def euros(amount_minor: int) -> Money:
    """Cents."""
    return Money(amount_minor, "EUR")


TERMS = PricingTerms(
    currency="EUR",
    minimum=euros(50),
    maximum=euros(99_999_999),
    shipping_flat=euros(490),
    shipping_free_from=euros(5000),
    shipping_tax_rate_bp=2000,
    shipping_title="Livraison",
)


def product(name: str = "prd_1", **changes: Any) -> Product:
    """A bowl for 24.90, ten left."""
    values: dict[str, Any] = {
        "product_id": ProductId(name),
        "sku": name.upper(),
        "handle": "bol",
        "title": "Bol",
        "options": {"Taille": "Grand"},
        "price": euros(2490),
        "compare_at": None,
        "available": 10,
        "tax_rate_bp": 2000,
        "image": None,
        "active": True,
        "published": True,
    }
    return Product(**values | changes)


def item(name: str = "prd_1", quantity: int = 1, seen_price: Money | None = None) -> BasketItem:
    """A wish."""
    return BasketItem(ProductId(name), quantity, seen_price)


def shelf(*products: Product) -> Mapping[ProductId, Product]:
    """Products by id."""
    return {one.product_id: one for one in products}


def priced(items: list[BasketItem], *products: Product, terms: PricingTerms = TERMS) -> PricedOrder:
    """The price, which must be one."""
    found = price_order(items, shelf(*products), terms)
    assert isinstance(found, PricedOrder), found
    return found


def refused(items: list[BasketItem], *products: Product, terms: PricingTerms = TERMS) -> VivrError:
    """The refusal, which must be one."""
    found = price_order(items, shelf(*products), terms)
    assert isinstance(found, VivrError), found
    return found


def test_a_basket_costs_its_lines_and_shipping_with_tax_inside() -> None:
    order = priced([item(quantity=2)], product())
    assert (order.subtotal, order.shipping, order.total) == (euros(4980), euros(490), euros(5470))
    assert [(line.position, line.kind, line.title, line.quantity) for line in order.lines] == [
        (1, "product", "Bol, Grand", 2),
        (2, "shipping", "Livraison", 1),
    ]
    assert [(line.amount_minor, line.net_minor, line.tax_minor) for line in order.lines] == [
        (4980, 4150, 830),
        (490, 408, 82),
    ]
    assert order.tax == euros(912)


def test_shipping_is_free_from_the_subtotal_that_the_merchant_set() -> None:
    assert priced([item()], product(price=euros(4999))).shipping == euros(490)
    assert priced([item()], product(price=euros(5000))).shipping == euros(0)
    assert priced([item()], product(price=euros(5000)), terms=replace(TERMS, shipping_free_from=None)).shipping == (
        euros(490)
    )


def test_what_costs_nothing_is_shipped_for_nothing() -> None:
    order = priced([item()], product(price=euros(0)))
    assert (order.total, order.tax, len(order.lines)) == (euros(0), euros(0), 2)


prices = st.integers(1, 9_999_999) | st.integers(1, 300)


@settings(deadline=None)
@given(
    st.lists(st.tuples(prices, st.integers(1, 10), st.sampled_from([0, 210, 550, 1000, 2000])), min_size=1, max_size=99)
)
def test_every_priced_order_adds_up(wishes: list[tuple[int, int, int]]) -> None:
    products = [
        product(f"prd_{place}", price=euros(price), tax_rate_bp=rate) for place, (price, _, rate) in enumerate(wishes)
    ]
    items = [item(f"prd_{place}", quantity) for place, (_, quantity, _) in enumerate(wishes)]
    outcome = price_order(items, shelf(*products), TERMS)
    if isinstance(outcome, VivrError):
        assert outcome.code in {"amount_below_minimum", "amount_above_maximum"}
        return
    assert sum(line.amount_minor for line in outcome.lines) == outcome.total.amount_minor
    assert outcome.total == outcome.subtotal + outcome.shipping
    assert sum(line.tax_minor for line in outcome.lines) == outcome.tax.amount_minor
    for line in outcome.lines:
        assert line.amount_minor == line.unit_minor * line.quantity == line.net_minor + line.tax_minor
    assert [line.position for line in outcome.lines] == list(range(1, len(items) + 2))


@pytest.mark.parametrize("quantity", [0, -1, 1001, 10**9])
def test_a_quantity_out_of_range_is_named(quantity: int) -> None:
    refusal = refused([item(), item("prd_2", quantity)], product(), product("prd_2", available=10**10))
    assert isinstance(refusal, InvalidInput)
    assert refusal.fields == {"items.1.quantity": "quantity_out_of_range"}


@pytest.mark.parametrize(
    ("items", "fields"),
    [
        ([], {"items": "required"}),
        ([item(f"prd_{place}") for place in range(100)], {"items": "too_many_lines"}),
        ([item(), item()], {"items.1.productId": "product_twice"}),
        ([item("prd_1", 1000), item("prd_2", 1)], {"items": "too_many_units"}),
        ([item("prd_1", 0), item("prd_1", 0)], {
            "items.0.quantity": "quantity_out_of_range",
            "items.1.quantity": "quantity_out_of_range",
            "items.1.productId": "product_twice",
        }),
    ],
)  # fmt: skip
def test_a_malformed_basket_is_refused_field_by_field(items: list[BasketItem], fields: dict[str, str]) -> None:
    refusal = check_items(items)
    assert isinstance(refusal, InvalidInput)
    assert refusal.fields == fields


def test_the_largest_basket_is_taken() -> None:
    items = [item(f"prd_{place}", 10) for place in range(98)] + [item("prd_98", 20)]
    assert check_items(items) is None
    assert check_items([item(quantity=1000)]) is None


def test_refusals_come_in_their_order() -> None:
    """Each product has all the later faults as well."""
    wish = item(quantity=20, seen_price=euros(1))
    dear = replace(TERMS, minimum=euros(10**9), maximum=euros(1))
    worst = product(active=False, available=0)
    assert isinstance(refused([replace(wish, quantity=0)], worst, terms=dear), InvalidInput)
    missing = refused([wish], worst, terms=dear)
    assert isinstance(missing, InvalidInput)
    assert missing.fields == {"items.0.productId": "product_not_found"}
    changed = refused([wish], product(available=0), terms=dear)
    assert (changed.code, changed.details["price"]) == ("price_changed", euros(2490))
    no_stock = refused([replace(wish, seen_price=None)], product(available=19), terms=dear)
    assert (type(no_stock), no_stock.code, no_stock.details["available"]) == (Conflict, "insufficient_stock", 19)
    small = refused([replace(wish, seen_price=None)], product(available=20), terms=dear)
    assert (type(small), small.code) == (Refusal, "amount_below_minimum")
    large = refused([replace(wish, seen_price=None)], product(available=20), terms=replace(dear, minimum=euros(50)))
    assert large.code == "amount_above_maximum"


@pytest.mark.parametrize("changes", [{"active": False}, {"published": False}])
def test_what_is_not_sold_is_not_found(changes: dict[str, Any]) -> None:
    assert isinstance(refused([item()], product(**changes)), InvalidInput)
    assert isinstance(refused([item("prd_other")], product()), InvalidInput)


@pytest.mark.parametrize("seen", [euros(2489), euros(2491), Money(2490, "USD"), euros(0), euros(-2490)])
def test_a_price_that_differs_from_what_was_seen_is_a_conflict_and_never_the_price(seen: Money) -> None:
    assert refused([item(seen_price=seen)], product()).code == "price_changed"
    assert priced([item(seen_price=euros(2490))], product()).total == euros(2980)


def test_a_negative_stock_is_shown_as_none() -> None:
    assert refused([item()], product(available=-3)).details["available"] == 0


def test_amounts_that_stripe_would_refuse_are_refused_before() -> None:
    free_shipping = replace(TERMS, shipping_flat=euros(0))
    assert refused([item()], product(price=euros(49)), terms=free_shipping).code == "amount_below_minimum"
    assert priced([item()], product(price=euros(50)), terms=free_shipping).total == euros(50)
    crowns = PricingTerms(
        currency="ISK",
        minimum=Money(100, "ISK"),
        maximum=Money(10**8, "ISK"),
        shipping_flat=Money(0, "ISK"),
        shipping_free_from=None,
        shipping_tax_rate_bp=2000,
        shipping_title="Shipping",
    )
    assert refused([item()], product(price=Money(100_050, "ISK")), terms=crowns).code == "amount_not_whole"


def test_the_moves_are_those_of_the_design() -> None:
    state = OrderState
    expected = {
        state.PENDING: {state.PROCESSING, state.PAID, state.CANCELLED},
        state.PROCESSING: {state.PENDING, state.PAID, state.CANCELLED},
        state.PAID: {state.SHIPPED, state.REFUNDED, state.DISPUTED},
        state.SHIPPED: {state.DELIVERED, state.REFUNDED, state.DISPUTED},
        state.DELIVERED: {state.REFUNDED, state.DISPUTED},
        state.REFUNDED: {state.PAID, state.SHIPPED, state.DELIVERED, state.DISPUTED},
        state.DISPUTED: {state.PAID, state.SHIPPED, state.DELIVERED, state.REFUNDED},
        state.CANCELLED: set[OrderState](),
    }
    assert {start: {to for begin, to in TRANSITIONS if begin == start} for start in state} == expected


def test_no_money_is_forgotten_by_a_move() -> None:
    assert all(to in SETTLED for start, to in TRANSITIONS if start in SETTLED)
