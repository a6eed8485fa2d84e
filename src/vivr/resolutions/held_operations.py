"""The Stripe writes for held money that belongs to no refund: give back what came beside all payments, or release.

The intent of such a write is its exception and round, so that no two of one decision can ever succeed.
"""

from typing import Final

import msgspec

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.ids import ExceptionId, new_operation_id
from vivr.money_exceptions.follow_money import giving_back_refused, money_released
from vivr.money_exceptions.model import MoneyException
from vivr.money_exceptions.read_exceptions import find_exception
from vivr.operations.model import Operation, OperationKind
from vivr.operations.recover_operation import Ending, Endings
from vivr.operations.run_operation import record_answer, reserve_operation
from vivr.refunds.apply_refunds import HeldIntent, book_held_refunds
from vivr.refunds.model import ENDED, state_of_status
from vivr.resolutions.lock_held import Held, lock_held
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Answer, Done, Failed
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import StripeRefund
from vivr.stripe_gateway.requests import cancel_intent, create_refund

_KINDS: Final = frozenset({OperationKind.REFUND_HELD, OperationKind.RELEASE_HELD})


def is_held_write(operation: Operation) -> bool:
    """Whether an operation is one of this module's."""
    return operation.kind in _KINDS


async def reserve_held(
    tx: Tx, clock: Clock, seals: Seals, caller: Caller, shop_id: str, decided: MoneyException
) -> Operation:
    """Store the exact request that gives back what is left of held money, or that releases it."""
    operation_id = new_operation_id(clock.now())
    left_minor = decided.amount_minor - decided.returned_minor
    metadata = {"shop": shop_id, "exception": decided.id, "operation": operation_id}
    request = (
        create_refund({"payment_intent": decided.object_id, "amount": left_minor, "metadata": dict(metadata)})
        if decided.captured
        else cancel_intent(decided.object_id)
    )
    return await reserve_operation(
        tx,
        clock,
        seals,
        caller,
        operation_id=operation_id,
        kind=OperationKind.REFUND_HELD if decided.captured else OperationKind.RELEASE_HELD,
        intent=f"exception:{decided.id}:{decided.rounds}",
        scope=decided.scope,
        request=request,
        order_id=decided.order_id,
        payment_id=decided.payment_id,
    )


def _exception_of(operation: Operation) -> ExceptionId:
    return ExceptionId(operation.intent.split(":")[1])


async def record_held(database: Database, clock: Clock, caller: Caller, operation: Operation, answer: Answer) -> None:
    """Write what became of it, once, and let the exception follow."""
    async with database.transaction("record_held") as tx:
        held = await lock_held(tx, _exception_of(operation))
        if not await record_answer(tx, clock, caller, operation, answer):
            return
        exception, now = held.exception, clock.now()
        match answer:
            case Done() if operation.kind is OperationKind.RELEASE_HELD:
                await money_released(tx, caller, now, exception.scope, exception.object_id)
            case Done(document):
                refund = msgspec.convert(document, StripeRefund)
                await book_held_refunds(
                    tx, caller, now, _intent_of(held), [refund], by=exception.decided_by or caller.actor
                )
                if state_of_status(refund.status) in ENDED:
                    await giving_back_refused(tx, caller, now, exception.scope, exception.object_id, None)
            case Failed():
                await giving_back_refused(tx, caller, now, exception.scope, exception.object_id, None)
            case _:
                pass


def _intent_of(held: Held) -> HeldIntent:
    exception = held.exception
    return HeldIntent(exception.scope, exception.object_id, exception.order_id, exception.payment_id)


async def _find_refund(database: Database, stripe: Stripe, operation: Operation) -> Answer | None:
    for refund in await stripe.list_refunds(await _object_of(database, operation)):
        if (refund.metadata or {}).get("operation") == operation.id:
            return Done(msgspec.to_builtins(refund))
    return None


async def _find_release(database: Database, stripe: Stripe, operation: Operation) -> Answer | None:
    intent = await stripe.read_intent(await _object_of(database, operation))
    if intent.status == "canceled":
        return Done({"id": intent.id})
    if intent.status == "succeeded":
        return Failed("refused", "already_captured", "The PaymentIntent was captured.")
    return None


async def _object_of(database: Database, operation: Operation) -> str:
    async with database.transaction("find_exception") as tx:
        exception = await find_exception(tx, _exception_of(operation))
    assert exception is not None
    return exception.object_id


ENDINGS: Final[Endings] = {
    OperationKind.REFUND_HELD: Ending(_find_refund, record_held),
    OperationKind.RELEASE_HELD: Ending(_find_release, record_held),
}
"""How the writes for held money are ended."""
