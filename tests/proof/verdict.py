"""What must hold after every fault, and how the world stands, in words that do not depend on ids or times."""

from typing import Any, Final, LiteralString

from proof.world import World
from vivr.audit.seal_chain import seal_chain
from vivr.invariants.check_money import check_money

_STANDING: Final[dict[str, LiteralString]] = {
    "orders": "SELECT state || ' ' || payable_minor FROM orders",
    "payments": """
        SELECT concat_ws(' ', state, settles, captured_minor, refunded_minor, refund_pending_minor) FROM payment""",
    "disputes": """
        SELECT concat_ws(' ', state, amount_minor, is_withdrawn, is_reinstated, loss_owed_minor) FROM dispute""",
    "refunds": "SELECT state || ' ' || amount_minor FROM refund",
    "lines": """
        SELECT concat_ws(' ', position, amount_minor, tax_minor, quantity, restocked_quantity) FROM refunded_line""",
    "stock": "SELECT stock_on_hand || ' ' || stock_reserved FROM product",
    "reservations": "SELECT state || ' ' || quantity FROM stock_reservation",
    "exceptions": "SELECT concat_ws(' ', kind, state, amount_minor) FROM money_exception",
    "ledger": """
        SELECT concat_ws(' ', ledger_account, currency, sum(amount_minor)) FROM ledger_posting
        GROUP BY ledger_account, currency""",
    "entries": "SELECT concat_ws(' ', kind, count(*)) FROM ledger_entry GROUP BY kind",
    "mails": "SELECT concat_ws(' ', kind, count(*)) FROM email_message GROUP BY kind",
    "jobs": "SELECT concat_ws(' ', entrypoint, count(*)) FROM pgqueuer GROUP BY entrypoint",
}

_FOLLOWED_BY_BOOKS: Final = (
    "Every movement in the books has its balance transaction within two hours; a pending refund when it goes."
)
"""What the step keeps that takes no part here: no balance transaction is read."""

_AT_STRIPE: Final = """
    SELECT kind || ' ' || coalesce(json_extract(body, '$.status'), '') || ' ' ||
           coalesce(json_extract(body, '$.amount_total'), json_extract(body, '$.amount'), '') || ' x ' || count(*)
    FROM object WHERE kind IN ('customer', 'checkout.session', 'payment_intent', 'charge', 'refund')
    GROUP BY kind, json_extract(body, '$.status'), json_extract(body, '$.amount_total'), json_extract(body, '$.amount')
    ORDER BY 1
"""


async def broken_promises(world: World) -> list[str]:
    """What does not hold of all that ``vivr doctor --money`` checks; a process must live, and the world be at rest."""
    stored = {str(row[0]) for row in world.janitor.execute("SELECT id FROM inbox_event")}
    lost = sorted(world.scene.acked - stored)
    found = [f"acknowledged but not stored: {lost}"] if lost else []
    database = world.kit.shop.database
    while await seal_chain(database):
        continue
    verdicts = await check_money(database, world.clock.now())
    return found + [
        f"{rule}: {breaches}"
        for verdict in verdicts
        for rule, breaches in verdict.broken.items()
        if rule != _FOLLOWED_BY_BOOKS
    ]


def standing(world: World) -> dict[str, Any]:
    """How everything about money stands, here and at Stripe, without ids and times."""
    here = {name: sorted(str(row[0]) for row in world.janitor.execute(text)) for name, text in _STANDING.items()}
    there = [str(row[0]) for row in world.box.store.connection.execute(_AT_STRIPE)]
    return {**here, "at Stripe": there}
