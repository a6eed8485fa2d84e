"""Prove an address by the link of a mail: of a new account, or of an account that moves to another address.

The link alone is not enough. Somebody may register another person's address and wait for that person to press the
button in the mail, and then know the password of an account that owns the address. So the button works only in the
browser that the account is logged in with, and asks for its password in any other.
"""

from datetime import datetime, timedelta

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.customers import address_store, store
from vivr.customers.account_mails import Link, find_link, post_mail_to, use_link, void_links
from vivr.customers.accounts import email_index, email_indexes, kept_for, open_account
from vivr.customers.contact import orders_given_for
from vivr.customers.log_in import Arrival, Entrance, enter_account
from vivr.customers.model import MailKind, Person, Session
from vivr.customers.neighbours import Neighbours
from vivr.customers.reauthenticate import reauthenticate
from vivr.customers.sessions import end_all_sessions
from vivr.database import Database, Tx
from vivr.errors import Conflict, NotFound
from vivr.sealing import Seals


async def ask_for_proof(database: Database, clock: Clock, seals: Seals, person: Person, neighbours: Neighbours) -> None:
    """Send the mail with the link once more; the links of the mails before end."""
    now = clock.now()
    async with database.transaction("ask_for_proof") as tx:
        await void_links(tx, now, person.id)
        await post_mail_to(tx, seals, now, neighbours.post, MailKind.CONFIRM, person)


def needs_password(link: Link, session: Session | None) -> bool:
    """Whether a link is opened in another browser than the account's."""
    return session is None or session.person_id != link.person_id


async def prove_address(
    database: Database,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    kind: MailKind,
    token: str,
    password: str,
    *,
    retention: timedelta,
    arrival: Arrival,
    neighbours: Neighbours,
) -> Entrance:
    """Make an address the account's own, claim the orders that guests placed with it, and go on in a new session.

    Args:
        database: opens the transactions.
        clock: the time.
        seals: opens and seals the address.
        caller: who, for the audit.
        kind: ``CONFIRM`` for the address that the account has, ``CHANGE`` for another one.
        token: the secret of the link.
        password: the account's; not asked for in a browser that the account is logged in with.
        retention: how long an account is kept after its last use.
        arrival: where they come from.
        neighbours: the other rooms.

    Raises:
        NotFound: ``link_expired``.
        InvalidInput: ``current_password: password_wrong``.
        Conflict: ``address_owned``: another account proved it first; nothing changed.
    """
    now = clock.now()
    async with database.transaction("find_link") as tx:
        link = await find_link(tx, seals, now, kind, token)
    if needs_password(link, arrival.session):
        await reauthenticate(database, clock, caller, link.person_id, password)
    async with database.transaction("prove_address") as tx:
        before = await store.lock_person(tx, link.person_id)
        if before is None:
            raise NotFound("link_expired")
        await use_link(tx, now, link)
        person = await take_address(tx, seals, now, link, retention=retention, neighbours=neighbours)
        await record_act(tx, caller, now, f"customer.{_DONE[kind]}", on=("person", person.id))
        if kind is MailKind.CHANGE:
            await end_all_sessions(tx, person.id)
            if before.confirmed_at is not None:
                owner = open_account(seals, before)
                await post_mail_to(tx, seals, now, neighbours.post, MailKind.EMAIL_CHANGED, owner)
        return await enter_account(tx, now, person, arrival, neighbours.take_over)


async def take_address(
    tx: Tx, seals: Seals, at: datetime, link: Link, *, retention: timedelta, neighbours: Neighbours
) -> Person:
    """Make the address of a used link its account's own, with the orders that belong to it and to no owner.

    Raises:
        Conflict: ``address_owned``. Two at the same moment are parted by the index of that name.
    """
    indexes = email_indexes(seals, link.email)
    row = await store.confirm_person(
        tx,
        link.person_id,
        now=at,
        email_index=email_index(seals, link.email),
        email_sealed=seals.seal(link.email.encode(), table="person", column="email_sealed", row=link.person_id),
        indexes=indexes,
        expires_at=at + kept_for(retention, is_confirmed=True),
    )
    if row is None:
        raise Conflict("address_owned")
    await address_store.keep_addresses_of(tx, link.person_id)
    person = open_account(seals, row)
    order_ids = await orders_given_for(tx, seals, link.email)
    await neighbours.claim_orders(tx, order_ids, await store.waiting_by_email(tx, indexes), person)
    return person


_DONE = {MailKind.CONFIRM: "address_confirmed", MailKind.CHANGE: "address_changed"}
