"""Gather what the shop knows of a disputed order: who bought what, when, from where, and what happened since."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vivr.audit.read_audit import rows_of_order
from vivr.customers.contact import Contact, find_contact
from vivr.customers.request_origins import find_origin
from vivr.database import Tx
from vivr.disputes.model import Dispute
from vivr.email.compose_message import STAFF_KINDS
from vivr.email.read_messages import Message, messages_of_order
from vivr.money import Money, major_text
from vivr.orders.model import Order, OrderLine
from vivr.orders.read_orders import find_order, history_of, lines_of
from vivr.payments.read_payments import payments_of
from vivr.refunds.read_refunds import refunds_of_order
from vivr.sealing import Seals

_BUYERS: Final = frozenset({"guest", "customer"})


@dataclass(frozen=True, slots=True)
class Visit:
    """One act of the buyer's, with the IP address and the browser that it came from."""

    at: datetime
    action: str
    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one order.

    Attributes:
        contact: None: its retention has ended.
        happened: states, payments, refunds and mails, oldest first.
        visits: the buyer's acts whose origin is still kept, oldest first.
        mails: what was sent to the customer, oldest first.
    """

    order: Order
    lines: tuple[OrderLine, ...]
    contact: Contact | None
    happened: tuple[tuple[datetime, str], ...]
    visits: tuple[Visit, ...]
    mails: tuple[Message, ...]


async def gather_records(tx: Tx, seals: Seals, dispute: Dispute) -> Records | None:
    """The records of a dispute's order; None: it has none."""
    order = await find_order(tx, dispute.order_id) if dispute.order_id else None
    if order is None:
        return None
    mails = [mail for mail in await messages_of_order(tx, order.id) if mail.sent_at and mail.kind not in STAFF_KINDS]
    return Records(
        order=order,
        lines=tuple(await lines_of(tx, order.id)),
        contact=await find_contact(tx, seals, order.id),
        happened=tuple(sorted([*await _money_and_states(tx, order), *_told(mails)])),
        visits=tuple(await _visits(tx, seals, order)),
        mails=tuple(mails),
    )


async def _money_and_states(tx: Tx, order: Order) -> list[tuple[datetime, str]]:
    found = [(row.at, f"order {row.to_state.lower()} ({row.reason})") for row in await history_of(tx, order.id)]
    for payment in await payments_of(tx, order.id):
        paid = f"{major_text(Money(payment.captured_minor, payment.currency))} {payment.currency}"
        card = f", {payment.method_brand or payment.method_type} ending in {payment.method_last4}"
        if payment.captured_minor:
            found.append((payment.created_at, f"payment of {paid} begun{card if payment.method_last4 else ''}"))
    for refund in await refunds_of_order(tx, order.id):
        back = f"{major_text(refund.amount)} {refund.currency}"
        found.append((refund.requested_at, f"refund of {back}: {refund.state.lower()}"))
    return found


def _told(mails: list[Message]) -> list[tuple[datetime, str]]:
    return [(mail.sent_at, f"e-mail sent to the customer: {mail.kind}") for mail in mails if mail.sent_at]


async def _visits(tx: Tx, seals: Seals, order: Order) -> list[Visit]:
    found: list[Visit] = []
    for row in await rows_of_order(tx, order.id):
        origin = await find_origin(tx, seals, row.origin_id) if row.origin_id and row.role in _BUYERS else None
        if origin is not None:
            found.append(Visit(row.at, row.action, origin.address, origin.user_agent))
    return found
