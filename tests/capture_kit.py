"""What tests of captures share: an order whose money is authorised, and what Stripe has of it."""

from typing import Any, Final, cast

from money_probe import rows
from refund_kit import STAFF
from shop_kit import GUEST, Kit
from vivr.ids import OrderId, ProductId
from vivr.orders.model import Order, Strike
from vivr.payments.capture_payment import CaptureRequest
from vivr.payments.model import Payment

VISA: Final = "4242424242424242"


async def authorized_order(
    kit: Kit, *, quantity: int = 1, stock: int = 10, amount: int = 2490, hears: bool = True
) -> tuple[Order, ProductId]:
    """An order of one line and shipping whose money is authorised, all its events processed."""
    product = await kit.add_product(stock=stock, amount=amount)
    order = await kit.place(product, quantity)
    link = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(link.url, VISA)
    if hears:
        await kit.shop.settle_session(GUEST, link.session_id)
    return await kit.order(order.id), product


def whole(order_id: OrderId) -> CaptureRequest:
    """All of it."""
    return CaptureRequest(order_id)


def without(order_id: OrderId, units: dict[ProductId, int], *, shipping: bool = False) -> CaptureRequest:
    """Only what remains."""
    return CaptureRequest(order_id, Strike(units, shipping))


async def capture(kit: Kit, request: CaptureRequest) -> Payment:
    """Capture by staff; the payment as it stands then."""
    return (await kit.shop.capture_payment(STAFF, request)).payment


async def payment_of(kit: Kit, order_id: OrderId) -> Payment:
    """The order's only payment."""
    return cast("Payment", await kit.one(Payment, "SELECT * FROM payment WHERE order_id = %(id)s", id=order_id))


async def at_stripe(kit: Kit, order_id: OrderId) -> dict[str, Any]:
    """The PaymentIntent of an order as Stripe has it."""
    payment = await payment_of(kit, order_id)
    return await kit.api("GET", f"/v1/payment_intents/{payment.intent_id}")


async def mails(kit: Kit, order_id: OrderId) -> list[str]:
    """The kinds of mail about an order."""
    found = await rows(kit, "SELECT kind FROM email_message WHERE order_id = %(id)s ORDER BY kind", id=order_id)
    return [row["kind"] for row in found]
