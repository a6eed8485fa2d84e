"""How tests of the money core act behind the shop's back, and how they see whether a rule of the books is broken."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, Final, LiteralString, cast

from psycopg.rows import dict_row

from shop_kit import GUEST, Kit
from vivr.checkout.model import CheckoutLink
from vivr.ids import OrderId, ProductId
from vivr.invariants.check_money import broken_rules as ask_rules
from vivr.invariants.check_money import check_money, rules_that_always_hold
from vivr.orders.model import Order

SEPA_OK: Final = "DE89370400440532013000"
SEPA_FAILS: Final = "DE62370400440532013001"

_STANDING: Final[Mapping[str, LiteralString]] = {
    "orders": "SELECT id, state, payable_minor, amendment, deadline_at FROM orders ORDER BY id",
    "payments": """
        SELECT id, state, settles, captured_minor, refunded_minor, refund_pending_minor, disputed_minor, lost_minor,
            intent_id, charge_id, session_id, session_url
        FROM payment ORDER BY id""",
    "refunds": "SELECT id, state, stripe_id FROM refund ORDER BY id",
    "disputes": "SELECT id, state, is_withdrawn, is_reinstated, loss_owed_minor FROM dispute ORDER BY id",
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
    """The rules of ``vivr doctor --money`` that hold at any time and don't now, with what breaks them."""
    found = await ask_rules(kit.shop.database, kit.shop.clock.now(), rules_that_always_hold())
    return {rule: [asdict(breach) for breach in breaches] for rule, breaches in found.items()}


async def broken_at_rest(kit: Kit) -> dict[str, list[dict[str, Any]]]:
    """All that ``vivr doctor --money`` finds: also what should have come to rest by now, and the audit chain."""
    verdicts = await check_money(kit.shop.database, kit.shop.clock.now())
    return {
        rule: [asdict(breach) for breach in breaches]
        for verdict in verdicts
        for rule, breaches in verdict.broken.items()
    }


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
