"""Read and lock money exceptions for pages, commands and the room that resolves them."""

from datetime import datetime, timedelta

from vivr.database import Tx
from vivr.money_exceptions import store
from vivr.money_exceptions.model import HeldSum, MoneyException
from vivr.operations.model import StripeScope


async def open_exceptions(tx: Tx, limit: int = 100) -> list[MoneyException]:
    """What needs a person, or Stripe's answer, oldest first."""
    return await store.open_exceptions(tx, limit)


async def resolved_exceptions(tx: Tx, limit: int = 100) -> list[MoneyException]:
    """What is over, the newest end first."""
    return await store.resolved_exceptions(tx, limit)


async def held_sums(tx: Tx) -> list[HeldSum]:
    """What is held of captured money, by currency."""
    return await store.held_sums(tx)


async def exceptions_of_order(tx: Tx, order_id: str) -> list[MoneyException]:
    """Money of an order that did not fit."""
    return await store.exceptions_of_order(tx, order_id)


async def find_exception(tx: Tx, exception_id: str) -> MoneyException | None:
    """One exception."""
    return await store.find_exception(tx, exception_id)


async def lock_exception(tx: Tx, exception_id: str) -> MoneyException | None:
    """One exception, locked; its order and payment are locked before."""
    return await store.lock_exception(tx, exception_id)


async def exception_of_object(tx: Tx, scope: StripeScope, object_id: str) -> MoneyException | None:
    """The exception of a Stripe object, locked; its order is locked before."""
    return await store.lock_of_object(tx, scope, object_id)


async def claim_due(tx: Tx, scope: StripeScope, now: datetime, delay: timedelta) -> MoneyException | None:
    """Take one exception of this account and mode that the rule gives back ``delay`` after it was recorded."""
    return await store.claim_due(tx, scope, now, delay)
