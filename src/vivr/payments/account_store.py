"""All SQL of Stripe's accounts and customers: whose key it is, and who pays."""

from datetime import datetime

from vivr.database import Sql, Tx
from vivr.operations.model import StripeScope

_FIND_CUSTOMER = Sql(
    "find_stripe_customer",
    "The Stripe customer of a person or a guest order.",
    """
    SELECT customer_id FROM stripe_customer
    WHERE account = %(account)s AND livemode = %(livemode)s AND owner = %(owner)s
    """,
)

_KEEP_CUSTOMER = Sql(
    "keep_stripe_customer",
    "Attach a Stripe customer to its owner, first wins.",
    """
    INSERT INTO stripe_customer (account, livemode, owner, customer_id, created_at)
    VALUES (%(account)s, %(livemode)s, %(owner)s, %(customer_id)s, %(now)s)
    ON CONFLICT ON CONSTRAINT stripe_customer_pkey DO NOTHING
    """,
)

_FORGET_CUSTOMER = Sql(
    "forget_stripe_customer",
    "Stripe has no such customer any more: its owner gets another one.",
    """
    DELETE FROM stripe_customer
    WHERE account = %(account)s AND livemode = %(livemode)s AND customer_id = %(customer_id)s
    """,
)

_FIND_ACCOUNT = Sql(
    "find_stripe_account",
    "The account that a key belongs to, if it was asked before.",
    "SELECT account FROM stripe_account WHERE key_digest = %(key_digest)s AND livemode = %(livemode)s",
)

_KEEP_ACCOUNT = Sql(
    "keep_stripe_account",
    "Remember which account a key belongs to.",
    """
    INSERT INTO stripe_account (key_digest, account, livemode, learnt_at)
    VALUES (%(key_digest)s, %(account)s, %(livemode)s, %(now)s)
    ON CONFLICT ON CONSTRAINT stripe_account_pkey DO NOTHING
    """,
)


async def find_customer(tx: Tx, scope: StripeScope, owner: str) -> str | None:
    """The Stripe customer of an owner."""
    return await tx.value(_FIND_CUSTOMER, str, account=scope.account, livemode=scope.livemode, owner=owner)


async def keep_customer(tx: Tx, scope: StripeScope, owner: str, customer_id: str, now: datetime) -> None:
    """Attach a Stripe customer to its owner, first wins."""
    await tx.run(
        _KEEP_CUSTOMER,
        account=scope.account,
        livemode=scope.livemode,
        owner=owner,
        customer_id=customer_id,
        now=now,
    )


async def forget_customer(tx: Tx, scope: StripeScope, customer_id: str) -> bool:
    """Stripe has no such customer any more; False: nobody had it."""
    return await tx.run(_FORGET_CUSTOMER, account=scope.account, livemode=scope.livemode, customer_id=customer_id) > 0


async def find_account(tx: Tx, key_digest: bytes, *, livemode: bool) -> str | None:
    """The account that a key belongs to."""
    return await tx.value(_FIND_ACCOUNT, str, key_digest=key_digest, livemode=livemode)


async def keep_account(tx: Tx, key_digest: bytes, account: str, *, livemode: bool, now: datetime) -> None:
    """Remember which account a key belongs to."""
    await tx.run(_KEEP_ACCOUNT, key_digest=key_digest, account=account, livemode=livemode, now=now)
