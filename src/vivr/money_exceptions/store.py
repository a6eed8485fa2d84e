"""All SQL of money exceptions."""

from datetime import datetime, timedelta

from vivr.database import Sql, Tx
from vivr.ids import ExceptionId
from vivr.money_exceptions.model import RULED, HeldSum, MoneyException
from vivr.operations.model import StripeScope

_INSERT = Sql(
    "insert_money_exception",
    "Hold money that does not fit, once per Stripe object; no row: it is held already.",
    """
    INSERT INTO money_exception (id, account, livemode, object_id, charge_id, kind, payment_id, order_id, amount_minor,
                                 currency, captured, expected_minor, expected_currency, explanation, state, created_at)
    VALUES (%(id)s, %(account)s, %(livemode)s, %(object_id)s, %(charge_id)s, %(kind)s, %(payment_id)s, %(order_id)s,
            %(amount_minor)s, %(currency)s, %(captured)s, %(expected_minor)s, %(expected_currency)s, %(explanation)s,
            'open', %(now)s)
    ON CONFLICT ON CONSTRAINT money_exception_once DO NOTHING
    RETURNING *
    """,
)

_CAPTURED = Sql(
    "capture_money_exception",
    "What was only authorised is captured now, maybe in part; no row: it was known.",
    """
    UPDATE money_exception
    SET captured = true, charge_id = %(charge_id)s, kind = %(kind)s, amount_minor = %(amount_minor)s,
        currency = %(currency)s, explanation = %(explanation)s
    WHERE account = %(account)s AND livemode = %(livemode)s AND object_id = %(object_id)s AND NOT captured
    RETURNING *
    """,
)

_FIND = Sql("find_money_exception", "One exception.", "SELECT * FROM money_exception WHERE id = %(id)s")

_LOCK = Sql(
    "lock_money_exception",
    "One exception, locked; its order and payment are locked before.",
    "SELECT * FROM money_exception WHERE id = %(id)s FOR UPDATE",
)

_LOCK_OBJECT = Sql(
    "lock_money_exception_of_object",
    "The exception of a Stripe object, locked; its order is locked before.",
    """
    SELECT * FROM money_exception
    WHERE account = %(account)s AND livemode = %(livemode)s AND object_id = %(object_id)s FOR UPDATE
    """,
)

_END_OF_ITSELF = Sql(
    "end_exception_of_itself",
    "What was wrong with an object is so no more; no row: nothing of this kind was open for it.",
    """
    UPDATE money_exception
    SET state = 'resolved', resolution = 'acknowledged', resolved_at = %(now)s, resolved_by = %(actor)s,
        note = %(note)s
    WHERE account = %(account)s AND livemode = %(livemode)s AND object_id = %(object_id)s
      AND kind = %(kind)s AND state = 'open'
    RETURNING *
    """,
)

_OPEN_AGAIN = Sql(
    "open_exception_again",
    "What had ended of itself is so again; no row: it is open, or a person ended it.",
    """
    UPDATE money_exception
    SET state = 'open', resolution = NULL, resolved_at = NULL, resolved_by = NULL, note = NULL, rounds = rounds + 1,
        amount_minor = %(amount_minor)s
    WHERE account = %(account)s AND livemode = %(livemode)s AND object_id = %(object_id)s
      AND kind = %(kind)s AND state = 'resolved' AND note = %(note)s
    RETURNING *
    """,
)

_OPEN = Sql(
    "open_money_exceptions",
    "What needs a person, or Stripe's answer, oldest first.",
    "SELECT * FROM money_exception WHERE state <> 'resolved' ORDER BY created_at, id LIMIT %(limit)s",
)

_RESOLVED = Sql(
    "resolved_money_exceptions",
    "What is over, the newest end first.",
    "SELECT * FROM money_exception WHERE state = 'resolved' ORDER BY resolved_at DESC, id LIMIT %(limit)s",
)

_SUMS = Sql(
    "held_money",
    "What is held of captured money, by currency.",
    """
    SELECT currency, sum(amount_minor - returned_minor)::bigint AS held_minor, count(*)::int AS exceptions
    FROM money_exception
    WHERE state <> 'resolved' AND captured AND kind NOT IN ('double_loss', 'ledger_mismatch')
    GROUP BY currency ORDER BY currency
    """,
)

_OF_ORDER = Sql(
    "money_exceptions_of_order",
    "Money of an order that did not fit, and money that this order was placed anew for.",
    """
    SELECT * FROM money_exception WHERE order_id = %(order_id)s OR accepted_order_id = %(order_id)s
    ORDER BY created_at, id
    """,
)

_DECIDE = Sql(
    "decide_money_exception",
    "Somebody decided to give it back; no row: somebody else was quicker.",
    """
    UPDATE money_exception
    SET state = 'resolving', decided_by = %(decided_by)s, refund_id = %(refund_id)s, rounds = rounds + 1
    WHERE id = %(id)s AND state = 'open'
    RETURNING *
    """,
)

_BACK = Sql(
    "back_money_exception",
    "The first of two persons stands behind giving it back.",
    """
    UPDATE money_exception SET backed_by = %(backed_by)s
    WHERE id = %(id)s AND state = 'open' AND backed_by IS NULL
    RETURNING *
    """,
)

_RESOLVE = Sql(
    "resolve_money_exception",
    "End an exception; no row: it was ended.",
    """
    UPDATE money_exception
    SET state = 'resolved', resolution = %(resolution)s, resolved_by = %(resolved_by)s, resolved_at = %(now)s,
        accepted_order_id = %(accepted_order_id)s, note = %(note)s
    WHERE id = %(id)s AND state IN ('open', 'resolving')
    RETURNING *
    """,
)

