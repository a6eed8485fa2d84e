"""What is asked of Stripe for a session: the order's frozen lines, our ids, and nothing that Stripe could add to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from money_samples import NOW, ORDER
from vivr.checkout.model import ORDER_AGE_MAX, CheckoutTerms, check_startable, session_end, session_parameters
from vivr.errors import Refusal
from vivr.ids import OperationId, PaymentId, ProductId
from vivr.money import Money
from vivr.orders.model import OrderLine, OrderState

TERMS = CheckoutTerms(
    shop_id="shop-1",
    session_lifetime=timedelta(minutes=45),
    session_grace=timedelta(minutes=10),
    sessions_max=8,
    poll_first=timedelta(seconds=20),
    descriptor_suffix=None,
    three_d_secure="automatic",
    three_d_secure_threshold=None,
    declines_free=3,
    declines_most=10,
)


def line(position: int, title: str, amount_minor: int, *, quantity: int = 1, kind: str = "product") -> OrderLine:
    """A frozen line."""
    return OrderLine(
        position=position,
        kind=kind,
        product_id=ProductId(f"prd_{position}") if kind == "product" else None,
        sku="SKU",
        title=title,
        quantity=quantity,
        unit_minor=amount_minor // quantity,
        discount_minor=0,
        amount_minor=amount_minor,
        tax_rate_bp=2000,
        net_minor=amount_minor,
        tax_minor=0,
    )


LINES = [line(1, "Bol", 4980, quantity=2), line(2, "Cadeau", 0), line(3, "Livraison", 490, kind="shipping")]


def parameters(lines: list[OrderLine] | None = None, terms: CheckoutTerms = TERMS, **changes: Any) -> dict[str, Any]:
    """The request for the sample order."""
    made = session_parameters(
        replace(ORDER, **changes),
        LINES if lines is None else lines,
        terms,
        payment_id=PaymentId("pay_1"),
        operation_id=OperationId("opr_1"),
        customer_id="cus_1",
        ends_at=NOW + timedelta(minutes=45),
    )
    return cast("dict[str, Any]", made)


def test_the_request_is_this_one_to_the_last_field() -> None:
    ids = {"shop": "shop-1", "order": "ord_1", "payment": "pay_1", "operation": "opr_1"}
    assert parameters() == {
        "mode": "payment",
        "customer": "cus_1",
        "client_reference_id": "ord_1",
        "metadata": ids,
        "payment_intent_data": {"metadata": ids, "capture_method": "automatic_async"},
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {"currency": "eur", "unit_amount": 4980, "product_data": {"name": "2 × Bol"}},
            },
            {"quantity": 1, "price_data": {"currency": "eur", "unit_amount": 0, "product_data": {"name": "Cadeau"}}},
            {
                "quantity": 1,
                "price_data": {"currency": "eur", "unit_amount": 490, "product_data": {"name": "Livraison"}},
            },
        ],
        "adaptive_pricing": {"enabled": False},
        "automatic_tax": {"enabled": False},
        "expires_at": 1795437900,
        "locale": "fr",
        "submit_type": "pay",
        "success_url": "http://127.0.0.1:8000/checkout/success?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:8000/commande/ord_1",
    }


def test_english_buyers_come_back_to_english_pages() -> None:
    made = parameters(locale="en", return_origin="http://localhost:8000")
    assert made["success_url"] == "http://localhost:8000/en/checkout/success?session_id={CHECKOUT_SESSION_ID}"
    assert made["cancel_url"] == "http://localhost:8000/en/commande/ord_1"
    assert made["locale"] == "en"


def test_the_largest_order_fits_stripes_hundred_lines_of_one() -> None:
    lines = [line(place, f"Produit {place}", 100, quantity=10) for place in range(1, 100)]
    items = parameters([*lines, line(100, "Livraison", 490, kind="shipping")])["line_items"]
    assert len(items) == 100
    assert {item["quantity"] for item in items} == {1}
    assert sum(item["price_data"]["unit_amount"] for item in items) == 99 * 100 + 490


def test_free_shipping_is_no_line() -> None:
    items = parameters([line(1, "Bol", 4980), line(2, "Livraison", 0, kind="shipping")])["line_items"]
    assert [item["price_data"]["product_data"]["name"] for item in items] == ["Bol"]


def test_a_name_is_cut_where_stripe_would_refuse_it() -> None:
    items = parameters([line(1, "é" * 400, 100, quantity=3)])["line_items"]
    assert items[0]["price_data"]["product_data"]["name"] == "3 × " + "é" * 246


def test_nothing_is_left_for_stripe_to_add() -> None:
    made = parameters()
    added = {"allow_promotion_codes", "discounts", "optional_items", "after_expiration", "shipping_options"}
    added |= {"payment_method_types", "customer_email", "customer_update", "invoice_creation", "consent_collection"}
    assert not added & set(made)
    assert not any("adjustable_quantity" in item for item in made["line_items"])


def test_the_descriptor_reaches_the_payment() -> None:
    made = parameters(terms=replace(TERMS, descriptor_suffix="VIVR LYON"))
    assert made["payment_intent_data"]["statement_descriptor_suffix"] == "VIVR LYON"


@pytest.mark.parametrize(
    ("threshold_minor", "policy", "asked"),
    [
        (None, "any", "any"),
        (2981, "automatic", "automatic"),
        (2980, "automatic", "challenge"),
        (1, "any", "challenge"),
    ],
)
def test_from_a_threshold_on_a_challenge_is_asked_for(threshold_minor: int | None, policy: str, asked: str) -> None:
    threshold = None if threshold_minor is None else Money(threshold_minor, "EUR")
    made = parameters(terms=replace(TERMS, three_d_secure=policy, three_d_secure_threshold=threshold))
    assert made["payment_method_options"] == {"card": {"request_three_d_secure": asked}}


def code(refusal: Refusal | None) -> str | None:
    """The refusal's code."""
    return refusal.code if refusal else None


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("PENDING", None),
        ("PROCESSING", "payment_in_progress"),
        ("CANCELLED", "order_cancelled"),
        ("PAID", "order_already_paid"),
        ("SHIPPED", "order_already_paid"),
        ("DELIVERED", "order_already_paid"),
        ("REFUNDED", "order_already_paid"),
        ("DISPUTED", "order_already_paid"),
    ],
)
def test_only_a_pending_order_may_be_paid(state: str, expected: str | None) -> None:
    assert code(check_startable(replace(ORDER, state=OrderState(state)), TERMS, NOW)) == expected
    old_and_tried = replace(ORDER, state=OrderState(state), sessions_made=99)
    assert code(check_startable(old_and_tried, TERMS, NOW + ORDER_AGE_MAX)) == (expected or "order_too_old")


def test_an_order_may_be_tried_for_a_day_and_so_many_times() -> None:
    last = NOW + ORDER_AGE_MAX - timedelta(microseconds=1)
    assert check_startable(replace(ORDER, sessions_made=7), TERMS, last) is None
    assert code(check_startable(replace(ORDER, sessions_made=8), TERMS, last)) == "too_many_sessions"


def test_a_session_ends_after_its_lifetime_but_with_the_orders_day() -> None:
    assert session_end(ORDER, TERMS, NOW) == NOW + timedelta(minutes=45)
    late = NOW + timedelta(hours=23, minutes=20)
    assert session_end(ORDER, TERMS, late) == NOW + timedelta(hours=24)
    latest = NOW + timedelta(hours=23, minutes=59)
    assert session_end(ORDER, TERMS, latest) == latest + timedelta(minutes=35)
    short = replace(TERMS, session_lifetime=timedelta(minutes=31))
    assert session_end(ORDER, short, NOW) == NOW + timedelta(minutes=35)
