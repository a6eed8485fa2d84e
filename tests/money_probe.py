"""How tests of the money core act behind the shop's back, and how they see whether a rule of the books is broken."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString, cast

from psycopg.rows import dict_row

from shop_kit import GUEST, Kit
from vivr.checkout.model import CheckoutLink
from vivr.ids import OrderId, ProductId
from vivr.orders.model import Order

SEPA_OK: Final = "DE89370400440532013000"
SEPA_FAILS: Final = "DE62370400440532013001"

RULES: Final[Mapping[str, LiteralString]] = {
    "a settled order has exactly one settling payment, and only a settled order has one": """
        SELECT orders.id FROM orders LEFT JOIN payment ON order_id = orders.id AND settles
        GROUP BY orders.id, orders.state
        HAVING count(payment.id) <> (orders.state IN ('PAID', 'SHIPPED', 'DELIVERED', 'REFUNDED', 'DISPUTED'))::int""",
    "the settling payment brought the payable total in the order's currency": """
        SELECT orders.id FROM orders JOIN payment ON order_id = orders.id AND settles
        WHERE captured_minor <> payable_minor OR payment.currency <> orders.currency""",
    "every other captured payment has exactly one exception": """
        SELECT payment.id FROM payment WHERE state = 'CAPTURED' AND NOT settles
        AND (SELECT count(*) FROM money_exception WHERE object_id = intent_id) <> 1""",
    "no settling payment is held as an exception": """
        SELECT payment.id FROM payment JOIN money_exception ON object_id = intent_id WHERE settles""",
    "every capture is posted once": """
        SELECT payment.id FROM payment WHERE captured_minor > 0
        AND (SELECT count(*) FROM ledger_entry WHERE kind = 'capture' AND object_id = charge_id) <> 1""",
    "postings sum to zero": """
        SELECT entry_id FROM ledger_posting GROUP BY entry_id, currency HAVING sum(amount_minor) <> 0""",
    "reserved stock is what unpaid orders hold": """
        SELECT product.id FROM product LEFT JOIN stock_reservation ON product_id = product.id AND state = 'HELD'
        GROUP BY product.id HAVING stock_reserved <> coalesce(sum(quantity), 0)""",
    "units are held, taken or freed as the order stands": """
        SELECT orders.id FROM orders JOIN stock_reservation ON order_id = orders.id
        WHERE stock_reservation.state <> CASE WHEN orders.state IN ('PENDING', 'PROCESSING') THEN 'HELD'
            WHEN orders.state = 'CANCELLED' THEN 'FREED' ELSE 'TAKEN' END""",
    "no order has two open payments": """
        SELECT order_id FROM payment
        WHERE state IN ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED')
        GROUP BY order_id HAVING count(*) > 1""",
    "a cancelled order has no payment that may bring money": """
        SELECT orders.id FROM orders JOIN payment ON order_id = orders.id WHERE orders.state = 'CANCELLED'
        AND payment.state IN ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED')""",
    "every Stripe object has the operation that made it": """
        SELECT payment.id FROM payment WHERE session_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM operation WHERE object_id = session_id AND outcome = 'succeeded')
        UNION ALL SELECT customer_id FROM stripe_customer
        WHERE NOT EXISTS (SELECT FROM operation WHERE object_id = customer_id AND outcome = 'succeeded')""",
    "a settled operation keeps no request": """
        SELECT id FROM operation WHERE (outcome IN ('succeeded', 'failed')) <> (request_sealed IS NULL)""",
    "the history leads to the state": """
        SELECT orders.id FROM orders WHERE state <>
        (SELECT to_state FROM order_history WHERE order_id = orders.id ORDER BY order_history.id DESC LIMIT 1)""",
    "an order is refunded exactly when all that settled it went back": """
        SELECT orders.id FROM orders JOIN payment ON order_id = orders.id AND settles
        WHERE captured_minor > 0 AND orders.state <> 'DISPUTED'
        AND (orders.state = 'REFUNDED') <> (refunded_minor = captured_minor)""",
    "a payment's sums are those of its refunds": """
        SELECT payment.id FROM payment LEFT JOIN refund ON payment_id = payment.id
        GROUP BY payment.id
        HAVING refunded_minor <> coalesce(sum(refund.amount_minor) FILTER (WHERE refund.state = 'SUCCEEDED'), 0)
        OR refund_pending_minor <>
            coalesce(sum(refund.amount_minor) FILTER (WHERE refund.state IN ('SUBMITTED', 'PENDING')), 0)""",
    "a line's sums are those of its refunds": """
        SELECT summed.order_id, summed.position FROM refunded_line AS summed
        LEFT JOIN refund_line AS part USING (order_id, position)
        LEFT JOIN refund ON refund.id = refund_id
        GROUP BY summed.order_id, summed.position
        HAVING (summed.amount_minor, summed.tax_minor, summed.quantity) IS DISTINCT FROM
            (coalesce(sum(part.amount_minor) FILTER (WHERE refund.state IN ('SUBMITTED', 'PENDING', 'SUCCEEDED')), 0),
             coalesce(sum(part.tax_minor) FILTER (WHERE refund.state IN ('SUBMITTED', 'PENDING', 'SUCCEEDED')), 0),
             coalesce(sum(part.quantity) FILTER (WHERE refund.state IN ('SUBMITTED', 'PENDING', 'SUCCEEDED')), 0))
        OR summed.restocked_quantity <>
            coalesce(sum(part.restock_quantity)
                FILTER (WHERE refund.stripe_id IS NOT NULL OR refund.state = 'SUBMITTED'), 0)""",
    "the lines of a settling payment's refund add up to it": """
        SELECT refund.id FROM refund JOIN payment ON payment.id = payment_id AND settles
        WHERE refund.state IN ('SUBMITTED', 'PENDING', 'SUCCEEDED')
        AND refund.amount_minor <> (SELECT coalesce(sum(part.amount_minor), 0) FROM refund_line AS part
            WHERE refund_id = refund.id)""",
    "every refund that Stripe made, and every failure of one, is posted once": """
        SELECT refund.id FROM refund WHERE
        (SELECT count(*) FROM ledger_entry WHERE kind = 'refund' AND object_id = stripe_id)
            <> (stripe_id IS NOT NULL)::int
        OR (SELECT count(*) FROM ledger_entry WHERE kind = 'refund_failure' AND object_id = stripe_id)
            <> (stripe_id IS NOT NULL AND refund.state IN ('FAILED', 'CANCELED'))::int""",
    "a refund posts what it gives back": """
        SELECT refund.id FROM refund JOIN ledger_entry ON object_id = stripe_id
        JOIN ledger_posting ON entry_id = ledger_entry.id AND ledger_account = 'fx_clearing'
        WHERE ledger_posting.amount_minor <> refund.amount_minor * (CASE kind WHEN 'refund' THEN -1 ELSE 1 END)""",
    "a refund that is being asked for has its operation under way": """
        SELECT refund.id FROM refund LEFT JOIN operation
        ON intent = 'refund:' || refund.id AND outcome IN ('started', 'unknown')
        WHERE refund.state = 'SUBMITTED' AND operation.id IS NULL""",
    "the history has no gap": """
        SELECT order_id FROM (SELECT order_id, from_state,
            lag(to_state) OVER (PARTITION BY order_id ORDER BY id) AS before FROM order_history) AS steps
        WHERE from_state IS DISTINCT FROM before""",
}
"""What must hold at any time: each statement lists what breaks its rule."""

