"""All SQL of refunds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from vivr.database import Sql, Tx
from vivr.ids import OrderId, PaymentId, RefundId
from vivr.operations.model import StripeScope
from vivr.refunds.model import Refund, RefundLine, RefundState, Wish

_INSERT = Sql(
    "insert_refund",
    "Record that money is to go back.",
    """
    INSERT INTO refund (id, order_id, payment_id, account, livemode, state, origin, amount_minor, currency, reason,
                        wish, requested_by, backed_by, requested_at, updated_at, request_id)
    VALUES (%(id)s, %(order_id)s, %(payment_id)s, %(account)s, %(livemode)s, 'REQUESTED', %(origin)s,
            %(amount_minor)s, %(currency)s, %(reason)s, %(wish)s, %(requested_by)s, %(backed_by)s, %(now)s, %(now)s,
            %(request_id)s)
    RETURNING *
    """,
)

_FIND = Sql("find_refund", "One refund.", "SELECT * FROM refund WHERE id = %(id)s")

_LOCK = Sql(
    "lock_refund",
    "One refund, locked; its order and payment are locked before.",
    "SELECT * FROM refund WHERE id = %(id)s FOR UPDATE",
)

_LOCK_OF_PAYMENT = Sql(
    "lock_refunds_of_payment",
    "All refunds of a payment, locked, oldest first.",
    "SELECT * FROM refund WHERE payment_id = %(payment_id)s ORDER BY id FOR UPDATE",
)

_BY_STRIPE_ID = Sql(
    "refund_by_stripe_id",
    "The refund that Stripe's one belongs to.",
    """
    SELECT * FROM refund WHERE account = %(account)s AND livemode = %(livemode)s AND stripe_id = %(stripe_id)s
    """,
)

_OF_ORDER = Sql(
    "refunds_of_order",
    "All refunds of an order, oldest first.",
    "SELECT * FROM refund WHERE order_id = %(order_id)s ORDER BY requested_at, id",
)

_OPEN_REQUESTS = Sql(
    "open_refund_requests",
    "What waits for staff's word, oldest first.",
    "SELECT * FROM refund WHERE state = 'REQUESTED' ORDER BY requested_at, id LIMIT %(limit)s",
)

_MOVE = Sql(
    "move_refund",
    "Move a refund along one allowed edge and attach Stripe's, first wins; no row: it stands elsewhere by now.",
    """
    UPDATE refund
    SET state = %(to)s, stripe_id = coalesce(stripe_id, %(stripe_id)s), failure_code = %(failure_code)s,
        decided_by = coalesce(%(decided_by)s, decided_by), poll_at = %(poll_at)s, updated_at = %(now)s
    WHERE id = %(id)s AND state = %(from)s AND (%(from)s, %(to)s) IN (
        ('REQUESTED', 'SUBMITTED'), ('REQUESTED', 'CANCELED'), ('SUBMITTED', 'PENDING'), ('SUBMITTED', 'SUCCEEDED'),
        ('SUBMITTED', 'FAILED'), ('SUBMITTED', 'CANCELED'), ('PENDING', 'SUCCEEDED'), ('PENDING', 'FAILED'),
        ('PENDING', 'CANCELED'), ('SUCCEEDED', 'FAILED'), ('SUCCEEDED', 'CANCELED'))
      AND (stripe_id IS NULL OR %(stripe_id)s::text IS NULL OR stripe_id = %(stripe_id)s)
    RETURNING *
    """,
)

_BACK = Sql(
    "back_refund",
    "The first of staff stands behind a request, once.",
    """
    UPDATE refund SET backed_by = %(backed_by)s, updated_at = %(now)s
    WHERE id = %(id)s AND state = 'REQUESTED' AND backed_by IS NULL
    RETURNING *
    """,
)

_CLAIM_POLL = Sql(
    "claim_refund_poll",
    "Take one waiting refund that is due to be asked about, and say when the next time is.",
    """
    UPDATE refund
    SET polls = polls + 1,
        poll_at = %(now)s + least(%(first)s::interval * power(2, least(polls + 1, 20)), %(longest)s::interval)
    WHERE id = (SELECT id FROM refund WHERE poll_at <= %(now)s ORDER BY poll_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING *
    """,
)

_INSERT_LINE = Sql(
    "insert_refund_line",
    "What a refund gives back of one line.",
    """
    INSERT INTO refund_line (refund_id, order_id, position, quantity, restock_quantity, amount_minor, net_minor,
                             tax_minor)
    VALUES (%(refund_id)s, %(order_id)s, %(position)s, %(quantity)s, %(restock_quantity)s, %(amount_minor)s,
            %(net_minor)s, %(tax_minor)s)
    """,
)

_LINES = Sql(
    "lines_of_refund",
    "What a refund gives back of each line.",
    """
    SELECT position, quantity, restock_quantity, amount_minor, net_minor, tax_minor
    FROM refund_line WHERE refund_id = %(refund_id)s ORDER BY position
    """,
)

_OPEN_LINE = Sql(
    "open_refunded_line",
    "Begin to count what is refunded of a line.",
    """
    INSERT INTO refunded_line (order_id, position, line_amount_minor, line_tax_minor, line_quantity, amount_minor,
                               tax_minor, quantity)
    VALUES (%(order_id)s, %(position)s, %(line_amount_minor)s, %(line_tax_minor)s, %(line_quantity)s, 0, 0, 0)
    ON CONFLICT ON CONSTRAINT refunded_line_pkey DO NOTHING
    """,
)

_SHIFT_LINE = Sql(
    "shift_refunded_line",
    "Count a refund's part of a line in (1) or out (-1); the database refuses more than the line.",
    """
    UPDATE refunded_line
    SET amount_minor = amount_minor + %(sign)s::int * %(amount_minor)s,
        tax_minor = tax_minor + %(sign)s::int * %(tax_minor)s,
        quantity = quantity + %(sign)s::int * %(quantity)s
    WHERE order_id = %(order_id)s AND position = %(position)s
    """,
)

_RESTOCK_LINE = Sql(
    "restock_refunded_line",
    "Count units in (1) that go onto the shelf again, or out (-1); the database refuses more than were sold.",
    """
    UPDATE refunded_line SET restocked_quantity = restocked_quantity + %(sign)s::int * %(units)s
    WHERE order_id = %(order_id)s AND position = %(position)s
    """,
)

_LINE_SUMS = Sql(
    "refunded_lines_of_order",
    "How much of each line is refunded or reserved.",
    """
    SELECT position, amount_minor, tax_minor, quantity, restocked_quantity
    FROM refunded_line WHERE order_id = %(order_id)s
    """,
)


@dataclass(frozen=True, slots=True)
class LineSum:
    """How much of a line is refunded or reserved."""

    position: int
    amount_minor: int
    tax_minor: int
    quantity: int
    restocked_quantity: int


async def insert_refund(tx: Tx, wish: Wish, **values: object) -> Refund:
    """Record that money is to go back."""
    stored = await tx.row(_INSERT, Refund, wish=Jsonb(wish.to_json()), **values)
    assert stored is not None
    return stored


async def find_refund(tx: Tx, refund_id: str) -> Refund | None:
    """One refund."""
    return await tx.row(_FIND, Refund, id=refund_id)


async def lock_refund(tx: Tx, refund_id: str) -> Refund | None:
    """One refund, locked."""
    return await tx.row(_LOCK, Refund, id=refund_id)


async def lock_refunds_of_payment(tx: Tx, payment_id: PaymentId) -> list[Refund]:
    """All refunds of a payment, locked."""
    return await tx.rows(_LOCK_OF_PAYMENT, Refund, payment_id=payment_id)


async def refund_by_stripe_id(tx: Tx, scope: StripeScope, stripe_id: str) -> Refund | None:
    """The refund that Stripe's one belongs to."""
    return await tx.row(_BY_STRIPE_ID, Refund, account=scope.account, livemode=scope.livemode, stripe_id=stripe_id)


async def refunds_of_order(tx: Tx, order_id: str) -> list[Refund]:
    """All refunds of an order."""
    return await tx.rows(_OF_ORDER, Refund, order_id=order_id)


async def open_requests(tx: Tx, limit: int) -> list[Refund]:
    """What waits for staff's word."""
    return await tx.rows(_OPEN_REQUESTS, Refund, limit=limit)


async def move_refund(
    tx: Tx,
    refund: Refund,
    to: RefundState,
    now: datetime,
    *,
    stripe_id: str | None = None,
    failure_code: str | None = None,
    decided_by: str | None = None,
    poll_at: datetime | None = None,
) -> Refund | None:
    """Move a refund along one edge; None: it stands elsewhere by now, or belongs to another one of Stripe's."""
    return await tx.row(
        _MOVE,
        Refund,
        **{"id": refund.id, "from": refund.state, "to": to},
        stripe_id=stripe_id,
        failure_code=failure_code,
        decided_by=decided_by,
        poll_at=poll_at,
        now=now,
    )


async def back_refund(tx: Tx, refund_id: RefundId, actor: str, now: datetime) -> Refund | None:
    """The first of staff stands behind a request; None: somebody does already, or it was decided."""
    return await tx.row(_BACK, Refund, id=refund_id, backed_by=actor, now=now)


async def claim_poll(tx: Tx, now: datetime, *, first: timedelta, longest: timedelta) -> Refund | None:
    """Take one waiting refund that is due to be asked about."""
    return await tx.row(_CLAIM_POLL, Refund, now=now, first=first, longest=longest)


async def insert_lines(tx: Tx, refund: Refund, lines: Sequence[RefundLine]) -> None:
    """What a refund gives back of each line."""
    await tx.run_many(
        _INSERT_LINE,
        [
            {
                "refund_id": refund.id,
                "order_id": refund.order_id,
                "position": line.position,
                "quantity": line.quantity,
                "restock_quantity": line.restock_quantity,
                "amount_minor": line.amount_minor,
                "net_minor": line.net_minor,
                "tax_minor": line.tax_minor,
            }
            for line in lines
        ],
    )


async def lines_of_refund(tx: Tx, refund_id: str) -> list[RefundLine]:
    """What a refund gives back of each line."""
    return await tx.rows(_LINES, RefundLine, refund_id=refund_id)


async def open_lines(tx: Tx, values: list[dict[str, object]]) -> None:
    """Begin to count what is refunded of lines."""
    await tx.run_many(_OPEN_LINE, values)


async def shift_lines(tx: Tx, order_id: OrderId, lines: Sequence[RefundLine], *, sign: int) -> None:
    """Count a refund's lines in (1) or out (-1)."""
    await tx.run_many(
        _SHIFT_LINE,
        [
            {
                "order_id": order_id,
                "position": line.position,
                "amount_minor": line.amount_minor,
                "tax_minor": line.tax_minor,
                "quantity": line.quantity,
                "sign": sign,
            }
            for line in lines
        ],
    )


async def restock_lines(tx: Tx, order_id: OrderId, lines: Sequence[RefundLine], *, sign: int) -> None:
    """Count a refund's units that go onto the shelf again in (1) or out (-1)."""
    await tx.run_many(
        _RESTOCK_LINE,
        [
            {"order_id": order_id, "position": line.position, "units": line.restock_quantity, "sign": sign}
            for line in lines
            if line.restock_quantity
        ],
    )


async def line_sums(tx: Tx, order_id: str) -> dict[int, LineSum]:
    """How much of each line is refunded or reserved, by position."""
    return {found.position: found for found in await tx.rows(_LINE_SUMS, LineSum, order_id=order_id)}
