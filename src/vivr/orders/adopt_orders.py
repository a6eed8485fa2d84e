"""Orders that become an account's: those of the session that logs in, and those that a proved address was given for."""

from collections.abc import Sequence

from vivr.database import Tx
from vivr.ids import PersonId
from vivr.orders import store


async def adopt_orders(tx: Tx, *, guest: str, person_id: PersonId) -> int:
    """Give the orders of a guest's principal to a customer, in the caller's transaction; how many they were."""
    return await store.adopt_orders(tx, guest=guest, customer=f"customer:{person_id}", person_id=person_id)


async def claim_orders(tx: Tx, *, order_ids: Sequence[str], waiting: Sequence[str], person_id: PersonId) -> int:
    """Give orders to the owner of the address that they were placed with, in the caller's transaction.

    Args:
        tx: the transaction.
        order_ids: the orders that the address was given for.
        waiting: accounts that claimed the same address without a proof; what they bought with it goes to its owner.
        person_id: the owner.
    """
    return await store.claim_orders(
        tx,
        order_ids=list(order_ids),
        principals=[f"customer:{other}" for other in waiting],
        customer=f"customer:{person_id}",
        person_id=person_id,
    )
