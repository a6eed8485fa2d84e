"""What tests of refunds share: staff, an order that is paid, a refund of it, and what Stripe has of it."""

from typing import Any, Final, cast

from money_probe import rows
from shop_kit import GUEST, Kit
from vivr.caller import Caller
from vivr.ids import OrderId, ProductId, RequestId, new_refund_id
from vivr.orders.model import Order
from vivr.refunds.model import Reason, Refund, Wish
from vivr.refunds.request_refund import RefundRequest

STAFF: Final = Caller("staff:per_sam", "finance", RequestId("req_staff"))
OTHER_STAFF: Final = Caller("staff:per_kim", "finance", RequestId("req_other_staff"))
VISA: Final = "4242424242424242"
PENDING_REFUND: Final = "4000000000007726"
FAILING_REFUND: Final = "4000000000005126"


async def paid_order(kit: Kit, *, quantity: int = 1, stock: int = 10, card: str = VISA) -> tuple[Order, ProductId]:
    """An order of one line and shipping that was paid, all its events processed."""
    product = await kit.add_product(stock=stock)
    order = await kit.place(product, quantity)
    link = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(link.url, card)
    await kit.deliver_all()
    return await kit.order(order.id), product


def asked(kit: Kit, order_id: OrderId, wish: Wish | None = None, **more: Any) -> RefundRequest:
    """A wish for a refund under a new id."""
    reason: Reason = more.pop("reason", Reason.REQUESTED_BY_CUSTOMER)
    return RefundRequest(new_refund_id(kit.shop.clock.now()), order_id, wish or Wish(), reason, **more)


async def refund(kit: Kit, order_id: OrderId, wish: Wish | None = None, caller: Caller = STAFF, **more: Any) -> Refund:
    """Refund an order; without a wish, all that is left."""
    return await kit.shop.request_refund(caller, asked(kit, order_id, wish, **more))


async def refund_row(kit: Kit, refund_id: str) -> Refund:
    """The refund as it stands."""
    return cast("Refund", await kit.one(Refund, "SELECT * FROM refund WHERE id = %(id)s", id=refund_id))


async def payment_sums(kit: Kit, order_id: str) -> tuple[int, int, int]:
    """Captured, refunded and refund-pending sums of the order's payments."""
    found = await rows(
        kit,
        """
        SELECT sum(captured_minor)::int AS captured, sum(refunded_minor)::int AS refunded,
               sum(refund_pending_minor)::int AS pending FROM payment WHERE order_id = %(id)s
        """,
        id=order_id,
    )
    return found[0]["captured"], found[0]["refunded"], found[0]["pending"]


async def intent_of_order(kit: Kit, order_id: OrderId) -> str:
    """The PaymentIntent that settled an order."""
    found = await rows(kit, "SELECT intent_id FROM payment WHERE order_id = %(id)s AND settles", id=order_id)
    return cast("str", found[0]["intent_id"])


async def refund_at_stripe(kit: Kit, order_id: OrderId, amount: int | None = None) -> dict[str, Any]:
    """A refund made in Stripe's dashboard."""
    data = {"payment_intent": await intent_of_order(kit, order_id)} | ({"amount": str(amount)} if amount else {})
    return await kit.api("POST", "/v1/refunds", data)


async def messages(kit: Kit, order_id: OrderId) -> list[str]:
    """The kinds of mail about an order's refunds."""
    found = await rows(
        kit,
        "SELECT kind FROM email_message WHERE order_id = %(id)s AND kind LIKE 'refund%%' ORDER BY kind",
        id=order_id,
    )
    return [row["kind"] for row in found]


async def balances(kit: Kit) -> dict[str, int]:
    """The ledger's accounts that are not zero."""
    found = await rows(
        kit,
        """
        SELECT ledger_account, sum(amount_minor)::int AS total FROM ledger_posting
        GROUP BY ledger_account HAVING sum(amount_minor) <> 0
        """,
    )
    return {row["ledger_account"]: row["total"] for row in found}
