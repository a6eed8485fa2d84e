"""Reserve a new way to pay an order, hosted or not: the first of three steps, under the rule of one open payment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from vivr.caller import Caller
from vivr.checkout.model import CheckoutTerms, check_startable, session_end
from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import Conflict, NotFound
from vivr.ids import OperationId, OrderId, PaymentId, new_operation_id
from vivr.operations.model import Operation, OperationKind, StripeScope
from vivr.operations.run_operation import reserve_operation
from vivr.orders.model import Order, OrderLine
from vivr.orders.move_order import extend_deadline, lines_of, lock_order
from vivr.payments.begin_payment import begin_payment, open_payment_of
from vivr.payments.decline_rules import DeclineTerms
from vivr.payments.model import Payment
from vivr.payments.read_payments import holds_money
from vivr.payments.shield import check_declines, keep_client
from vivr.sealing import Seals
from vivr.stripe_gateway.requests import StripeRequest


@dataclass(frozen=True, slots=True)
class NewPayment:
    """What a request to Stripe needs to know of the payment that it is made for."""

    order: Order
    lines: Sequence[OrderLine]
    payment_id: PaymentId
    operation_id: OperationId
    customer_id: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class WayToPay:
    """How one way differs from the other.

    Attributes:
        payment_kind: the payment's, ``session`` or ``intent``.
        intent_of: what asking for a payment's is called among operations.
        request_of: the exact request, complete before it is stored.
    """

    payment_kind: str
    operation_kind: OperationKind
    intent_of: Callable[[PaymentId], str]
    request_of: Callable[[CheckoutTerms, NewPayment], StripeRequest]


async def reserve_payment(
    database: Database,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    scope: StripeScope,
    terms: CheckoutTerms,
    order_id: OrderId,
    customer_id: str,
    way: WayToPay,
) -> Payment | Operation:
    """The order's open payment, or the operation that has to be sent for a new one.

    Raises:
        NotFound: there is no such order.
        Conflict: it can't be paid now.
    """
    async with database.transaction(f"reserve_{way.payment_kind}") as tx:
        order = await lock_order(tx, order_id)
        if order is None:
            raise NotFound("order_not_found")
        now = clock.now()
        payment = await open_payment_of(tx, order_id)
        if payment is not None:
            return payment
        refusal = check_startable(order, terms, now)
        if refusal is not None:
            raise refusal
        if await holds_money(tx, order_id):
            # What came did not fit and is held; nobody is asked to pay twice before staff has looked at it.
            raise Conflict("payment_in_progress", order=order_id)
        bearable = DeclineTerms(terms.declines_free, terms.declines_most)
        await check_declines(tx, bearable, now, order_id, customer_id, caller.client_digest)
        ends_at, poll_at = session_end(order, terms, now), now + terms.poll_first
        payment = await begin_payment(
            tx, now, order, scope, customer_id, ends_at, poll_at=poll_at, kind=way.payment_kind
        )
        if caller.client_digest is not None:
            await keep_client(tx, now, payment.id, caller.client_digest)
        new = NewPayment(order, await lines_of(tx, order_id), payment.id, new_operation_id(now), customer_id, ends_at)
        operation = await reserve_operation(
            tx,
            clock,
            seals,
            caller,
            operation_id=new.operation_id,
            kind=way.operation_kind,
            intent=way.intent_of(payment.id),
            scope=scope,
            request=way.request_of(terms, new),
            order_id=order_id,
            payment_id=payment.id,
        )
        if await extend_deadline(tx, order_id, ends_at + terms.session_grace) is None:
            raise Conflict("order_cancelled", order=order_id)
    return operation
