"""Queue a message in the transaction of the fact that it tells of."""

from datetime import datetime
from typing import Final

from vivr.database import Tx
from vivr.email import store
from vivr.ids import new_message_id
from vivr.jobs import enqueue
from vivr.money import Money

SEND_EMAIL: Final = "send_email"
"""The job's name in the worker; its payload is the message's id."""


async def queue_message(
    tx: Tx,
    now: datetime,
    *,
    kind: str,
    subject_id: str,
    order_id: str | None,
    locale: str,
    money: Money | None = None,
) -> bool:
    """Queue a message; False: one of this kind was queued for this subject before, and none is added.

    Args:
        tx: the transaction.
        now: the present.
        kind: such as ``order_confirmation``; the templates carry the same word.
        subject_id: what it is about, such as an order's id.
        order_id: the order whose timeline shows it.
        locale: the language to write in.
        money: the amount that it tells of, if it tells of one.
    """
    message_id = new_message_id(now)
    is_new = await store.insert_message(
        tx,
        id=message_id,
        kind=kind,
        subject_id=subject_id,
        order_id=order_id,
        locale=locale,
        amount_minor=money.amount_minor if money else None,
        currency=money.currency if money else None,
        now=now,
    )
    if is_new:
        await enqueue(tx, SEND_EMAIL, message_id)
    return is_new
