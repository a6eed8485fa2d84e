"""Record one act in the caller's transaction. Every room may call it."""

from datetime import datetime

from vivr.audit import store
from vivr.caller import Caller
from vivr.database import Tx
from vivr.money import Money


async def record_act(
    tx: Tx,
    caller: Caller,
    at: datetime,
    action: str,
    *,
    on: tuple[str, str],
    order_id: str | None = None,
    outcome: str = "done",
    money: Money | None = None,
    error_code: str | None = None,
) -> None:
    """Record who did what.

    Args:
        tx: the transaction of the act itself: both happen or neither.
        caller: who, and under which request.
        at: when.
        action: past-tense fact, such as ``order.placed``.
        on: the object's type and id.
        order_id: the order that it concerns.
        outcome: ``done``, ``refused`` or ``failed``.
        money: the amount, if it is about one.
        error_code: why it was refused or failed.
    """
    await store.insert_row(
        tx,
        at=at,
        actor=caller.actor,
        role=caller.role,
        action=action,
        object_type=on[0],
        object_id=on[1],
        order_id=order_id,
        outcome=outcome,
        amount_minor=money.amount_minor if money else None,
        currency=money.currency if money else None,
        error_code=error_code,
        request_id=caller.request_id,
        origin_id=caller.origin_id,
        origin_digest=caller.origin_digest,
    )
