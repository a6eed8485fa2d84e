"""All SQL of orders."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from vivr.database import Sql, Tx
from vivr.ids import OrderId, ProductId
from vivr.orders.model import Hold, Order, OrderLine, OrderState

_INSERT = Sql(
    "insert_order",
    "Place an order under an id that was chosen before; no row: it was placed already.",
    """
    INSERT INTO orders (id, principal, person_id, state, currency, locale, return_origin, subtotal_minor,
                        discount_minor, shipping_minor, tax_minor, total_minor, payable_minor, placed_at, deadline_at,
                        request_id)
    VALUES (%(id)s, %(principal)s, %(person_id)s, 'PENDING', %(currency)s, %(locale)s, %(return_origin)s,
            %(subtotal_minor)s, 0, %(shipping_minor)s, %(tax_minor)s, %(total_minor)s, %(total_minor)s, %(placed_at)s,
            %(deadline_at)s, %(request_id)s)
    ON CONFLICT ON CONSTRAINT orders_pkey DO NOTHING
    RETURNING *
    """,
)

_INSERT_AGAIN = Sql(
    "insert_order_again",
    "The same order under a new id, with everything that was frozen.",
    """
    INSERT INTO orders (id, principal, person_id, state, currency, locale, return_origin, subtotal_minor,
                        discount_minor, shipping_minor, tax_minor, total_minor, payable_minor, placed_at, deadline_at,
                        request_id)
    SELECT %(id)s, principal, person_id, 'PENDING', currency, locale, return_origin, subtotal_minor, discount_minor,
           shipping_minor, tax_minor, total_minor, payable_minor, %(now)s, %(now)s, %(request_id)s
    FROM orders WHERE id = %(of)s
    RETURNING *
    """,
)

_INSERT_LINE = Sql(
    "insert_order_line",
    "Freeze one line.",
    """
    INSERT INTO order_line (order_id, position, kind, product_id, sku, title, quantity, unit_minor, discount_minor,
                            amount_minor, tax_rate_bp, net_minor, tax_minor, amendment)
    VALUES (%(order_id)s, %(position)s, %(kind)s, %(product_id)s, %(sku)s, %(title)s, %(quantity)s, %(unit_minor)s,
            %(discount_minor)s, %(amount_minor)s, %(tax_rate_bp)s, %(net_minor)s, %(tax_minor)s, %(amendment)s)
    """,
)

_INSERT_RESERVATION = Sql(
    "insert_stock_reservation",
    "Say which units an order holds.",
    """
    INSERT INTO stock_reservation (order_id, product_id, quantity, state)
    VALUES (%(order_id)s, %(product_id)s, %(quantity)s, 'HELD')
    """,
)

_END_RESERVATIONS = Sql(
    "end_stock_reservations",
    "Take or free what an order holds, once: a second call touches no row.",
    """
    UPDATE stock_reservation SET state = %(state)s
    WHERE order_id = %(order_id)s AND state = 'HELD'
    RETURNING product_id, quantity
    """,
)

_HELD_UNITS = Sql(
    "held_units_of_order",
    "How many units an order holds, neither taken nor freed.",
    "SELECT coalesce(sum(quantity), 0)::int FROM stock_reservation WHERE order_id = %(order_id)s AND state = 'HELD'",
)

_FIND = Sql("find_order", "One order.", "SELECT * FROM orders WHERE id = %(id)s")

_LOCK = Sql("lock_order", "One order, locked until the end.", "SELECT * FROM orders WHERE id = %(id)s FOR UPDATE")

_LINES = Sql(
    "lines_of_order",
    "The frozen lines that are in force: as the order was placed, or as it was amended.",
    """
    SELECT position, kind, product_id, sku, title, quantity, unit_minor, discount_minor, amount_minor, tax_rate_bp,
           net_minor, tax_minor
    FROM order_line
    WHERE order_id = %(order_id)s AND amendment = (SELECT amendment FROM orders WHERE id = %(order_id)s)
    ORDER BY position
    """,
)

_MOVE = Sql(
    "move_order",
    "Move an order along one allowed edge; no row: it stands elsewhere by now.",
    """
    UPDATE orders
    SET state = %(to)s,
        state_before = CASE WHEN %(to)s = 'DISPUTED' THEN state END,
        deadline_at = coalesce(%(deadline_at)s, deadline_at),
        second_chance_at = CASE WHEN %(to)s = 'PENDING' THEN %(at)s ELSE second_chance_at END,
        sessions_made = CASE WHEN %(to)s = 'PENDING' THEN 0 ELSE sessions_made END
    WHERE id = %(id)s AND state = %(from)s AND (%(from)s, %(to)s) IN (
        ('PENDING', 'PROCESSING'), ('PENDING', 'PAID'), ('PROCESSING', 'PAID'), ('PENDING', 'CANCELLED'),
        ('PROCESSING', 'CANCELLED'), ('PROCESSING', 'PENDING'), ('PAID', 'SHIPPED'), ('SHIPPED', 'DELIVERED'),
        ('PAID', 'REFUNDED'), ('SHIPPED', 'REFUNDED'), ('DELIVERED', 'REFUNDED'), ('PAID', 'DISPUTED'),
        ('SHIPPED', 'DISPUTED'), ('DELIVERED', 'DISPUTED'), ('REFUNDED', 'DISPUTED'), ('DISPUTED', 'PAID'),
        ('DISPUTED', 'SHIPPED'), ('DISPUTED', 'DELIVERED'), ('DISPUTED', 'REFUNDED'), ('REFUNDED', 'PAID'),
        ('REFUNDED', 'SHIPPED'), ('REFUNDED', 'DELIVERED'))
    RETURNING *
    """,
)

_INSERT_HISTORY = Sql(
    "insert_order_history",
    "Say why and by whom an order moved.",
    """
    INSERT INTO order_history (order_id, from_state, to_state, reason, actor, request_id, at)
    VALUES (%(order_id)s, %(from_state)s, %(to_state)s, %(reason)s, %(actor)s, %(request_id)s, %(at)s)
    """,
)

_HISTORY = Sql(
    "history_of_order",
    "How an order came to where it is.",
    """
    SELECT from_state, to_state, reason, actor, request_id, at
    FROM order_history WHERE order_id = %(order_id)s ORDER BY id
    """,
)

_PROGRESS = Sql(
    "progress_of_order",
    "How far a settled order had come: paid, shipped or delivered, whatever its money did since.",
    """
    SELECT to_state FROM order_history
    WHERE order_id = %(order_id)s AND to_state IN ('PAID', 'SHIPPED', 'DELIVERED') ORDER BY id DESC LIMIT 1
    """,
)

_EXTEND_DEADLINE = Sql(
    "extend_deadline",
    "A new session gives an order more time, and counts.",
    """
    UPDATE orders SET deadline_at = greatest(deadline_at, %(deadline_at)s), sessions_made = sessions_made + 1
    WHERE id = %(id)s AND state = 'PENDING'
    RETURNING *
    """,
)

_OVERDUE = Sql(
    "overdue_orders",
    "Unpaid orders whose deadline passed, oldest first.",
    """
    SELECT id FROM orders
    WHERE state = 'PENDING' AND deadline_at <= %(now)s
    ORDER BY deadline_at LIMIT %(limit)s
    """,
)

_POSTPONE = Sql(
    "postpone_deadline",
    "Look at an order again later: it could not be closed now.",
    """
    UPDATE orders SET deadline_at = greatest(deadline_at, %(deadline_at)s) WHERE id = %(id)s AND state = 'PENDING'
    """,
)

_OF_PRINCIPAL = Sql(
    "orders_of_principal",
    "A customer's own orders, newest first, after a cursor.",
    """
    SELECT * FROM orders
    WHERE principal = %(principal)s AND (%(before)s::text IS NULL OR id < %(before)s)
    ORDER BY id DESC LIMIT %(limit)s
    """,
)

_ALL = Sql(
    "all_orders",
    "All orders for staff, newest first, after a cursor, by state where one is given.",
    """
    SELECT * FROM orders
    WHERE (%(before)s::text IS NULL OR id < %(before)s) AND (%(state)s::text IS NULL OR state = %(state)s)
    ORDER BY id DESC LIMIT %(limit)s
    """,
)

_ADOPT = Sql(
    "adopt_orders",
    "Orders that a guest placed in this session belong to the account that the session logs in to.",
    """
    UPDATE orders SET principal = %(customer)s, person_id = %(person_id)s WHERE principal = %(guest)s
    """,
)

_CLAIM = Sql(
    "claim_orders",
    "Orders that a proved address was given for belong to its owner, unless another account owns them.",
    """
    UPDATE orders SET principal = %(customer)s, person_id = %(person_id)s
    WHERE id IN (
        SELECT id FROM orders
        WHERE id = ANY(%(order_ids)s) AND (principal LIKE 'guest:%%' OR principal = ANY(%(principals)s))
        ORDER BY id FOR UPDATE)
    """,
)


_INSERT_HOLD = Sql(
    "insert_order_hold",
    "Hold an order, once per object that causes it.",
    """
    INSERT INTO order_hold (id, order_id, cause, object_id, placed_by, placed_at)
    VALUES (%(id)s, %(order_id)s, %(cause)s, %(object_id)s, %(placed_by)s, %(now)s)
    ON CONFLICT ON CONSTRAINT order_hold_once DO NOTHING
    """,
)

_OPEN_HOLDS = Sql(
    "open_holds_of_orders",
    "What holds some orders now.",
    """
    SELECT * FROM order_hold WHERE order_id = ANY(%(order_ids)s) AND released_at IS NULL ORDER BY placed_at, id
    """,
)

_RELEASE_HOLDS = Sql(
    "release_order_hold",
    "Release what an object holds; no row: it holds nothing.",
    """
    UPDATE order_hold SET released_by = %(released_by)s, released_at = %(now)s
    WHERE order_id = %(order_id)s AND object_id = %(object_id)s AND released_at IS NULL
    RETURNING *
    """,
)


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One move of an order."""

    from_state: OrderState | None
    to_state: OrderState
    reason: str
    actor: str
    request_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HeldUnits:
    """Units of a product that an order holds."""

    product_id: ProductId
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderKey:
    """Only an order's id."""

    id: OrderId


