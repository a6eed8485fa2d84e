"""One order, its payment, and Stripe's word on it: everything fits, until a test changes something."""

from datetime import UTC, datetime
from typing import Final

from vivr.ids import OrderId, PaymentId, RequestId
from vivr.orders.model import Order, OrderState
from vivr.payments.model import Payment, PaymentState
from vivr.stripe_gateway.objects import PaymentIntent, Session

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)

ORDER: Final = Order(
    id=OrderId("ord_1"),
    number=1,
    principal="guest:1",
    person_id=None,
    state=OrderState.PENDING,
    state_before=None,
    currency="EUR",
    locale="fr",
    return_origin="http://127.0.0.1:8000",
    subtotal_minor=2490,
    discount_minor=0,
    shipping_minor=490,
    tax_minor=497,
    total_minor=2980,
    payable_minor=2980,
    placed_at=NOW,
    deadline_at=NOW,
    sessions_made=1,
    request_id=RequestId("req_1"),
)
PAYMENT: Final = Payment(
    id=PaymentId("pay_1"),
    order_id=ORDER.id,
    account="acct_1",
    livemode=False,
    kind="session",
    state=PaymentState.REQUIRES_PAYMENT,
    settles=False,
    amount_minor=2980,
    currency="EUR",
    customer_id="cus_1",
    session_id="cs_1",
    session_url="http://127.0.0.1/pay",
    session_expires_at=NOW,
    intent_id=None,
    charge_id=None,
    captured_minor=0,
    refunded_minor=0,
    refund_pending_minor=0,
    disputed_minor=0,
    lost_minor=0,
    method_type=None,
    method_brand=None,
    method_last4=None,
    failure_code=None,
    failure_message=None,
    ticket_taken=1,
    ticket_applied=0,
    poll_at=None,
    polls=0,
    created_at=NOW,
    updated_at=NOW,
)
INTENT: Final = PaymentIntent(
    id="pi_1",
    status="succeeded",
    amount=2980,
    amount_received=2980,
    currency="eur",
    livemode=False,
    customer="cus_1",
    metadata={"shop": "test-shop", "payment": "pay_1"},
)
SESSION: Final = Session(
    id="cs_1",
    status="complete",
    payment_status="paid",
    amount_total=2980,
    currency="eur",
    livemode=False,
    expires_at=0,
)
