"""All SQL of mails about accounts."""

from dataclasses import dataclass
from datetime import datetime

from vivr.database import Sql, Tx
from vivr.ids import AccountMailId, PersonId

_INSERT = Sql(
    "insert_account_mail",
    "A mail about an account, to be written and sent by the worker.",
    """
    INSERT INTO account_mail (id, kind, person_id, email_index, email_sealed, created_at, expires_at)
    VALUES (%(id)s, %(kind)s, %(person_id)s, %(email_index)s, %(email_sealed)s, %(now)s, %(expires_at)s)
    """,
)

_LOCK = Sql(
    "lock_account_mail",
    "A mail whose time is not over and whose link was not used.",
    "SELECT * FROM account_mail WHERE id = %(id)s AND used_at IS NULL AND expires_at > %(now)s FOR UPDATE",
)

_ADDRESS = Sql(
    "address_account_mail",
    "Whose mail it is, and the hash of the secret that is being written into it.",
    """
    UPDATE account_mail SET person_id = %(person_id)s, token_hash = %(token_hash)s
    WHERE id = %(id)s AND used_at IS NULL
    """,
)

_FIND_BY_TOKEN = Sql(
    "find_account_mail_by_token",
    "The mail whose link carries a secret, while it may be used.",
    """
    SELECT * FROM account_mail
    WHERE token_hash = %(token_hash)s AND kind = %(kind)s AND used_at IS NULL AND expires_at > %(now)s
    """,
)

_USE = Sql(
    "use_account_mail",
    "Use a link once; no row touched: somebody did.",
    "UPDATE account_mail SET used_at = %(now)s WHERE id = %(id)s AND used_at IS NULL AND expires_at > %(now)s",
)

_VOID = Sql(
    "void_account_mails",
    "The links of a person's earlier mails open nothing any more.",
    """
    UPDATE account_mail SET used_at = %(now)s
    WHERE person_id = %(person_id)s AND used_at IS NULL
        AND kind IN ('account_confirm', 'password_reset', 'email_change')
    """,
)

_FORGET = Sql(
    "forget_account_mails",
    "Delete mails whose time is over, a part at a time.",
    """
    DELETE FROM account_mail WHERE id IN
        (SELECT id FROM account_mail WHERE expires_at <= %(now)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    """,
)


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail about an account as it is stored."""

    id: AccountMailId
    kind: str
    person_id: PersonId | None
    email_index: bytes
    email_sealed: bytes
    token_hash: bytes | None
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime


async def insert(tx: Tx, **values: object) -> None:
    """A mail about an account, to be written and sent."""
    await tx.run(_INSERT, **values)


async def lock(tx: Tx, mail_id: str, now: datetime) -> MailRow | None:
    """A mail that may still be sent, locked."""
    return await tx.row(_LOCK, MailRow, id=mail_id, now=now)


async def address(tx: Tx, mail_id: str, *, person_id: str, token_hash: bytes) -> None:
    """Whose mail it is, and the hash of its secret."""
    await tx.run(_ADDRESS, id=mail_id, person_id=person_id, token_hash=token_hash)


async def find_by_token(tx: Tx, kind: str, token_hash: bytes, now: datetime) -> MailRow | None:
    """The mail whose link carries a secret, while it may be used."""
    return await tx.row(_FIND_BY_TOKEN, MailRow, kind=kind, token_hash=token_hash, now=now)


async def use(tx: Tx, mail_id: str, now: datetime) -> bool:
    """Use a link once; False: somebody did, or its time is over."""
    return await tx.run(_USE, id=mail_id, now=now) == 1


async def void(tx: Tx, person_id: str, now: datetime) -> None:
    """The links of a person's earlier mails open nothing any more."""
    await tx.run(_VOID, person_id=person_id, now=now)


async def forget(tx: Tx, now: datetime, limit: int) -> int:
    """Delete mails whose time is over."""
    return await tx.run(_FORGET, now=now, limit=limit)