async def insert_order(tx: Tx, **values: object) -> Order | None:
    """Place an order; None: this id was placed before."""
    return await tx.row(_INSERT, Order, **values)


async def insert_again(tx: Tx, order_id: OrderId, *, of: OrderId, now: datetime, request_id: str) -> Order:
    """The same order under a new id."""
    order = await tx.row(_INSERT_AGAIN, Order, id=order_id, of=of, now=now, request_id=request_id)
    assert order is not None
    return order


async def insert_lines(tx: Tx, order_id: OrderId, lines: Sequence[OrderLine], *, amendment: int = 0) -> None:
    """Freeze the lines, as placed or as an amendment leaves them."""
    await tx.run_many(
        _INSERT_LINE,
        [dict[str, object](asdict(line), order_id=order_id, amendment=amendment) for line in lines],
    )


async def insert_reservations(tx: Tx, order_id: OrderId, quantities: Mapping[ProductId, int]) -> None:
    """Say which units an order holds."""
    await tx.run_many(
        _INSERT_RESERVATION,
        [
            {"order_id": order_id, "product_id": product_id, "quantity": quantity}
            for product_id, quantity in quantities.items()
        ],
    )


async def end_reservations(tx: Tx, order_id: OrderId, state: str) -> dict[ProductId, int]:
    """Take or free what an order holds: the units that this call ended, nothing on a second call."""
    ended = await tx.rows(_END_RESERVATIONS, HeldUnits, order_id=order_id, state=state)
    return {units.product_id: units.quantity for units in ended}


