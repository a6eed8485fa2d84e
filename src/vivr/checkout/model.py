"""What a Checkout Session asks for, and when another one may be opened. Pure.

Line items come from the order's frozen lines, never from a request; each is one line of quantity 1 whose amount is what
the customer pays for it, so that Stripe computes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from vivr.errors import Conflict, Refusal
from vivr.ids import OperationId, OrderId, PaymentId
from vivr.money import Money
from vivr.orders.model import SETTLED, Order, OrderLine, OrderState
from vivr.stripe_gateway.requests import Parameter, Parameters

ORDER_AGE_MAX: Final = timedelta(hours=24)
"""How long an order may wait for its customer: from its placing, or from when money on its way did not come."""

_NAME_MAX: Final = 250
"""Stripe's limit for a product's name is not published; it takes 250 characters (its metadata values take 500)."""


@dataclass(frozen=True, slots=True)
class CheckoutTerms:
    """What the merchant has decided about checkouts.

    Attributes:
        declines_free: how many declines within a day make nobody wait.
        declines_most: how many end it.
        captures_by_hand: whether money is only authorised, until staff captures it.
    """

    shop_id: str
    session_lifetime: timedelta
    session_grace: timedelta
    sessions_max: int
    poll_first: timedelta
    descriptor_suffix: str | None
    three_d_secure: str
    three_d_secure_threshold: Money | None
    declines_free: int
    declines_most: int
    captures_by_hand: bool = False


@dataclass(frozen=True, slots=True)
class CheckoutLink:
    """Where the customer pays."""

    session_id: str
    url: str
    order_id: OrderId


@dataclass(frozen=True, slots=True)
class IntentLink:
    """What a front end needs to let its customer pay."""

    intent_id: str
    client_secret: str
    order_id: OrderId
    amount: Money


def check_startable(order: Order, terms: CheckoutTerms, now: datetime) -> Refusal | None:
    """Whether an order may be paid now, in order of precedence."""
    if order.state in SETTLED:
        return Conflict("order_already_paid", order=order.id)
    if order.state == OrderState.CANCELLED:
        return Conflict("order_cancelled", order=order.id)
    if order.state == OrderState.PROCESSING:
        return Conflict("payment_in_progress", order=order.id)
    if now - order.waits_since >= ORDER_AGE_MAX:
        return Conflict("order_too_old", order=order.id)
    if order.sessions_made >= terms.sessions_max:
        return Conflict("too_many_sessions", order=order.id)
    return None


def session_end(order: Order, terms: CheckoutTerms, now: datetime) -> datetime:
    """When a session that is reserved now ends: its lifetime, but never beyond the order's 24 hours.

    Stripe takes no less than 30 minutes, so a session begun in an order's last half hour lives a little longer.
    """
    least = now + timedelta(minutes=35)
    return max(least, min(now + terms.session_lifetime, order.waits_since + ORDER_AGE_MAX))


def session_parameters(
    order: Order,
    lines: Sequence[OrderLine],
    terms: CheckoutTerms,
    *,
    payment_id: PaymentId,
    operation_id: OperationId,
    customer_id: str,
    ends_at: datetime,
) -> Parameters:
    """The exact request for a session, complete before it is stored."""
    metadata: Parameter = {
        "shop": terms.shop_id,
        "order": order.id,
        "payment": payment_id,
        "operation": operation_id,
    }
    prefix = "" if order.locale == "fr" else f"/{order.locale}"
    intent_data: dict[str, Parameter] = {"metadata": metadata, "capture_method": _capture_method_of(terms)}
    if terms.descriptor_suffix is not None:
        intent_data["statement_descriptor_suffix"] = terms.descriptor_suffix
    return {
        "mode": "payment",
        "customer": customer_id,
        "client_reference_id": order.id,
        "metadata": metadata,
        "payment_intent_data": intent_data,
        "payment_method_options": {"card": {"request_three_d_secure": _three_d_secure_of(order, terms)}},
        "line_items": [_line_item(order, line) for line in lines if line.kind == "product" or line.amount_minor > 0],
        "adaptive_pricing": {"enabled": False},
        "automatic_tax": {"enabled": False},
        "expires_at": int(ends_at.timestamp()),
        "locale": order.locale,
        "submit_type": "pay",
        "success_url": f"{order.return_origin}{prefix}/checkout/success?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{order.return_origin}{prefix}/commande/{quote(order.id)}",
    }


def intent_parameters(
    order: Order, terms: CheckoutTerms, *, payment_id: PaymentId, operation_id: OperationId, customer_id: str
) -> Parameters:
    """The exact request for a PaymentIntent that a front end of the merchant's confirms, without a hosted page."""
    wish: dict[str, Parameter] = {
        "amount": order.payable_minor,
        "currency": order.currency.lower(),
        "customer": customer_id,
        "capture_method": _capture_method_of(terms),
        "automatic_payment_methods": {"enabled": True},
        "payment_method_options": {"card": {"request_three_d_secure": _three_d_secure_of(order, terms)}},
        "metadata": {"shop": terms.shop_id, "order": order.id, "payment": payment_id, "operation": operation_id},
    }
    if terms.descriptor_suffix is not None:
        wish["statement_descriptor_suffix"] = terms.descriptor_suffix
    return wish


def _line_item(order: Order, line: OrderLine) -> Parameter:
    name = line.title if line.quantity == 1 else f"{line.quantity} × {line.title}"
    return {
        "quantity": 1,
        "price_data": {
            "currency": order.currency.lower(),
            "unit_amount": line.amount_minor,
            "product_data": {"name": name[:_NAME_MAX]},
        },
    }


def _capture_method_of(terms: CheckoutTerms) -> str:
    return "manual" if terms.captures_by_hand else "automatic_async"


def _three_d_secure_of(order: Order, terms: CheckoutTerms) -> str:
    threshold = terms.three_d_secure_threshold
    if threshold is not None and order.payable >= threshold:
        return "challenge"
    return terms.three_d_secure
