"""A guest who logs in keeps the orders of this session: they become the account's."""

from vivr.database import Tx
from vivr.ids import PersonId
from vivr.orders import store


async def adopt_orders(tx: Tx, *, guest: str, person_id: PersonId) -> int:
    """Give the orders of a guest's principal to a customer, in the caller's transaction; how many they were."""
    return await store.adopt_orders(tx, guest=guest, customer=f"customer:{person_id}", person_id=person_id)