_STANDING: Final[Mapping[str, LiteralString]] = {
    "orders": "SELECT id, state, payable_minor, deadline_at FROM orders ORDER BY id",
    "payments": """
        SELECT id, state, settles, captured_minor, refunded_minor, refund_pending_minor, intent_id, charge_id,
            session_id, session_url
        FROM payment ORDER BY id""",
    "refunds": "SELECT id, state, stripe_id FROM refund ORDER BY id",
    "refunded lines": "SELECT * FROM refunded_line ORDER BY order_id, position",
    "stock": "SELECT id, stock_on_hand, stock_reserved FROM product ORDER BY id",
    "reservations": "SELECT order_id, product_id, state FROM stock_reservation ORDER BY order_id, product_id",
    "history": "SELECT id FROM order_history ORDER BY id",
    "operations": "SELECT id, outcome FROM operation ORDER BY id",
    "messages": "SELECT id FROM email_message ORDER BY id",
    "exceptions": "SELECT id FROM money_exception ORDER BY id",
    "ledger": "SELECT entry_id, position FROM ledger_posting ORDER BY entry_id, position",
}


async def rows(kit: Kit, text: LiteralString, **values: object) -> list[dict[str, Any]]:
    """All rows of an ad-hoc question."""
    async with kit.shop.database.transaction() as tx, tx.connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(text, values)
        return await cursor.fetchall()


async def run(kit: Kit, text: LiteralString, **values: object) -> None:
    """Change something that no use case would."""
    async with kit.shop.database.transaction() as tx:
        await tx.connection.execute(text, values)


async def cancel_here_alone(kit: Kit) -> None:
    """Cancel the one order as no use case would: its session at Stripe stays open, and its money may come late."""
    await run(
        kit,
        """
        WITH freed AS (UPDATE stock_reservation SET state = 'FREED'), given AS (UPDATE product SET stock_reserved = 0),
        ended AS (UPDATE payment SET state = 'CANCELLED'), moved AS (UPDATE orders SET state = 'CANCELLED' RETURNING id)
        INSERT INTO order_history (order_id, from_state, to_state, reason, actor, request_id, at)
        SELECT id, 'PENDING', 'CANCELLED', 'as if', 'system:test', 'req_test', now() FROM moved
        """,
    )


