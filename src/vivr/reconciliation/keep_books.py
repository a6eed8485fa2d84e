"""Keep the books in step with Stripe's balance: read it, look for what is missing, post what can be posted."""

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database
from vivr.operations.model import StripeScope
from vivr.reconciliation.find_missing import explain_waiting, find_missing
from vivr.reconciliation.post_movements import post_movements
from vivr.reconciliation.read_balance import read_balance
from vivr.stripe_gateway.gateway import Stripe


async def keep_books(
    database: Database, stripe: Stripe, clock: Clock, caller: Caller, scope: StripeScope, shop_id: str
) -> int:
    """Take one turn; how many movements were posted. Any number of workers may.

    Raises:
        Unavailable: Stripe or the database can't be reached; what was kept before is posted all the same.
    """
    try:
        await read_balance(database, stripe, clock, scope)
        await explain_waiting(database, stripe, clock, caller, scope, shop_id)
        await find_missing(database, stripe, clock, caller, scope)
    finally:
        posted = await post_movements(database, clock, caller)
    return posted
