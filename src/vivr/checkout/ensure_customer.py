"""Make sure that an order has a Stripe customer of its own: a person's, or one for this guest order alone.

A customer is never looked up by e-mail: Checkout would show a stranger's saved cards.
"""

from vivr.caller import Caller
from vivr.checkout.model import CheckoutTerms, check_startable
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.customers.contact import find_contact
from vivr.database import Database, Tx
from vivr.errors import Conflict, ConstraintViolated, NotFound, Unavailable
from vivr.ids import OrderId, new_operation_id
from vivr.operations.model import Operation, OperationKind, Outcome, Recovery, StripeScope, choose_recovery
from vivr.operations.run_operation import (
    claim_operation,
    last_attempt,
    record_answer,
    reserve_operation,
    send_operation,
)
from vivr.orders.model import Order
from vivr.orders.move_order import lock_order
from vivr.payments.begin_payment import find_customer, keep_customer
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Answer, Done, error_of
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import create_customer, encoder_fingerprint


def owner_of(order: Order) -> str:
    """Whose Stripe customer pays: the account's, or this order's own."""
    return order.person_id or order.id


async def ensure_customer(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    scope: StripeScope,
    terms: CheckoutTerms,
    order_id: OrderId,
) -> str:
    """The id of the Stripe customer that this order's payment is made for.

    Raises:
        NotFound: there is no such order.
        Conflict: the order can't be paid now, so nobody is made for it.
        Refusal: ``payment_refused``.
        Unavailable: nobody knows yet whether it was made.
    """
    crash_point("customer.before_reserve")
    try:
        async with database.transaction("reserve_customer") as tx:
            order = await lock_order(tx, order_id)
            if order is None:
                raise NotFound("order_not_found")
            # Read before the customer is looked for: both are written at once, and without this order's lock. A success
            # that is seen here without its customer below is a customer that was deleted, and not one made in between.
            intent, last = await _newest_attempt(tx, scope, order)
            known = await find_customer(tx, scope, owner_of(order))
            if known is not None:
                return known
            refusal = check_startable(order, terms, clock.now())
            if refusal is not None:
                raise refusal
            operation = await _reserve(tx, clock, seals, caller, scope, order, intent, last)
    except ConstraintViolated as error:
        # Another order of the same account was quicker: its lock is on that order, so only the database saw us both.
        raise Unavailable("checkout_being_made", retry_after_s=2) from error
    crash_point("customer.after_reserve")
    answer = await send_operation(stripe, seals, operation)
    crash_point("customer.after_call")
    customer_id = await record_customer(database, clock, caller, operation, answer)
    crash_point("customer.after_record")
    match answer:
        case Done() if customer_id is not None:
            return customer_id
        case Done():
            raise Unavailable("stripe_unavailable", retry_after_s=5)
        case _:
            raise error_of(answer, "payment_refused", order=order_id)


async def _newest_attempt(tx: Tx, scope: StripeScope, order: Order) -> tuple[str, Operation | None]:
    """The intent of the next customer, and the attempt at it that is not known to have succeeded."""
    intent = f"customer:{owner_of(order)}"
    last = await last_attempt(tx, scope, intent)
    while last is not None and last.outcome == Outcome.SUCCEEDED and last.object_id is not None:
        # One that is deleted at Stripe is replaced under another intent, named after the one that is gone.
        intent = f"customer:{owner_of(order)}:{last.object_id}"
        last = await last_attempt(tx, scope, intent)
    return intent, last


async def _reserve(
    tx: Tx,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    scope: StripeScope,
    order: Order,
    intent: str,
    last: Operation | None,
) -> Operation:
    if last is not None and last.outcome != Outcome.FAILED:
        taken_over = await claim_operation(tx, clock, last.id)
        if taken_over is None or not _may_repeat(taken_over, clock):
            # Another process is at it, or only a read can tell what became of it: that is the recoverer's work.
            raise Unavailable("checkout_being_made", retry_after_s=5)
        return taken_over
    operation_id = new_operation_id(clock.now())
    metadata = {"owner": owner_of(order), "operation": operation_id}
    contact = await find_contact(tx, seals, order.id)
    request = create_customer(
        email=contact.email if contact else None, name=contact.address.name if contact else None, metadata=metadata
    )
    try:
        return await reserve_operation(
            tx,
            clock,
            seals,
            caller,
            operation_id=operation_id,
            kind=OperationKind.CREATE_CUSTOMER,
            intent=intent,
            scope=scope,
            request=request,
            order_id=order.id,
        )
    except Conflict as error:
        raise Unavailable("checkout_being_made", retry_after_s=2) from error


def _may_repeat(operation: Operation, clock: Clock) -> bool:
    encoder, now = encoder_fingerprint(), clock.now()
    how = choose_recovery(operation, encoder=encoder, now=now, last_reason=operation.error_code)
    return how == Recovery.REPEAT


async def record_customer(
    database: Database, clock: Clock, caller: Caller, operation: Operation, answer: Answer
) -> str | None:
    """Write outcome and customer together; the customer that its owner has now, if there is one."""
    owner = operation.intent.split(":")[1]
    async with database.transaction("record_customer") as tx:
        await record_answer(tx, clock, caller, operation, answer)
        if isinstance(answer, Done):
            await keep_customer(tx, clock.now(), operation.scope, owner, answer.object_id)
        return await find_customer(tx, operation.scope, owner)
