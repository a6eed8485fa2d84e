"""Mails about an account: asked for by a use case, written by the worker, and the secret links in them.

A request only stores what was asked and for which address. Whether the address has an account, and whose it is, is
looked up when the worker writes the mail: the request does the same work and takes the same time either way. The secret
of a link is made then too, so that it is nowhere but in the mail.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from vivr.customers import mail_store, store
from vivr.customers.accounts import email_index, email_indexes
from vivr.customers.mail_store import MailRow
from vivr.customers.model import AddressedMail, MailKind, Person, PersonKind
from vivr.customers.tokens import hash_token, is_token, new_token
from vivr.database import Tx
from vivr.errors import NotFound
from vivr.ids import AccountMailId, PersonId, new_account_mail_id
from vivr.sealing import Seals

TAKEN: Final = "account_taken"
"""What the owner of an address reads instead of a link that somebody else asked for."""

LIFETIMES: Final = {
    MailKind.CONFIRM: timedelta(days=3),
    MailKind.RESET: timedelta(hours=1),
    MailKind.CHANGE: timedelta(days=1),
    MailKind.PASSWORD_CHANGED: timedelta(days=7),
    MailKind.EMAIL_CHANGED: timedelta(days=7),
}
"""How long a link may be used, and how long a notice may wait for the mail server."""

Post: TypeAlias = Callable[[Tx, AccountMailId, MailKind, str], Awaitable[None]]
"""Queues a mail by its id, kind and language, in the transaction that asked for it."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that somebody opened: whose account it is about, and which address it proves."""

    id: AccountMailId
    person_id: PersonId
    email: str


async def post_mail(
    tx: Tx,
    seals: Seals,
    at: datetime,
    post: Post,
    kind: MailKind,
    *,
    email: str,
    person_id: PersonId | None,
    locale: str,
) -> None:
    """Ask for a mail in the caller's transaction.

    Args:
        tx: the transaction.
        seals: seals the address.
        at: the time.
        post: queues it.
        kind: what it is for.
        email: to whom, normalised.
        person_id: whose account; None: whoever the address stands for when the mail is written.
        locale: the language to write in.
    """
    mail_id = new_account_mail_id(at)
    await mail_store.insert(
        tx,
        id=mail_id,
        kind=kind,
        person_id=person_id,
        email_index=email_index(seals, email),
        email_sealed=seals.seal(email.encode(), table="account_mail", column="email_sealed", row=mail_id),
        now=at,
        expires_at=at + LIFETIMES[kind],
    )
    await post(tx, mail_id, kind, locale)


async def post_mail_to(tx: Tx, seals: Seals, at: datetime, post: Post, kind: MailKind, person: Person) -> None:
    """Ask for a mail to a person at the address, and in the language, of the account; see ``post_mail``."""
    await post_mail(tx, seals, at, post, kind, email=person.email, person_id=person.id, locale=person.locale)


async def address_mail(tx: Tx, seals: Seals, at: datetime, mail_id: str) -> AddressedMail:
    """Find out whom a mail goes to, and make the secret of its link, in the transaction that claims it.

    Raises:
        NotFound: ``link_expired``: it is too late for it; ``no_account``: the address stands for none.
    """
    row = await mail_store.lock(tx, mail_id, at)
    if row is None:
        raise NotFound("link_expired")
    email = _email_of(seals, row)
    if row.kind not in {MailKind.CONFIRM, MailKind.RESET, MailKind.CHANGE}:
        return AddressedMail(row.kind, email, None)
    found = await store.find_by_email(tx, PersonKind.CUSTOMER, email_indexes(seals, email))
    person_id = row.person_id
    if row.kind == MailKind.RESET:
        if found is None:
            raise NotFound("no_account")
        person_id = found.id
    elif found is not None and found.confirmed_at is not None and found.id != person_id:
        return AddressedMail(TAKEN, email, None)
    if person_id is None:
        raise NotFound("no_account")
    token = new_token()
    await mail_store.address(tx, row.id, person_id=person_id, token_hash=hash_token(token))
    return AddressedMail(row.kind, email, token)


async def find_link(tx: Tx, seals: Seals, at: datetime, kind: MailKind, token: str) -> Link:
    """The link that a secret opens; any text is a safe argument.

    Raises:
        NotFound: ``link_expired``: there is none, it was used, or its time is over.
    """
    row = await mail_store.find_by_token(tx, kind, hash_token(token), at) if is_token(token) else None
    if row is None or row.person_id is None:
        raise NotFound("link_expired")
    return Link(row.id, row.person_id, _email_of(seals, row))


async def use_link(tx: Tx, at: datetime, link: Link) -> None:
    """Use a link; every other link of the same person ends with it.

    Raises:
        NotFound: ``link_expired``: somebody was quicker.
    """
    if not await mail_store.use(tx, link.id, at):
        raise NotFound("link_expired")
    await void_links(tx, at, link.person_id)


async def void_links(tx: Tx, at: datetime, person_id: PersonId) -> None:
    """The links of a person's earlier mails open nothing any more."""
    await mail_store.void(tx, person_id, at)


def _email_of(seals: Seals, row: MailRow) -> str:
    return seals.open(row.email_sealed, table="account_mail", column="email_sealed", row=row.id).decode()
