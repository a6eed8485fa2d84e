"""An order as its owner sees it, and at which stage its payment stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from vivr.catalogue.model import CatalogueImage
from vivr.catalogue.reading import find_products
from vivr.customers.contact import Contact, find_contact
from vivr.errors import NotFound
from vivr.ids import ProductId
from vivr.money import Money
from vivr.orders.model import SETTLED, Order, OrderLine, OrderState
from vivr.orders.read_orders import find_order, lines_of
from vivr.payments.model import Payment, PaymentState
from vivr.payments.read_payments import payments_of
from vivr.refunds.model import Refund
from vivr.refunds.read_refunds import refunds_of_order
from vivr.web.visit import Visit

Stage: TypeAlias = Literal["paid", "processing", "cancelled", "unpaid", "confirming"]
"""What the return page has to say: ``confirming`` is the only one that may still change by itself within seconds."""


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with everything that its page shows.

    Attributes:
        order: as it stands.
        lines: its frozen lines, shipping too.
        payment: the one that settles it, else the latest one.
        contact: where it goes, while that is kept.
        pictures: what its products look like today, by product.
        refunds: what was given back, or was asked for.
    """

    order: Order
    lines: Sequence[OrderLine]
    payment: Payment | None
    contact: Contact | None
    pictures: Mapping[ProductId, CatalogueImage]
    refunds: Sequence[Refund] = ()

    @property
    def is_settled(self) -> bool:
        """Whether its money came."""
        return self.order.state in SETTLED

    @property
    def failure_code(self) -> str | None:
        """Why the latest payment did not go through, if it did not."""
        return None if self.payment is None or self.is_settled else self.payment.failure_code

    @property
    def subtotal(self) -> Money:
        """The products."""
        return Money(self.order.subtotal_minor, self.order.currency)

    @property
    def shipping(self) -> Money:
        """Shipping."""
        return Money(self.order.shipping_minor, self.order.currency)

    @property
    def tax(self) -> Money:
        """The VAT in the total."""
        return Money(self.order.tax_minor, self.order.currency)

    @property
    def total(self) -> Money:
        """Everything."""
        return Money(self.order.total_minor, self.order.currency)


async def read_order_view(visit: Visit, order_id: str) -> OrderView:
    """Everything about an order; who may see it was asked before.

    Raises:
        NotFound: there is none.
    """
    async with visit.shop.database.transaction("read_order_view") as tx:
        order = await find_order(tx, order_id)
        if order is None:
            raise NotFound("order_not_found")
        lines = await lines_of(tx, order_id)
        payments = await payments_of(tx, order_id)
        refunds = await refunds_of_order(tx, order_id)
        contact = await find_contact(tx, visit.shop.seals, order_id)
        product_ids = [line.product_id for line in lines if line.product_id is not None]
        products = await find_products(tx, product_ids, currency=order.currency, locale=visit.locale)
    pictures = {product_id: product.image for product_id, product in products.items() if product.image is not None}
    return OrderView(order, lines, _shown_payment(payments), contact, pictures, refunds)


def _shown_payment(payments: Sequence[Payment]) -> Payment | None:
    settling = next((payment for payment in payments if payment.settles), None)
    return settling or max(payments, key=lambda payment: payment.created_at, default=None)


def stage_of(order: Order, payment: Payment | None) -> Stage:
    """Where the payment of an order stands, for the one who comes back from paying it."""
    if order.state in SETTLED:
        return "paid"
    if order.state is OrderState.CANCELLED:
        return "cancelled"
    if order.state is OrderState.PROCESSING or (payment is not None and payment.state is PaymentState.CAPTURED):
        # Captured money that does not fit is looked at by a person; the buyer is written to.
        return "processing"
    if payment is None or payment.state in {PaymentState.FAILED, PaymentState.CANCELLED} or payment.failure_code:
        return "unpaid"
    return "confirming"
