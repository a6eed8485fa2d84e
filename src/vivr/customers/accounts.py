"""Accounts as they are kept: e-mail and name sealed, a keyed hash of the e-mail to find them by, an argon2 hash."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from vivr.customers import store
from vivr.customers.model import (
    NAME_LENGTH_MAX,
    UNCONFIRMED_LIFETIME,
    Person,
    PersonKind,
    normalise_email,
    normalise_password,
    text_problem,
)
from vivr.customers.password_rules import judge_password
from vivr.customers.store import PersonRow
from vivr.database import Tx
from vivr.errors import InvalidInput
from vivr.ids import PersonId, new_person_id
from vivr.sealing import Seals

_EMAIL_PURPOSE = "person.email"


@dataclass(frozen=True, slots=True)
class AccountRequest:
    """What somebody types to get an account."""

    email: str
    password: str
    name: str
    locale: str


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What the merchant has decided about accounts."""

    shop_name: str
    retention: timedelta


@dataclass(frozen=True, slots=True)
class CheckedAccount:
    """A request that keeps the rules, in the form that is stored."""

    email: str
    password: str
    name: str
    locale: str


def check_account(request: AccountRequest, terms: AccountTerms) -> CheckedAccount:
    """Hold a request to the rules.

    Raises:
        InvalidInput: names each field that breaks one.
    """
    email = normalise_email(request.email)
    password = normalise_password(request.password)
    problems = {
        "email": None if email else "email_malformed",
        "password": judge_password(password, email=email or "", name=request.name, shop_name=terms.shop_name),
        "name": text_problem(request.name, length_max=NAME_LENGTH_MAX),
    }
    fields = {name: code for name, code in problems.items() if code is not None}
    if fields or email is None:
        raise InvalidInput(fields)
    return CheckedAccount(email, password, request.name.strip(), request.locale)


async def insert_account(
    tx: Tx,
    seals: Seals,
    at: datetime,
    account: CheckedAccount,
    terms: AccountTerms,
    *,
    password_hash: str,
    kind: PersonKind,
    role: str | None,
    is_confirmed: bool,
) -> Person:
    """Store a new account in the caller's transaction; one that is not confirmed may share its address with others."""
    person = Person(new_person_id(at), kind, role, account.email, account.name, account.locale, is_confirmed)
    await store.insert_person(
        tx,
        id=person.id,
        kind=kind,
        role=role,
        email_index=seals.digest(_EMAIL_PURPOSE, account.email),
        email_sealed=seals.seal(account.email.encode(), table="person", column="email_sealed", row=person.id),
        name_sealed=seals.seal(account.name.encode(), table="person", column="name_sealed", row=person.id),
        password_hash=password_hash,
        locale=account.locale,
        created_at=at,
        confirmed_at=at if is_confirmed else None,
        expires_at=at + kept_for(terms.retention, is_confirmed=is_confirmed),
    )
    return person


async def find_account(tx: Tx, seals: Seals, person_id: PersonId) -> Person | None:
    """An account, opened; None: it was erased."""
    row = await store.find_person(tx, person_id)
    return None if row is None else open_account(seals, row)


def open_account(seals: Seals, row: PersonRow) -> Person:
    """Open what is sealed in a row."""
    email = seals.open(row.email_sealed, table="person", column="email_sealed", row=row.id)
    name = seals.open(row.name_sealed, table="person", column="name_sealed", row=row.id)
    return Person(row.id, row.kind, row.role, email.decode(), name.decode(), row.locale, row.confirmed_at is not None)


def kept_for(retention: timedelta, *, is_confirmed: bool) -> timedelta:
    """How long an account is kept after its last use: a month where nobody proved the address."""
    return retention if is_confirmed else min(retention, UNCONFIRMED_LIFETIME)


def email_index(seals: Seals, email: str) -> bytes:
    """What a normalised address is stored under."""
    return seals.digest(_EMAIL_PURPOSE, email)


def email_indexes(seals: Seals, email: str) -> list[bytes]:
    """What a normalised address may be stored under: one hash for each active key."""
    return list(seals.digests(_EMAIL_PURPOSE, email))
