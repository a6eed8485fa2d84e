"""Whom an order goes to: sealed, kept apart from the order, and gone when its retention ends."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from vivr.customers import store
from vivr.customers.model import normalise_email
from vivr.database import Tx
from vivr.ids import OrderId
from vivr.sealing import Seals

_EMAIL_PURPOSE: Final = "order_contact.email"


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; ``country`` is ISO 3166-1 alpha-2."""

    name: str
    line1: str
    postal_code: str
    city: str
    country: str
    line2: str | None = None
    state: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """An order's e-mail address and postal address."""

    email: str
    address: Address


async def keep_contact(tx: Tx, seals: Seals, order_id: OrderId, contact: Contact, expires_at: datetime) -> None:
    """Store an order's contact in the caller's transaction."""
    sealed = seals.seal(msgspec.json.encode(contact), table="order_contact", column="sealed", row=order_id)
    email = normalise_email(contact.email)
    await store.insert_contact(
        tx,
        order_id=order_id,
        sealed=sealed,
        email_index=seals.digest(_EMAIL_PURPOSE, email) if email else None,
        expires_at=expires_at,
    )


async def find_contact(tx: Tx, seals: Seals, order_id: str) -> Contact | None:
    """An order's contact, while it is kept."""
    sealed = await store.find_contact(tx, order_id)
    if sealed is None:
        return None
    return msgspec.json.decode(seals.open(sealed, table="order_contact", column="sealed", row=order_id), type=Contact)


async def orders_given_for(tx: Tx, seals: Seals, email: str) -> list[str]:
    """The orders that a normalised address was given for, while their contacts are kept."""
    return await store.orders_of_email(tx, list(seals.digests(_EMAIL_PURPOSE, email)))
