"""All SQL of address books."""

from dataclasses import dataclass
from datetime import datetime

from vivr.database import Sql, Tx
from vivr.ids import PersonId, SavedAddressId

_INSERT = Sql(
    "insert_saved_address",
    "Put an address into a book.",
    """
    INSERT INTO saved_address (id, person_id, sealed, is_default, created_at, expires_at)
    VALUES (%(id)s, %(person_id)s, %(sealed)s, %(is_default)s, %(now)s, %(expires_at)s)
    """,
)

_OF_PERSON = Sql(
    "saved_addresses_of_person",
    "A person's addresses, the usual one first.",
    "SELECT * FROM saved_address WHERE person_id = %(person_id)s ORDER BY is_default DESC, created_at, id",
)

_CHANGE = Sql(
    "change_saved_address",
    "Write an address anew.",
    "UPDATE saved_address SET sealed = %(sealed)s WHERE id = %(id)s AND person_id = %(person_id)s",
)

_CLEAR_DEFAULT = Sql(
    "clear_default_address",
    "No address is the usual one, before another becomes it.",
    "UPDATE saved_address SET is_default = false WHERE person_id = %(person_id)s AND is_default",
)

_SET_DEFAULT = Sql(
    "set_default_address",
    "An address becomes the usual one.",
    "UPDATE saved_address SET is_default = true WHERE id = %(id)s AND person_id = %(person_id)s",
)

_REMOVE = Sql(
    "remove_saved_address",
    "Take an address out of a book.",
    "DELETE FROM saved_address WHERE id = %(id)s AND person_id = %(person_id)s",
)

_FORGET_OF = Sql(
    "forget_addresses_of_person",
    "Empty a person's book.",
    "DELETE FROM saved_address WHERE person_id = %(person_id)s",
)

_KEEP = Sql(
    "keep_saved_addresses",
    "A book is kept as long as its account.",
    """
    UPDATE saved_address SET expires_at = greatest(saved_address.expires_at, person.expires_at)
    FROM person WHERE person.id = %(person_id)s AND saved_address.person_id = person.id
    """,
)

_FORGET = Sql(
    "forget_saved_addresses",
    "Delete addresses whose time is over, a part at a time.",
    """
    DELETE FROM saved_address WHERE id IN
        (SELECT id FROM saved_address WHERE expires_at <= %(now)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    """,
)


@dataclass(frozen=True, slots=True)
class AddressRow:
    """An address in a book as it is stored."""

    id: SavedAddressId
    person_id: PersonId
    sealed: bytes
    is_default: bool
    created_at: datetime
    expires_at: datetime


async def insert(tx: Tx, **values: object) -> None:
    """Put an address into a book."""
    await tx.run(_INSERT, **values)


async def of_person(tx: Tx, person_id: str) -> list[AddressRow]:
    """A person's addresses."""
    return await tx.rows(_OF_PERSON, AddressRow, person_id=person_id)


async def change(tx: Tx, person_id: str, address_id: str, *, sealed: bytes) -> bool:
    """Write an address anew; False: it is not this person's."""
    return await tx.run(_CHANGE, person_id=person_id, id=address_id, sealed=sealed) == 1


async def make_default(tx: Tx, person_id: str, address_id: str) -> bool:
    """Make an address the usual one; False: it is not this person's."""
    await tx.run(_CLEAR_DEFAULT, person_id=person_id)
    return await tx.run(_SET_DEFAULT, person_id=person_id, id=address_id) == 1


async def remove(tx: Tx, person_id: str, address_id: str) -> bool:
    """Take an address out; False: it is not this person's."""
    return await tx.run(_REMOVE, person_id=person_id, id=address_id) == 1


async def forget_addresses_of(tx: Tx, person_id: str) -> None:
    """Empty a person's book."""
    await tx.run(_FORGET_OF, person_id=person_id)


async def keep_addresses_of(tx: Tx, person_id: str) -> None:
    """Keep a book as long as its account."""
    await tx.run(_KEEP, person_id=person_id)


async def forget(tx: Tx, now: datetime, limit: int) -> int:
    """Delete addresses whose time is over."""
    return await tx.run(_FORGET, now=now, limit=limit)
