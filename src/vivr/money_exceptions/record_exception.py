"""Hold money that does not fit: one exception per Stripe object, with a ledger entry where money was captured."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.catalogue.stock import lacks_stock
from vivr.database import Tx
from vivr.email.queue_message import queue_message
from vivr.ids import OrderId, PaymentId, new_exception_id
from vivr.ledger.model import held_postings
from vivr.ledger.post_entry import EntrySource, post_entry
from vivr.money import Money
from vivr.money_exceptions import store
from vivr.money_exceptions.model import Kind, MoneyException
from vivr.operations.model import StripeScope
from vivr.orders.move_order import lines_of
from vivr.translate import DEFAULT_LOCALE

_OVERSOLD = "The order was cancelled before the money came, and its goods were sold to somebody else since."


_ENDED_BECAUSE: Final = {
    Kind.LEDGER_MISMATCH: "Its balance transaction is posted: books and balance agree.",
    Kind.DOUBLE_LOSS: "What was refunded and lost is no more than what came: a dispute turned, or a refund failed.",
}
"""Kinds that end of themselves, and what is noted then."""


@dataclass(frozen=True, slots=True)
class MisfitMoney:
    """Money that does not fit.

    Attributes:
        object_id: the PaymentIntent; for kinds that hold nothing, what they are about, such as a charge.
        kind: why it does not fit, a word of ``Kind``.
        brought: what came, or is authorised.
        expected: what the order asked for, if there is one.
        charge_id: the charge, if it was captured.
        is_captured: whether money was taken that is held from now on.
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
    """Hold it and tell staff; False: it is held already, and at most it is captured by now.

    The caller holds the lock of its order, if it has one.
    """
    kind, explanation = await _kind_of(tx, misfit)
    values: dict[str, object] = {
        "account": misfit.scope.account,
        "livemode": misfit.scope.livemode,
        "object_id": misfit.object_id,
        "charge_id": misfit.charge_id,
        "kind": kind,
        "amount_minor": misfit.brought.amount_minor,
        "currency": misfit.brought.currency,
        "explanation": explanation,
    }
    held = await store.insert_exception(
        tx,
        **values,
        id=new_exception_id(now),
        payment_id=misfit.payment_id,
        order_id=misfit.order_id,
        captured=misfit.is_captured,
        expected_minor=misfit.expected.amount_minor if misfit.expected else None,
        expected_currency=misfit.expected.currency if misfit.expected else None,
        now=now,
    )
    captured = await store.capture_exception(tx, **values) if held is None and misfit.is_captured else None
    if misfit.is_captured and not misfit.brought.is_zero:
        await post_entry(tx, now, _source_of(misfit), held_postings(misfit.brought))
    if held is not None:
        await tell_staff(tx, now, held)
    if held is not None or captured is not None:
        action = "money_exception.recorded" if held else "money_exception.captured"
        await record_move(tx, caller, now, held or captured, action, outcome="refused", error_code=kind)
    if held is None and kind in _ENDED_BECAUSE:
        await _open_again(tx, caller, now, misfit)
    return held is not None


async def _kind_of(tx: Tx, misfit: MisfitMoney) -> tuple[Kind, str]:
    """The kind that is recorded: late money for goods that are gone can't be accepted either."""
    kind = Kind(misfit.kind)
    if kind == Kind.LATE and misfit.order_id is not None:
        lines = await lines_of(tx, misfit.order_id)
        wanted = {line.product_id: line.quantity for line in lines if line.product_id is not None}
        if await lacks_stock(tx, wanted):
            return Kind.OVERSOLD, _OVERSOLD
    return kind, misfit.explanation


async def end_of_itself(tx: Tx, caller: Caller, now: datetime, scope: StripeScope, object_id: str, kind: Kind) -> None:
    """Resolve what held no money and is so no more; nothing happens if nothing of this kind is open for the object."""
    ended = await store.end_of_itself(
        tx,
        account=scope.account,
        livemode=scope.livemode,
        object_id=object_id,
        kind=kind,
        note=_ENDED_BECAUSE[kind],
        actor=caller.actor,
        now=now,
    )
    if ended is not None:
        await record_move(tx, caller, now, ended, "money_exception.resolved")


async def _open_again(tx: Tx, caller: Caller, now: datetime, misfit: MisfitMoney) -> None:
    """What had ended of itself is so again."""
    opened = await store.open_again(
        tx,
        account=misfit.scope.account,
        livemode=misfit.scope.livemode,
        object_id=misfit.object_id,
        kind=misfit.kind,
        note=_ENDED_BECAUSE[Kind(misfit.kind)],
        amount_minor=misfit.brought.amount_minor,
    )
    if opened is not None:
        await tell_staff(tx, now, opened)
        await record_move(tx, caller, now, opened, "money_exception.reopened", outcome="failed")


def _source_of(misfit: MisfitMoney) -> EntrySource:
    scope, object_id = misfit.scope, misfit.charge_id or misfit.object_id
    return EntrySource(scope.account, scope.livemode, object_id, "capture", misfit.order_id, misfit.payment_id)


async def tell_staff(tx: Tx, now: datetime, exception: MoneyException) -> None:
    """Write to staff that it waits for a person: once when it is recorded, and once each time that it opens again."""
    await queue_message(
        tx,
        now,
        kind="money_exception_staff",
        subject_id=f"{exception.id}.{exception.rounds}" if exception.rounds else exception.id,
        order_id=exception.order_id,
        locale=DEFAULT_LOCALE,
        money=exception.brought,
    )


async def record_move(
    tx: Tx,
    caller: Caller,
    now: datetime,
    exception: MoneyException | None,
    action: str,
    *,
    outcome: str = "done",
    error_code: str | None = None,
) -> None:
    """Write the audit row of what was done to an exception."""
    assert exception is not None
    await record_act(
        tx,
        caller,
        now,
        action,
        on=("money_exception", exception.id),
        order_id=exception.order_id,
        outcome=outcome,
        money=exception.brought,
        error_code=error_code,
    )
