"""Orders on the wire: what a basket looks like coming in, and what an order looks like going out."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from vivr.orders.model import Order, OrderLine
from vivr.payments.model import Payment
from vivr.refunds.model import Refund, Wish
from vivr.web.api.envelope import Json


def _price_text(value: object) -> object:
    """A JSON number or string as the text that came; never a float."""
    if isinstance(value, (Decimal, int)) and not isinstance(value, bool):
        return str(value)
    return value


PriceIn = Annotated[
    str,
    BeforeValidator(_price_text),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}], "description": "Major units, such as 24.90."}),
]


class ItemIn(Json):
    """One wish. ``price`` is what the buyer saw, in major units: another price today is refused, never charged."""

    product_id: str
    quantity: int = Field(description="1 to 1000.")
    price: PriceIn | None = None


class AddressIn(Json):
    """Where the order goes; ``country`` is ISO 3166-1 alpha-2. At most 200 characters each."""

    name: str
    line1: str
    line2: str | None = None
    postal_code: str
    city: str
    state: str | None = None
    country: str
    phone: str | None = None


class OrderIn(Json):
    """A basket and where it goes; ``email`` is required without an account."""

    items: list[ItemIn]
    address: AddressIn
    email: str | None = None
    currency: str | None = None
    shipping_option: str | None = None
    promotion_code: str | None = None


class LineOut(Json):
    """A frozen line; amounts in minor units of the order's currency, VAT included."""

    product_id: str
    title: str
    quantity: int
    unit_amount: int
    amount: int


class MethodOut(Json):
    """How it was paid."""

    type: str
    brand: str | None = None
    last4: str | None = None


class PaymentOut(Json):
    """The payment that settles the order, or else the latest; ``failure`` is the code of its last decline."""

    id: str
    status: str
    captured: int
    refunded: int
    disputed: int
    method: MethodOut | None
    failure: str | None


class RefundedUnitsOut(Json):
    """Units that a refund gives back; ``restock``: they return to the shelf."""

    product_id: str
    quantity: int
    restock: bool


class RefundOut(Json):
    """Money given back, or asked for; one by amount names no items."""

    id: str
    amount: int
    currency: str
    reason: str
    status: str
    items: list[RefundedUnitsOut]
    shipping: bool
    created_at: datetime


class OrderOut(Json):
    """An order; amounts in minor units of ``currency``, VAT included and shown in ``tax``."""

    id: str
    number: str
    status: str
    currency: str
    subtotal: int
    discount: int
    shipping: int
    tax: int
    total: int
    items: list[LineOut]
    payment: PaymentOut | None
    refunds: list[RefundOut]
    created_at: datetime


class OrdersOut(Json):
    """A part of the list; ``nextCursor`` is null on the last one."""

    items: list[OrderOut]
    next_cursor: str | None


def refund_out(refund: Refund) -> RefundOut:
    """A refund as the wire shows it."""
    wish = Wish.from_json(refund.wish)
    return RefundOut(
        id=refund.id,
        amount=refund.amount_minor,
        currency=refund.currency,
        reason=refund.reason,
        status=refund.state,
        items=[
            RefundedUnitsOut(product_id=item.product_id, quantity=item.quantity, restock=item.restock)
            for item in wish.items
        ],
        shipping=wish.shipping,
        created_at=refund.requested_at,
    )


def order_out(
    order: Order, lines: Sequence[OrderLine], payments: Sequence[Payment], refunds: Sequence[Refund]
) -> OrderOut:
    """An order as the wire shows it."""
    return OrderOut(
        id=order.id,
        number=order.shown_number,
        status=order.state,
        currency=order.currency,
        subtotal=order.subtotal_minor,
        discount=order.discount_minor,
        shipping=order.shipping_minor,
        tax=order.tax_minor,
        total=order.total_minor,
        items=[_line(line) for line in lines if line.kind == "product"],
        payment=_payment(_shown_payment(payments)),
        refunds=[refund_out(refund) for refund in refunds],
        created_at=order.placed_at,
    )


def _shown_payment(payments: Sequence[Payment]) -> Payment | None:
    settling = next((payment for payment in payments if payment.settles), None)
    return settling or (payments[-1] if payments else None)


def _line(line: OrderLine) -> LineOut:
    return LineOut(
        product_id=line.product_id or "",
        title=line.title,
        quantity=line.quantity,
        unit_amount=line.unit_minor,
        amount=line.amount_minor,
    )


def _payment(payment: Payment | None) -> PaymentOut | None:
    if payment is None:
        return None
    method = payment.method_type and MethodOut(
        type=payment.method_type, brand=payment.method_brand, last4=payment.method_last4
    )
    return PaymentOut(
        id=payment.id,
        status=payment.state,
        captured=payment.captured_minor,
        refunded=payment.refunded_minor,
        disputed=payment.disputed_minor,
        method=method or None,
        failure=payment.failure_code,
    )