async def held_units_of(tx: Tx, order_id: str) -> int:
    """How many units an order holds that were neither taken nor freed."""
    return await tx.value(_HELD_UNITS, int, order_id=order_id) or 0


async def find_order(tx: Tx, order_id: str) -> Order | None:
    """One order."""
    return await tx.row(_FIND, Order, id=order_id)


async def lock_order(tx: Tx, order_id: str) -> Order | None:
    """One order, locked."""
    return await tx.row(_LOCK, Order, id=order_id)


async def lines_of(tx: Tx, order_id: str) -> list[OrderLine]:
    """The frozen lines that are in force."""
    return await tx.rows(_LINES, OrderLine, order_id=order_id)


async def move(
    tx: Tx, order_id: OrderId, start: OrderState, to: OrderState, deadline_at: datetime | None, at: datetime
) -> Order | None:
    """Move an order along one edge; None: it stands elsewhere by now, or there is no such edge."""
    values = {"id": order_id, "from": start, "to": to, "deadline_at": deadline_at, "at": at}
    return await tx.row(_MOVE, Order, **values)


async def insert_history(tx: Tx, **values: object) -> None:
    """Say why and by whom an order moved."""
    await tx.run(_INSERT_HISTORY, **values)


async def history_of(tx: Tx, order_id: str) -> list[HistoryRow]:
    """How an order came to where it is."""
    return await tx.rows(_HISTORY, HistoryRow, order_id=order_id)


