"""What tests of disputes share: what the bank does to a charge, and how the dispute stands here and at Stripe."""

from typing import Any, Final, cast

from money_probe import control, rows
from shop_kit import Kit
from vivr.disputes.model import Dispute
from vivr.ids import OrderId

DISPUTE_EVENTS: Final = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)


async def charge_of(kit: Kit, order_id: OrderId) -> str:
    """The charge that settled an order."""
    found = await rows(kit, "SELECT charge_id FROM payment WHERE order_id = %(id)s AND settles", id=order_id)
    return cast("str", found[0]["charge_id"])


async def bank(kit: Kit, object_id: str, act: str, **fields: object) -> None:
    """Let the bank act, without a word to the shop."""
    await control(kit, "POST", f"bank/{object_id}/{act}", fields)


async def disputes_at_stripe(kit: Kit, charge_id: str) -> list[dict[str, Any]]:
    """The disputes of a charge, oldest first."""
    listed = await kit.api("GET", f"/v1/disputes?charge={charge_id}")
    return cast("list[dict[str, Any]]", list(reversed(listed["data"])))


async def dispute_charge(kit: Kit, charge_id: str, **fields: object) -> str:
    """Let the bank dispute a charge, and hear of it; Stripe's id of the dispute."""
    await bank(kit, charge_id, "dispute", **fields)
    await kit.deliver_all()
    return cast("str", (await disputes_at_stripe(kit, charge_id))[-1]["id"])


async def decide(kit: Kit, stripe_id: str, act: str, **fields: object) -> None:
    """Let the bank ``win``, ``lose``, ``reverse``, ``escalate`` or ``close``, and hear of it."""
    await bank(kit, stripe_id, act, **fields)
    await kit.deliver_all()


async def stored(kit: Kit, stripe_id: str) -> Dispute:
    """The dispute as the shop knows it."""
    found = await kit.one(Dispute, "SELECT * FROM dispute WHERE stripe_id = %(id)s", id=stripe_id)
    return cast("Dispute", found)


async def dispute_sums(kit: Kit, order_id: str) -> tuple[int, int]:
    """Disputed and lost sums of the order's payments."""
    found = await rows(
        kit,
        """
        SELECT sum(disputed_minor)::int AS disputed, sum(lost_minor)::int AS lost
        FROM payment WHERE order_id = %(id)s
        """,
        id=order_id,
    )
    return found[0]["disputed"], found[0]["lost"]
