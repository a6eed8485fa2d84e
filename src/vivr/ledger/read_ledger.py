"""Read the ledger for timelines, staff and reconciliation."""

from vivr.database import Tx
from vivr.ledger import store
from vivr.ledger.store import AccountBalance, ClearedEntry, PostedLine


async def postings_of_order(tx: Tx, order_id: str) -> list[PostedLine]:
    """All postings of one order, entry by entry."""
    return await store.postings_of_order(tx, order_id)


async def find_entry(tx: Tx, *, account: str, livemode: bool, object_id: str, kind: str) -> ClearedEntry | None:
    """What was posted in the charge's currency for one Stripe object, and what of it waits in the clearing account."""
    return await store.find_entry(tx, account=account, livemode=livemode, object_id=object_id, kind=kind)


async def balances(tx: Tx) -> list[AccountBalance]:
    """What stands on each account in each currency; debit is positive."""
    return await store.balances(tx)


async def newest_entries(
    tx: Tx, *, order_id: str | None = None, object_id: str | None = None, kind: str | None = None, limit: int = 20
) -> list[PostedLine]:
    """The postings of the newest entries, newest entry first."""
    return await store.newest_entries(tx, order_id=order_id, object_id=object_id, kind=kind, limit=limit)