async def progress_of(tx: Tx, order_id: str) -> OrderState | None:
    """How far a settled order had come; None: it never was."""
    found = await tx.value(_PROGRESS, str, order_id=order_id)
    return OrderState(found) if found else None


async def extend_deadline(tx: Tx, order_id: OrderId, deadline_at: datetime) -> Order | None:
    """A new session gives an order more time; None: it is no longer pending."""
    return await tx.row(_EXTEND_DEADLINE, Order, id=order_id, deadline_at=deadline_at)


async def overdue(tx: Tx, *, now: datetime, limit: int) -> list[OrderId]:
    """Unpaid orders whose deadline passed."""
    return [key.id for key in await tx.rows(_OVERDUE, OrderKey, now=now, limit=limit)]


async def postpone_deadline(tx: Tx, order_id: OrderId, deadline_at: datetime) -> None:
    """Look at an order again later."""
    await tx.run(_POSTPONE, id=order_id, deadline_at=deadline_at)


async def orders_of_principal(tx: Tx, principal: str, *, before: str | None, limit: int) -> list[Order]:
    """A customer's own orders."""
    return await tx.rows(_OF_PRINCIPAL, Order, principal=principal, before=before, limit=limit)


async def all_orders(tx: Tx, *, before: str | None, state: str | None, limit: int) -> list[Order]:
    """All orders, for staff."""
    return await tx.rows(_ALL, Order, before=before, state=state, limit=limit)


async def claim_orders(tx: Tx, *, order_ids: list[str], principals: list[str], customer: str, person_id: str) -> int:
    """Give the orders of a proved address to its owner; how many they were."""
    return await tx.run(_CLAIM, order_ids=order_ids, principals=principals, customer=customer, person_id=person_id)


async def adopt_orders(tx: Tx, *, guest: str, customer: str, person_id: str) -> int:
    """Give a guest session's orders to an account."""
    return await tx.run(_ADOPT, guest=guest, customer=customer, person_id=person_id)


async def insert_hold(tx: Tx, **values: object) -> bool:
    """Hold an order; False: this object holds it already, or did."""
    return await tx.run(_INSERT_HOLD, **values) == 1


async def open_holds(tx: Tx, order_ids: list[str]) -> list[Hold]:
    """What holds some orders now."""
    return await tx.rows(_OPEN_HOLDS, Hold, order_ids=order_ids)


async def release_holds(tx: Tx, **values: object) -> list[Hold]:
    """Release what an object holds."""
    return await tx.rows(_RELEASE_HOLDS, Hold, **values)
