"""Write a person's or the rule's decision on an exception, in the transaction that reserves what it leads to.

The caller holds the locks of order, payment and exception, in this order, and has asked ``model.refuse`` before.
"""

from datetime import datetime

from vivr.caller import Caller
from vivr.database import Tx
from vivr.errors import Conflict
from vivr.ids import OrderId, RefundId
from vivr.money_exceptions import store
from vivr.money_exceptions.follow_money import end
from vivr.money_exceptions.model import MoneyException, Resolution
from vivr.money_exceptions.record_exception import record_move


async def decide_giving_back(
    tx: Tx, caller: Caller, now: datetime, exception: MoneyException, refund_id: RefundId | None
) -> MoneyException:
    """It is being given back from now on.

    Raises:
        Conflict: ``exception_being_resolved``: somebody else was quicker.
    """
    decided = await store.decide(tx, exception.id, decided_by=caller.actor, refund_id=refund_id)
    if decided is None:
        raise Conflict("exception_being_resolved", exception=exception.id)
    await record_move(tx, caller, now, decided, "money_exception.giving_back")
    return decided


async def back_giving_back(tx: Tx, caller: Caller, now: datetime, exception: MoneyException) -> MoneyException:
    """The first of two persons stands behind giving it back."""
    backed = await store.back_exception(tx, exception.id, caller.actor)
    assert backed is not None
    await record_move(tx, caller, now, backed, "money_exception.backed")
    return backed


async def end_by_acceptance(
    tx: Tx, caller: Caller, now: datetime, exception: MoneyException, order_id: OrderId
) -> MoneyException:
    """It settles an order by a named decision.

    Raises:
        Conflict: ``exception_resolved``: somebody else was quicker.
    """
    ended = await end(tx, caller, now, exception, Resolution.ACCEPTED, by=caller.actor, accepted_order_id=order_id)
    if ended is None:
        raise Conflict("exception_resolved", exception=exception.id)
    return ended


async def end_by_acknowledgement(
    tx: Tx, caller: Caller, now: datetime, exception: MoneyException, note: str
) -> MoneyException:
    """Somebody has seen it and says why nothing more is to be done.

    Raises:
        Conflict: ``exception_resolved``: somebody else was quicker.
    """
    ended = await end(tx, caller, now, exception, Resolution.ACKNOWLEDGED, by=caller.actor, note=note)
    if ended is None:
        raise Conflict("exception_resolved", exception=exception.id)
    return ended
