"""What must hold after every fault, and how the world stands, in words that do not depend on ids or times."""

from typing import Any, Final, LiteralString

from money_probe import RULES
from proof.world import World
from vivr.audit.seal_chain import seal_chain, verify_chain

_MORE_RULES: Final[dict[str, LiteralString]] = {
    "no two operations succeed for one intent": """
        SELECT intent FROM operation WHERE outcome = 'succeeded' GROUP BY account, livemode, intent
        HAVING count(*) > 1""",
    "every event ends with a reason": """
        SELECT id FROM inbox_event WHERE state = 'DEAD' OR (state IN ('PROCESSED', 'IGNORED') AND reason IS NULL)""",
    "stock is never below zero": "SELECT id FROM product WHERE stock_on_hand < 0 OR stock_reserved < 0",
    "a payment never gives back more than it took": """
        SELECT id FROM payment WHERE refunded_minor + refund_pending_minor > captured_minor""",
    "a message is written once": """
        SELECT kind FROM email_message GROUP BY kind, subject_id HAVING count(*) > 1""",
}

_STANDING: Final[dict[str, LiteralString]] = {
    "orders": "SELECT state || ' ' || payable_minor FROM orders",
    "payments": """
        SELECT concat_ws(' ', state, settles, captured_minor, refunded_minor, refund_pending_minor) FROM payment""",
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

_AT_STRIPE: Final = """
    SELECT kind || ' ' || coalesce(json_extract(body, '$.status'), '') || ' ' ||
           coalesce(json_extract(body, '$.amount_total'), json_extract(body, '$.amount'), '') || ' x ' || count(*)
    FROM object WHERE kind IN ('customer', 'checkout.session', 'payment_intent', 'charge', 'refund')
    GROUP BY kind, json_extract(body, '$.status'), json_extract(body, '$.amount_total'), json_extract(body, '$.amount')
    ORDER BY 1
"""


def _one_question() -> LiteralString:
    """All rules as one statement, which is planned once."""
    rules: dict[str, LiteralString] = {**RULES, **_MORE_RULES}
    asked: list[LiteralString] = [f"({text})" for text in rules.values()]
    return "SELECT ARRAY[" + ", ".join(f"EXISTS {text}" for text in asked) + "]"


_ALL_RULES: Final[LiteralString] = _one_question()
_NAMES: Final = (*RULES, *_MORE_RULES)


async def broken_promises(world: World) -> list[str]:
    """What does not hold; empty when all is well. A process must live, and the world be at rest."""
    found = broken_rules_of(world)
    stored = {str(row[0]) for row in world.janitor.execute("SELECT id FROM inbox_event")}
    if lost := world.scene.acked - stored:
        found.append(f"acknowledged but not stored: {sorted(lost)}")
    while await seal_chain(world.kit.shop.database):
        pass
    if (broken := await verify_chain(world.kit.shop.database)) is not None:
        found.append(f"the audit chain breaks at {broken}")
    return found


def broken_rules_of(world: World) -> list[str]:
    """The rules of the books that do not hold, at any moment."""
    broken = world.ask(_ALL_RULES)
    return [name for name, is_broken in zip(_NAMES, broken, strict=True) if is_broken]


def standing(world: World) -> dict[str, Any]:
    """How everything about money stands, here and at Stripe, without ids and times."""
    here = {name: sorted(str(row[0]) for row in world.janitor.execute(text)) for name, text in _STANDING.items()}
    there = [str(row[0]) for row in world.box.store.connection.execute(_AT_STRIPE)]
    return {**here, "at Stripe": there}
