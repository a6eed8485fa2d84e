"""An address book: where somebody's parcels usually go, sealed, kept as long as the account."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from vivr.customers import address_store, store
from vivr.customers.address_store import AddressRow
from vivr.customers.contact import Address
from vivr.database import Tx
from vivr.errors import Conflict, NotFound
from vivr.ids import PersonId, SavedAddressId, new_saved_address_id
from vivr.sealing import Seals

ADDRESSES_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class SavedAddress:
    """An address in somebody's book; one of them is the usual one."""

    id: SavedAddressId
    address: Address
    is_default: bool


async def addresses_of(tx: Tx, seals: Seals, person_id: PersonId) -> list[SavedAddress]:
    """A person's addresses, the usual one first."""
    return [_open(seals, row) for row in await address_store.of_person(tx, person_id)]


async def save_address(tx: Tx, seals: Seals, at: datetime, person_id: PersonId, address: Address) -> SavedAddressId:
    """Put an address into a book, unless it stands there already; the first one is the usual one.

    Raises:
        NotFound: ``not_found``: the account is gone.
        Conflict: ``address_book_full``.
    """
    owner = await store.lock_person(tx, person_id)
    if owner is None:
        raise NotFound("not_found")
    held = await addresses_of(tx, seals, person_id)
    same = next((saved for saved in held if saved.address == address), None)
    if same is not None:
        return same.id
    if len(held) >= ADDRESSES_MAX:
        raise Conflict("address_book_full", limit=ADDRESSES_MAX)
    address_id = new_saved_address_id(at)
    await address_store.insert(
        tx,
        id=address_id,
        person_id=person_id,
        sealed=_seal(seals, address_id, address),
        is_default=not held,
        now=at,
        expires_at=owner.expires_at,
    )
    return address_id


async def change_address(tx: Tx, seals: Seals, person_id: PersonId, address_id: str, address: Address) -> None:
    """Write one of a person's addresses anew.

    Raises:
        NotFound: ``address_not_found``: it is gone, or another's.
    """
    _insist(await address_store.change(tx, person_id, address_id, sealed=_seal(seals, address_id, address)))


async def make_address_default(tx: Tx, person_id: PersonId, address_id: str) -> None:
    """Make one of a person's addresses the usual one.

    Raises:
        NotFound: ``address_not_found``; the usual one stays it, because the transaction is rolled back.
    """
    await store.lock_person(tx, person_id)
    _insist(await address_store.make_default(tx, person_id, address_id))


async def remove_address(tx: Tx, person_id: PersonId, address_id: str) -> None:
    """Take one of a person's addresses out of the book; if it was the usual one, the oldest one left becomes it."""
    await store.lock_person(tx, person_id)
    await address_store.remove(tx, person_id, address_id)
    left = await address_store.of_person(tx, person_id)
    if left and not left[0].is_default:
        await address_store.make_default(tx, person_id, left[0].id)


def _insist(is_theirs: bool) -> None:  # noqa: FBT001 - the only thing that is said
    if not is_theirs:
        raise NotFound("address_not_found")


def _seal(seals: Seals, address_id: str, address: Address) -> bytes:
    return seals.seal(msgspec.json.encode(address), table="saved_address", column="sealed", row=address_id)


def _open(seals: Seals, row: AddressRow) -> SavedAddress:
    opened = seals.open(row.sealed, table="saved_address", column="sealed", row=row.id)
    return SavedAddress(row.id, msgspec.json.decode(opened, type=Address), row.is_default)
