"""Another password: by whoever knows the old one, or by whoever reads the account's mail."""

from datetime import datetime

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.customers import address_store, store
from vivr.customers.account_mails import Link, find_link, post_mail, post_mail_to, use_link, void_links
from vivr.customers.accounts import AccountTerms, open_account
from vivr.customers.log_in import Arrival, Entrance, enter_account
from vivr.customers.model import MailKind, Person, normalise_email, normalise_password
from vivr.customers.neighbours import Neighbours
from vivr.customers.password_rules import judge_password
from vivr.customers.passwords import hash_password
from vivr.customers.prove_address import take_address
from vivr.customers.reauthenticate import FIELD, reauthenticate
from vivr.customers.sessions import end_all_sessions
from vivr.database import Database, Tx
from vivr.errors import InvalidInput, NotFound
from vivr.sealing import Seals


async def change_password(
    database: Database,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    terms: AccountTerms,
    person: Person,
    *,
    current: str,
    new: str,
    arrival: Arrival,
    neighbours: Neighbours,
) -> Entrance:
    """Change the password, log out everywhere else, and go on in a new session; a notice goes to the person.

    Raises:
        InvalidInput: ``current_password`` is wrong, or ``password`` breaks a rule; nothing changed.
    """
    before = await reauthenticate(database, clock, caller, person.id, current)
    new_hash = await hash_password(_checked(person, terms, new))
    now = clock.now()
    async with database.transaction("change_password") as tx:
        if not await store.set_password(tx, person.id, old_hash=before.password_hash, new_hash=new_hash):
            raise InvalidInput({FIELD: "password_wrong"})
        await void_links(tx, now, person.id)
        await _finish(tx, seals, now, caller, person, neighbours, "customer.password_changed")
        return await enter_account(tx, now, person, arrival, neighbours.take_over)


async def ask_for_reset(
    database: Database, clock: Clock, seals: Seals, caller: Caller, neighbours: Neighbours, *, email: str, locale: str
) -> None:
    """Send a link to whoever has this address. Whether it has an account is looked up when the mail is written.

    Raises:
        InvalidInput: ``email: email_malformed``.
    """
    address = normalise_email(email)
    if address is None:
        raise InvalidInput({"email": "email_malformed"})
    now = clock.now()
    async with database.transaction("ask_for_reset") as tx:
        await record_act(tx, caller, now, "customer.password_reset_asked", on=("person", "unknown"))
        await post_mail(tx, seals, now, neighbours.post, MailKind.RESET, email=address, person_id=None, locale=locale)


async def reset_password(
    database: Database,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    terms: AccountTerms,
    *,
    token: str,
    new: str,
    neighbours: Neighbours,
) -> None:
    """Set a password by the link of a mail and log the account out everywhere.

    The link proves the address as well. An account that nobody had confirmed may have been made by somebody else, so
    that the addresses in its book go.

    Raises:
        NotFound: ``link_expired``.
        InvalidInput: ``password`` breaks a rule; the link may be used again.
        Conflict: ``address_owned``: another account proved the address meanwhile.
    """
    now = clock.now()
    async with database.transaction("find_link") as tx:
        link = await find_link(tx, seals, now, MailKind.RESET, token)
        row = await store.find_person(tx, link.person_id)
    if row is None:
        raise NotFound("link_expired")
    new_hash = await hash_password(_checked(open_account(seals, row), terms, new))
    async with database.transaction("reset_password") as tx:
        person = await _open_by_link(tx, seals, now, link, terms, neighbours)
        await store.set_password(tx, person.id, old_hash=None, new_hash=new_hash)
        await _finish(tx, seals, now, caller, person, neighbours, "customer.password_reset")


async def _open_by_link(
    tx: Tx, seals: Seals, at: datetime, link: Link, terms: AccountTerms, neighbours: Neighbours
) -> Person:
    row = await store.lock_person(tx, link.person_id)
    if row is None:
        raise NotFound("link_expired")
    await use_link(tx, at, link)
    if row.confirmed_at is not None:
        return open_account(seals, row)
    await address_store.forget_addresses_of(tx, link.person_id)
    return await take_address(tx, seals, at, link, retention=terms.retention, neighbours=neighbours)


def _checked(person: Person, terms: AccountTerms, password: str) -> str:
    normal = normalise_password(password)
    problem = judge_password(normal, email=person.email, name=person.name, shop_name=terms.shop_name)
    if problem is not None:
        raise InvalidInput({"password": problem})
    return normal


async def _finish(
    tx: Tx, seals: Seals, at: datetime, caller: Caller, person: Person, neighbours: Neighbours, act: str
) -> None:
    """End every session, write it down, and tell the person."""
    await end_all_sessions(tx, person.id)
    await record_act(tx, caller, at, act, on=("person", person.id))
    await post_mail_to(tx, seals, at, neighbours.post, MailKind.PASSWORD_CHANGED, person)
