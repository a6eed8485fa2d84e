"""The shield against who tries stolen cards: declines are counted by client, by customer and by card."""

from datetime import datetime, timedelta
from typing import Final

from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.errors import Conflict
from vivr.ids import OrderId, PaymentId
from vivr.payments import decline_store
from vivr.payments.decline_rules import WINDOW, CountedBy, DeclineTerms, wait_after
from vivr.payments.model import Payment

_PAYMENT_LIFE: Final = timedelta(days=8)
"""A payment begun before can't have been tried within the window: 24 hours to pay, and a debit's second chance."""

_BATCH: Final = 500


async def check_declines(
    tx: Tx, terms: DeclineTerms, now: datetime, order_id: OrderId, customer_id: str, client_digest: bytes | None
) -> None:
    """Refuse another way to pay while there were too many declines.

    Raises:
        Conflict: ``too_many_declines``, with ``retry_after_s``.
    """
    counts = await decline_store.count_declines(tx, order_id, customer_id, client_digest, now - WINDOW)
    wait = wait_after(counts, terms, now)
    if wait:
        raise Conflict("too_many_declines", order=order_id, retry_after_s=-(-wait // timedelta(seconds=1)))


async def keep_client(tx: Tx, now: datetime, payment_id: PaymentId, client_digest: bytes) -> None:
    """Remember from where a payment was begun, as a keyed digest, for as long as its declines count."""
    await decline_store.keep_client(tx, payment_id, client_digest, now)


async def tried_out_payments(tx: Tx, terms: DeclineTerms, now: datetime, limit: int) -> list[Payment]:
    """Open ways to pay whose own declines, or whose client's, reached the most."""
    client_most = terms.of(CountedBy.CLIENT).most
    return await decline_store.tried_out_payments(tx, now - WINDOW, terms.most, client_most, limit)


async def forget_clients(database: Database, clock: Clock) -> int:
    """Delete the digests that no count looks at any more; how many."""
    async with database.transaction("forget_payment_clients") as tx:
        return await decline_store.forget_clients(tx, clock.now() - _PAYMENT_LIFE, _BATCH)