async def broken_rules(kit: Kit) -> dict[str, list[dict[str, Any]]]:
    """The rules that do not hold, with what breaks them; empty when all is well."""
    found = {rule: await rows(kit, text) for rule, text in RULES.items()}
    return {rule: breaking for rule, breaking in found.items() if breaking}


async def standing(kit: Kit, *without: str) -> dict[str, list[dict[str, Any]]]:
    """How orders, payments, stock and books stand, to be compared with later."""
    return {name: await rows(kit, text) for name, text in _STANDING.items() if name not in without}


@asynccontextmanager
async def nothing_changes(kit: Kit, *, but: tuple[str, ...] = ()) -> AsyncGenerator[None]:
    """Whatever happens in the block leaves everything as it stands (except what is named)."""
    before = await standing(kit, *but)
    yield
    assert await standing(kit, *but) == before
    assert await broken_rules(kit) == {}


async def open_checkout(kit: Kit, *, quantity: int = 1, stock: int = 10) -> tuple[Order, CheckoutLink, ProductId]:
    """An order with its open session."""
    product = await kit.add_product(stock=stock)
    order = await kit.place(product, quantity)
    return order, await kit.shop.start_checkout(GUEST, order.id), product


async def named_intent(kit: Kit, order_id: OrderId) -> dict[str, str]:
    """The form fields of a PaymentIntent that fits the order in everything, but is not its session's."""
    found = await rows(
        kit,
        """
        SELECT payment.id, payment.currency, customer_id, payable_minor
        FROM payment JOIN orders ON orders.id = order_id WHERE order_id = %(id)s
        """,
        id=order_id,
    )
    payment = found[0]
    return {
        "amount": str(payment["payable_minor"]),
        "currency": payment["currency"].lower(),
        "customer": payment["customer_id"],
        "metadata[shop]": kit.shop.settings.shop_id,
        "metadata[order]": order_id,
        "metadata[payment]": payment["id"],
        "confirm": "true",
        "payment_method": "pm_card_visa",
        "return_url": "http://127.0.0.1:8000/",
    }


async def pay_intent(kit: Kit, fields: dict[str, str]) -> dict[str, Any]:
    """Make and confirm a PaymentIntent through the API, as another program with our key would."""
    return await kit.api("POST", "/v1/payment_intents", {name: value for name, value in fields.items() if value})


async def intent_of(kit: Kit, session_id: str) -> str:
    """The PaymentIntent of a session."""
    session = await kit.api("GET", f"/v1/checkout/sessions/{session_id}")
    return cast("str", session["payment_intent"])


async def events_about(kit: Kit, object_id: str) -> list[dict[str, Any]]:
    """The events about one object, oldest first."""
    return [event for event in await kit.events() if event["data"]["object"]["id"] == object_id]


async def deliver_about(kit: Kit, object_id: str) -> None:
    """Deliver all events about one object, and let the worker process them."""
    for event in await events_about(kit, object_id):
        assert await kit.deliver(event) == 200
    await kit.process()


async def reason_of(kit: Kit, event_id: str) -> tuple[str, str | None]:
    """What an event came to, and why."""
    found = await rows(kit, "SELECT state, reason FROM inbox_event WHERE id = %(id)s", id=event_id)
    return found[0]["state"], found[0]["reason"]


async def control(kit: Kit, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
    """One of the sandbox's controls."""
    response = await kit.sandbox.request(method, f"/_sandbox/{path}", content=json.dumps(body or {}))
    assert response.status_code == 200, response.text
    return response.json()


async def arm(kit: Kit, kind: str, route: str, *, count: int | None = 1, **more: object) -> None:
    """Let Stripe fail on a route, so many times (None: until cleared)."""
    await control(kit, "POST", "faults", {"kind": kind, "route": route, "count": count, **more})


async def disarm(kit: Kit) -> None:
    """Let Stripe work again."""
    await control(kit, "DELETE", "faults")


async def calls(kit: Kit, route: str) -> tuple[int, int]:
    """How often a route was called at Stripe, and how often with an effect."""
    routes = (await control(kit, "GET", "requests"))["routes"]
    found = routes.get(route, {"requests": 0, "effects": 0})
    return found["requests"], found["effects"]


async def pay_by_debit(kit: Kit, url: str, iban: str) -> None:
    """Fill in the hosted page with a bank account."""
    form = {"method": "sepa_debit", "iban": iban, "name": "Anna Martin"}
    response = await kit.sandbox.post(url, data=form)
    assert response.status_code == 303, response.text


async def let_bank(kit: Kit, session_id: str, act: str) -> None:
    """Let the bank ``settle`` or ``fail`` the debit of a session."""
    await control(kit, "POST", f"bank/{await intent_of(kit, session_id)}/{act}")
