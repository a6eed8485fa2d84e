"""All SQL of tries that failed, and of telling the customer of them."""

from dataclasses import dataclass
from datetime import datetime

from vivr.database import Sql, Tx
from vivr.ids import OrderId, PaymentId
from vivr.payments.model import Payment

_INSERT = Sql(
    "insert_payment_attempt",
    "A try that failed, once per Stripe object.",
    """
    INSERT INTO payment_attempt (account, livemode, object_id, payment_id, order_id, code, decline_code,
                                 card_fingerprint, at)
    VALUES (%(account)s, %(livemode)s, %(object_id)s, %(payment_id)s, %(order_id)s, %(code)s, %(decline_code)s,
            %(card_fingerprint)s, %(at)s)
    ON CONFLICT ON CONSTRAINT payment_attempt_pkey DO NOTHING
    """,
)

_OF_ORDER = Sql(
    "attempts_of_order",
    "The tries to pay an order that failed, oldest first.",
    "SELECT * FROM payment_attempt WHERE order_id = %(order_id)s ORDER BY at, object_id",
)

_TELL_AT = Sql(
    "tell_failure_at",
    "When the customer is to be told that the payment failed.",
    "UPDATE payment SET tell_failure_at = %(at)s WHERE id = %(id)s",
)

_TO_TELL = Sql(
    "payment_to_tell",
    "The payment whose failure has waited longest to be told.",
    "SELECT * FROM payment WHERE tell_failure_at <= %(now)s ORDER BY tell_failure_at LIMIT 1",
)

_TOLD = Sql(
    "end_telling_failure",
    "The failure is told, or need not be; no row: another worker was quicker, or a later try put it off.",
    "UPDATE payment SET tell_failure_at = NULL WHERE id = %(id)s AND tell_failure_at <= %(now)s",
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try to pay that failed."""

    account: str
    livemode: bool
    object_id: str
    payment_id: PaymentId
    order_id: OrderId
    code: str
    decline_code: str | None
    at: datetime
    card_fingerprint: str | None


async def insert_attempt(tx: Tx, **values: object) -> bool:
    """A try that failed; False: it is known."""
    return await tx.run(_INSERT, **values) == 1


async def attempts_of(tx: Tx, order_id: str) -> list[Attempt]:
    """The tries to pay an order that failed."""
    return await tx.rows(_OF_ORDER, Attempt, order_id=order_id)


async def tell_failure_at(tx: Tx, payment_id: PaymentId, at: datetime) -> None:
    """When the customer is to be told."""
    await tx.run(_TELL_AT, id=payment_id, at=at)


async def payment_to_tell(tx: Tx, now: datetime) -> Payment | None:
    """The payment whose failure has waited longest to be told."""
    return await tx.row(_TO_TELL, Payment, now=now)


async def end_telling(tx: Tx, payment_id: PaymentId, now: datetime) -> bool:
    """The failure is told, or need not be; False: another worker was quicker, or a later try put it off."""
    return await tx.run(_TOLD, id=payment_id, now=now) == 1