_REOPEN = Sql(
    "reopen_money_exception",
    "Its money did not leave, or is back: it waits for a person again; no row: it does already, or was accepted.",
    """
    UPDATE money_exception
    SET state = 'open', decided_by = NULL, backed_by = NULL, resolution = NULL, resolved_by = NULL, resolved_at = NULL
    WHERE id = %(id)s AND (state = 'resolving' OR (state = 'resolved' AND resolution IN ('refunded', 'lost')))
    RETURNING *
    """,
)

_SHIFT = Sql(
    "shift_returned_money",
    "Count what went back of held money.",
    """
    UPDATE money_exception SET returned_minor = returned_minor + %(delta_minor)s
    WHERE account = %(account)s AND livemode = %(livemode)s AND object_id = %(object_id)s AND captured
      AND coalesce(resolution, '') <> 'accepted'
    RETURNING *
    """,
)

_CLAIM_DUE = Sql(
    "claim_due_money_exception",
    "Take one exception that the rule gives back and that nobody decided, and say when to look at it again.",
    """
    UPDATE money_exception
    SET rule_tries = rule_tries + 1,
        rule_at = %(now)s + least(interval '10 minutes' * power(2, least(rule_tries, 10)), interval '1 day')
    WHERE id = (SELECT id FROM money_exception
                WHERE account = %(account)s AND livemode = %(livemode)s AND state = 'open' AND rounds = 0
                  AND kind = ANY (%(kinds)s)
                  AND coalesce(rule_at, created_at + %(delay)s::interval) <= %(now)s
                ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING *
    """,
)


async def insert_exception(tx: Tx, **values: object) -> MoneyException | None:
    """Hold money that does not fit; None: this object is held already."""
    return await tx.row(_INSERT, MoneyException, **values)


async def capture_exception(tx: Tx, **values: object) -> MoneyException | None:
    """What was only authorised is captured now."""
    return await tx.row(_CAPTURED, MoneyException, **values)


async def find_exception(tx: Tx, exception_id: str) -> MoneyException | None:
    """One exception."""
    return await tx.row(_FIND, MoneyException, id=exception_id)


async def lock_exception(tx: Tx, exception_id: str) -> MoneyException | None:
    """One exception, locked."""
    return await tx.row(_LOCK, MoneyException, id=exception_id)


async def lock_of_object(tx: Tx, scope: StripeScope, object_id: str) -> MoneyException | None:
    """The exception of a Stripe object, locked."""
    return await tx.row(
        _LOCK_OBJECT, MoneyException, account=scope.account, livemode=scope.livemode, object_id=object_id
    )


async def end_of_itself(tx: Tx, **values: object) -> MoneyException | None:
    """What was wrong is so no more; None: nothing was open."""
    return await tx.row(_END_OF_ITSELF, MoneyException, **values)


async def open_again(tx: Tx, **values: object) -> MoneyException | None:
    """What had ended of itself is so again; None: it is open, or a person ended it."""
    return await tx.row(_OPEN_AGAIN, MoneyException, **values)


async def open_exceptions(tx: Tx, limit: int) -> list[MoneyException]:
    """What needs a person, or Stripe's answer."""
    return await tx.rows(_OPEN, MoneyException, limit=limit)


async def resolved_exceptions(tx: Tx, limit: int) -> list[MoneyException]:
    """What is over."""
    return await tx.rows(_RESOLVED, MoneyException, limit=limit)


async def held_sums(tx: Tx) -> list[HeldSum]:
    """What is held of captured money, by currency."""
    return await tx.rows(_SUMS, HeldSum)


async def exceptions_of_order(tx: Tx, order_id: str) -> list[MoneyException]:
    """Money of an order that did not fit."""
    return await tx.rows(_OF_ORDER, MoneyException, order_id=order_id)


async def decide(tx: Tx, exception_id: ExceptionId, *, decided_by: str, refund_id: str | None) -> MoneyException | None:
    """Somebody decided to give it back; None: somebody else was quicker."""
    return await tx.row(_DECIDE, MoneyException, id=exception_id, decided_by=decided_by, refund_id=refund_id)


async def back_exception(tx: Tx, exception_id: ExceptionId, actor: str) -> MoneyException | None:
    """The first of two persons stands behind giving it back."""
    return await tx.row(_BACK, MoneyException, id=exception_id, backed_by=actor)


async def resolve(tx: Tx, exception_id: ExceptionId, now: datetime, **values: object) -> MoneyException | None:
    """End an exception; None: it was ended."""
    return await tx.row(
        _RESOLVE, MoneyException, id=exception_id, now=now, **{"accepted_order_id": None, "note": None} | values
    )


async def reopen(tx: Tx, exception_id: ExceptionId) -> MoneyException | None:
    """Its money did not leave, or is back; None: nothing to reopen."""
    return await tx.row(_REOPEN, MoneyException, id=exception_id)


async def shift_returned(tx: Tx, scope: StripeScope, object_id: str, delta_minor: int) -> MoneyException | None:
    """Count what Stripe gave back; None: this object is not held."""
    return await tx.row(
        _SHIFT,
        MoneyException,
        account=scope.account,
        livemode=scope.livemode,
        object_id=object_id,
        delta_minor=delta_minor,
    )


async def claim_due(tx: Tx, scope: StripeScope, now: datetime, delay: timedelta) -> MoneyException | None:
    """Take one exception that the rule gives back."""
    return await tx.row(
        _CLAIM_DUE,
        MoneyException,
        account=scope.account,
        livemode=scope.livemode,
        now=now,
        delay=delay,
        kinds=sorted(RULED),
    )
