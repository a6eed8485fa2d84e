"""Staff accounts: added from the command line alone, and logged in at the back office's door."""

from vivr.audit.record_act import record_act
from vivr.caller import ROLES, Caller
from vivr.clock import Clock
from vivr.customers import store
from vivr.customers.accounts import (
    AccountRequest,
    AccountTerms,
    check_account,
    email_indexes,
    insert_account,
    open_account,
)
from vivr.customers.model import Person, PersonKind, normalise_email
from vivr.customers.passwords import hash_password
from vivr.database import Database, Tx
from vivr.errors import Conflict, InvalidInput
from vivr.sealing import Seals


async def find_staff(tx: Tx, seals: Seals, email: str) -> Person | None:
    """The member of staff who logs in with this address, if there is one."""
    address = normalise_email(email)
    row = await store.find_by_email(tx, PersonKind.STAFF, email_indexes(seals, address)) if address else None
    return None if row is None else open_account(seals, row)


async def add_staff(
    database: Database,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    terms: AccountTerms,
    request: AccountRequest,
    *,
    role: str,
) -> Person:
    """Make a staff account.

    Args:
        database: opens a transaction.
        clock: the time.
        seals: seals the account.
        caller: who adds it, for the audit.
        terms: what the merchant decided about accounts.
        request: e-mail, password, name and language.
        role: ``viewer``, ``support``, ``finance`` or ``owner``.

    Raises:
        InvalidInput: fields break a rule; each is named.
        Conflict: ``address_owned``: there is such a member of staff; nothing changed.
    """
    if role not in ROLES:
        raise InvalidInput({"role": "role_unknown"})
    account = check_account(request, terms)
    password_hash = await hash_password(account.password)
    now = clock.now()
    async with database.transaction("add_staff") as tx:
        # The index holds an address once under today's key; this finds one that was stored under an older key.
        if await find_staff(tx, seals, account.email) is not None:
            raise Conflict("address_owned")
        person = await insert_account(
            tx,
            seals,
            now,
            account,
            terms,
            password_hash=password_hash,
            kind=PersonKind.STAFF,
            role=role,
            is_confirmed=True,
        )
        await record_act(tx, caller, now, "staff.added", on=("person", person.id))
    return person
