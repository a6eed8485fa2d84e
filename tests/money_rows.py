"""Rows of the money core for store tests, written as plainly as the schema allows."""

from datetime import timedelta
from typing import Any, Final

from psycopg import sql
from psycopg.rows import dict_row

from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.ids import (
    OperationId,
    OrderId,
    PaymentId,
    ProductId,
    new_operation_id,
    new_order_id,
    new_payment_id,
    new_product_id,
)
from vivr.operations import store as operations
from vivr.operations.model import Operation, StripeScope
from vivr.orders.model import OrderState
from vivr.payments.model import PaymentState

SCOPE: Final = StripeScope("acct_1", livemode=False)


async def ask(database: Database, question: str, *values: object) -> list[dict[str, Any]]:
    """All rows of an ad-hoc question."""
    async with database.transaction() as tx, tx.connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(question.encode(), values or None)
        return await cursor.fetchall()


async def change(database: Database, statement: str, *values: object) -> int:
    """Change rows in a transaction; how many."""
    async with database.transaction() as tx:
        return await put(tx, statement, *values)


async def put(tx: Tx, statement: str, *values: object) -> int:
    """Change rows in this transaction; how many."""
    cursor = await tx.connection.execute(statement.encode(), values or None)
    return cursor.rowcount


async def add(tx: Tx, table: str, **columns: object) -> None:
    """One row, exactly these columns."""
    await tx.connection.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(map(sql.Placeholder, columns)),
        ),
        columns,
    )


async def add_product(database: Database, clock: Clock, *, stock: int = 10, reserved: int = 0) -> ProductId:
    """A product on its own page."""
    product_id, now = new_product_id(clock.now()), clock.now()
    async with database.transaction() as tx:
        await add(
            tx,
            "catalogue_entry",
            handle=product_id,
            position=1,
            title="Bol",
            description_html="",
            vendor="",
            kind="",
            tags=[],
            option_names=[],
            published=True,
            created_at=now,
            updated_at=now,
        )
        await add(
            tx,
            "product",
            id=product_id,
            sku=product_id,
            handle=product_id,
            position=1,
            options=[],
            active=True,
            tax_rate_bp=2000,
            grams=1,
            stock_on_hand=stock,
            stock_reserved=reserved,
            updated_at=now,
        )
    return product_id


async def add_order(
    database: Database,
    clock: Clock,
    *,
    state: OrderState = OrderState.PENDING,
    before: OrderState | None = None,
    lasts: timedelta = timedelta(hours=1),
) -> OrderId:
    """An order of 29.80 without lines."""
    order_id, now = new_order_id(clock.now()), clock.now()
    async with database.transaction() as tx:
        await add(
            tx,
            "orders",
            id=order_id,
            principal="guest:ses_1",
            state=state,
            state_before=before,
            currency="EUR",
            locale="fr",
            return_origin="http://127.0.0.1:8000",
            subtotal_minor=2490,
            discount_minor=0,
            shipping_minor=490,
            tax_minor=497,
            total_minor=2980,
            payable_minor=2980,
            placed_at=now,
            deadline_at=now + lasts,
            request_id="req_1",
        )
    return order_id


async def add_payment(
    database: Database,
    clock: Clock,
    order_id: OrderId,
    *,
    state: PaymentState = PaymentState.REQUIRES_PAYMENT,
    **more: Any,
) -> PaymentId:
    """A payment of 29.80."""
    payment_id, now = new_payment_id(clock.now()), clock.now()
    columns: dict[str, object] = {
        "id": payment_id,
        "order_id": order_id,
        "account": SCOPE.account,
        "livemode": SCOPE.livemode,
        "kind": "session",
        "state": state,
        "amount_minor": 2980,
        "currency": "EUR",
        "customer_id": "cus_1",
        "created_at": now,
        "updated_at": now,
    }
    async with database.transaction() as tx:
        await add(tx, "payment", **columns | more)
    return payment_id


async def add_operation(database: Database, clock: Clock, **more: Any) -> Operation:
    """A started operation with a lease of a minute."""
    operation_id: OperationId = new_operation_id(clock.now())
    now = clock.now()
    values: dict[str, Any] = {
        "id": operation_id,
        "kind": "create_session",
        "intent": f"session:{operation_id}",
        "attempt": 1,
        "account": SCOPE.account,
        "livemode": SCOPE.livemode,
        "api_version": "2026-05-27.dahlia",
        "idempotency_key": f"vivr-{operation_id}",
        "request_sealed": b"sealed",
        "encoder": "this",
        "order_id": None,
        "payment_id": None,
        "request_id": "req_1",
        "first_sent_at": now,
        "lease_until": now + timedelta(seconds=60),
    }
    async with database.transaction() as tx:
        return await operations.insert(tx, **values | more)
