"""Shops that are broken on purpose, as others are: the enumeration must catch each of them, or it proves nothing."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import vivr.worker.run
from proof.enumeration import Variant
from proof.flows import FLOWS, HEAR, ORDERED, PAY, Flow
from proof.world import patched
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database, Sql, Tx
from vivr.ledger.model import SoldLine, sale_postings
from vivr.ledger.post_entry import EntrySource, post_entry
from vivr.money import Money
from vivr.orders.move_order import lines_of
from vivr.payments.model import Payment
from vivr.stripe_gateway import gateway
from vivr.stripe_gateway.answers import Answer, Failed, Unknown
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import StripeRequest
from vivr.webhooks.intake import Intake
from vivr.webhooks.model import NewEvent


def commits_each_statement() -> AbstractContextManager[object]:
    """A shop that forgot its transactions, on a database that insists on nothing (half an entry would be refused)."""

    @asynccontextmanager
    async def autocommit(self: Any, name: str = "transaction") -> AsyncGenerator[Tx]:
        del name
        async with self._pool.connection() as connection:
            await connection.set_autocommit(True)
            await connection.execute("SET session_replication_role = replica")
            try:
                yield Tx(connection)
            finally:
                # A connection in autocommit never goes back to the others.
                await connection.close()

    return patched(Database, transaction=autocommit)


def makes_a_key_for_each_try() -> AbstractContextManager[object]:
    """A shop that makes its idempotency keys when it calls, such as from the time."""
    send = Stripe.send

    async def careless(self: Stripe, request: StripeRequest, *, idempotency_key: str) -> Answer:
        del idempotency_key
        return await send(self, request, idempotency_key=secrets.token_hex(8))

    return patched(Stripe, send=careless)


def acknowledges_before_it_stores() -> AbstractContextManager[object]:
    """A shop that answers Stripe first and stores the event in the background."""
    keep = Intake.keep

    def keep_later(self: Intake, event: NewEvent) -> asyncio.Future[int]:
        keep(self, event).add_done_callback(lambda done: done.cancelled() or done.exception())
        answered = asyncio.get_running_loop().create_future()
        answered.set_result(1)
        return answered

    return patched(Intake, keep=keep_later)


def takes_silence_for_a_refusal() -> AbstractContextManager[object]:
    """A shop for which a call without an answer did not happen."""
    judge = gateway._answer_of

    def careless(error: Any) -> Answer:
        answer = judge(error)
        return Failed("refused", answer.reason, "") if isinstance(answer, Unknown) else answer

    return patched(gateway, _answer_of=careless)


_STEPS: Final[tuple[LiteralString, ...]] = (
    """
    UPDATE payment SET state = 'CAPTURED', settles = true, captured_minor = amount_minor, intent_id = %(intent)s,
        charge_id = %(charge)s, session_url = NULL, poll_at = NULL WHERE id = %(payment)s""",
    """
    INSERT INTO order_history (order_id, from_state, to_state, reason, actor, request_id, at)
    SELECT id, state, 'PAID', 'careless', 'system:test', 'req_test', %(now)s FROM orders WHERE id = %(order)s""",
    "UPDATE orders SET state = 'PAID' WHERE id = %(order)s",
    """
    UPDATE product SET stock_on_hand = stock_on_hand - quantity, stock_reserved = stock_reserved - quantity
    FROM stock_reservation WHERE product_id = product.id AND order_id = %(order)s""",
    "UPDATE stock_reservation SET state = 'TAKEN' WHERE order_id = %(order)s",
)
"""What a paid order means, each statement committed by itself."""


def checks_then_acts() -> AbstractContextManager[object]:
    """The shape of the audit's fix 3: is the event known as done? If not, do it all, and note it as done afterwards."""

    async def process(database: Database, stripe: Stripe, clock: Clock, caller: Caller, shop_id: str) -> int:
        del caller, shop_id
        events = await _ask(database, "SELECT id, object_id FROM inbox_event WHERE state = 'RECEIVED' ORDER BY id")
        for event in events:
            done = await _ask(database, "SELECT id FROM inbox_event WHERE id = %(id)s AND state = 'PROCESSED'", **event)
            if not done and event["object_id"].startswith("cs_"):
                await _pay_order(database, stripe, clock, event["object_id"])
            await _do(
                database,
                "UPDATE inbox_event SET state = 'PROCESSED', reason = 'done', ended_at = %(now)s WHERE id = %(id)s",
                now=clock.now(),
                **event,
            )
        return 0

    return patched(vivr.worker.run, process_events=process)


async def _pay_order(database: Database, stripe: Stripe, clock: Clock, session_id: str) -> None:
    session = await stripe.read_session(session_id)
    found = await _ask(database, "SELECT * FROM payment WHERE session_id = %(id)s", id=session_id)
    payment, intent = Payment(**found[0]), session.payment_intent
    assert intent is not None
    assert not isinstance(intent, str)
    charge = intent.latest_charge
    assert charge is not None
    assert not isinstance(charge, str)
    values: dict[str, object] = {
        "order": payment.order_id,
        "payment": payment.id,
        "intent": intent.id,
        "charge": charge.id,
        "now": clock.now(),
    }
    for step in _STEPS:
        await _do(database, step, **values)
    async with database.transaction("careless") as tx:
        captured = Money(payment.amount_minor, payment.currency)
        sold = [
            SoldLine(
                is_shipping=line.kind == "shipping",
                net=Money(line.net_minor, payment.currency),
                tax=Money(line.tax_minor, payment.currency),
            )
            for line in await lines_of(tx, payment.order_id)
        ]
        source = EntrySource(payment.account, payment.livemode, charge.id, "capture", payment.order_id, payment.id)
        await post_entry(tx, clock.now(), source, sale_postings(captured, sold))


async def _do(database: Database, text: LiteralString, **values: object) -> None:
    async with database.transaction("careless") as tx:
        await tx.run(Sql("careless", "Broken on purpose.", text), **values)


async def _ask(database: Database, text: LiteralString, **values: object) -> list[dict[str, Any]]:
    async with database.transaction("careless") as tx:
        cursor = await tx.connection.execute(text, values)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]


@dataclass(frozen=True)
class Control:
    """A broken shop, and the flow in which it must be caught."""

    name: str
    variant: Variant
    flow: Flow


_WEBHOOK_ALONE: Final = Flow("webhook alone", (HEAR,), {"orders": ["PAID 5470"]}, before=(*ORDERED, PAY))
CONTROLS: Final = (
    Control("the audit's fix 3: check, act, note", checks_then_acts, _WEBHOOK_ALONE),
    Control("acknowledges before it stores", acknowledges_before_it_stores, _WEBHOOK_ALONE),
    Control("commits each statement", commits_each_statement, FLOWS["purchase"]),
    Control("commits each statement", commits_each_statement, FLOWS["partial refund"]),
    Control("a key for each try", makes_a_key_for_each_try, FLOWS["purchase"]),
    Control("a key for each try", makes_a_key_for_each_try, FLOWS["partial refund"]),
    Control("takes silence for a refusal", takes_silence_for_a_refusal, FLOWS["partial refund"]),
)
