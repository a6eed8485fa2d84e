"""All SQL of money exceptions."""

from dataclasses import dataclass
from datetime import datetime

from vivr.database import Sql, Tx
from vivr.ids import ExceptionId

_INSERT = Sql(
    "insert_money_exception",
    "Hold money that does not fit, once per Stripe object.",
    """
    INSERT INTO money_exception (id, account, livemode, object_id, kind, payment_id, order_id, amount_minor, currency,
                                 expected_minor, expected_currency, explanation, state, created_at)
    VALUES (%(id)s, %(account)s, %(livemode)s, %(object_id)s, %(kind)s, %(payment_id)s, %(order_id)s, %(amount_minor)s,
            %(currency)s, %(expected_minor)s, %(expected_currency)s, %(explanation)s, 'open', %(now)s)
    ON CONFLICT ON CONSTRAINT money_exception_once DO NOTHING
    """,
)

_OPEN = Sql(
    "open_money_exceptions",
    "What needs a person, oldest first.",
    "SELECT * FROM money_exception WHERE state = 'open' ORDER BY created_at, id LIMIT %(limit)s",
)

_OF_ORDER = Sql(
    "money_exceptions_of_order",
    "Money of an order that did not fit.",
    "SELECT * FROM money_exception WHERE order_id = %(order_id)s ORDER BY created_at, id",
)


@dataclass(frozen=True, slots=True)
class MoneyException:
    """Money that did not fit, as it is stored."""

    id: ExceptionId
    account: str
    livemode: bool
    object_id: str
    kind: str
    payment_id: str | None
    order_id: str | None
    amount_minor: int
    currency: str
    expected_minor: int | None
    expected_currency: str | None
    explanation: str
    state: str
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None


async def insert_exception(tx: Tx, **values: object) -> bool:
    """Hold money that does not fit; False: this object is held already."""
    return await tx.run(_INSERT, **values) == 1


async def open_exceptions(tx: Tx, limit: int) -> list[MoneyException]:
    """What needs a person."""
    return await tx.rows(_OPEN, MoneyException, limit=limit)


async def exceptions_of_order(tx: Tx, order_id: str) -> list[MoneyException]:
    """Money of an order that did not fit."""
    return await tx.rows(_OF_ORDER, MoneyException, order_id=order_id)
