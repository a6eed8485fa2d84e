"""Read Stripe's list of balance transactions, an hour before the last reading, and keep what is new.

Nothing is asked about what the list said before: a movement never changes, and one that came late is found by the
search for what is missing.
"""

from datetime import timedelta
from typing import Final

from vivr.clock import Clock
from vivr.database import Database
from vivr.operations.model import StripeScope
from vivr.reconciliation import store
from vivr.reconciliation.keep_movements import keep_movements
from vivr.stripe_gateway.gateway import Stripe

PAUSE: Final = timedelta(minutes=5)
OVERLAP: Final = timedelta(hours=1)


async def read_balance(database: Database, stripe: Stripe, clock: Clock, scope: StripeScope) -> int:
    """Read the list if that is due; how many movements it held.

    Raises:
        Unavailable: Stripe or the database can't be reached; the next reading begins at the same place.
    """
    began = clock.now()
    async with database.transaction("claim_reading") as tx:
        read_to = await store.claim_reading(tx, scope, now=began, next_at=began + PAUSE)
    if read_to is None:
        return 0
    listed = await stripe.list_balance_since(int((read_to - OVERLAP).timestamp()))
    async with database.transaction("keep_balance") as tx:
        await keep_movements(tx, scope, began, listed)
        await store.end_reading(tx, scope, read_to=began)
    return len(listed)
