"""Hold money that does not fit: one exception per Stripe object, with a ledger entry where money was captured."""

from dataclasses import dataclass
from datetime import datetime

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.database import Tx
from vivr.ids import OrderId, PaymentId, new_exception_id
from vivr.ledger.model import held_postings
from vivr.ledger.post_entry import EntrySource, post_entry
from vivr.money import Money
from vivr.money_exceptions import store
from vivr.money_exceptions.store import MoneyException
from vivr.operations.model import StripeScope


@dataclass(frozen=True, slots=True)
class MisfitMoney:
    """Money that does not fit.

    Attributes:
        object_id: the PaymentIntent.
        kind: why it does not fit.
        brought: what came, or is authorised.
        expected: what the order asked for, if there is one.
        charge_id: the charge, if it was captured.
    """

    scope: StripeScope
    object_id: str
    kind: str
    brought: Money
    expected: Money | None
    order_id: OrderId | None
    payment_id: PaymentId | None
    charge_id: str | None
    is_captured: bool
    explanation: str


async def record_exception(tx: Tx, caller: Caller, now: datetime, misfit: MisfitMoney) -> bool:
    """Hold it; False: it is held already, and nothing is added."""
    scope = misfit.scope
    is_new = await store.insert_exception(
        tx,
        id=new_exception_id(now),
        account=scope.account,
        livemode=scope.livemode,
        object_id=misfit.object_id,
        kind=misfit.kind,
        payment_id=misfit.payment_id,
        order_id=misfit.order_id,
        amount_minor=misfit.brought.amount_minor,
        currency=misfit.brought.currency,
        expected_minor=misfit.expected.amount_minor if misfit.expected else None,
        expected_currency=misfit.expected.currency if misfit.expected else None,
        explanation=misfit.explanation,
        now=now,
    )
    if misfit.is_captured and not misfit.brought.is_zero:
        source = EntrySource(
            scope.account,
            scope.livemode,
            misfit.charge_id or misfit.object_id,
            "capture",
            misfit.order_id,
            misfit.payment_id,
        )
        await post_entry(tx, now, source, held_postings(misfit.brought))
    if is_new:
        await record_act(
            tx,
            caller,
            now,
            "money_exception.recorded",
            on=("payment_intent", misfit.object_id),
            order_id=misfit.order_id,
            outcome="refused",
            money=misfit.brought,
            error_code=misfit.kind,
        )
    return is_new


async def open_exceptions(tx: Tx, limit: int = 100) -> list[MoneyException]:
    """What needs a person, oldest first."""
    return await store.open_exceptions(tx, limit)


async def exceptions_of_order(tx: Tx, order_id: str) -> list[MoneyException]:
    """Money of an order that did not fit."""
    return await store.exceptions_of_order(tx, order_id)
