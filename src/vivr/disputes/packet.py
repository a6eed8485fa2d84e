"""The evidence packet: what of an order's records goes where at Stripe, as text and as documents. Pure.

Stripe takes a text or one file (PDF, JPEG or PNG) in each of its places; all files of a dispute together may have
5 MB and 50 pages (Stripe docs, respond to disputes and file upload guide).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vivr.customers.contact import Address
from vivr.disputes.gather_records import Records
from vivr.disputes.model import FileKind, Slot, leaves_out
from vivr.email.compose_message import compose_message
from vivr.email.model import Sender, vat_parts
from vivr.errors import Refusal
from vivr.money import Money, format_rate, major_text

BYTES_MAX: Final = 5_000_000
"""So much all files of a dispute may have."""

PAGES_MAX: Final = 50
"""So many pages."""

_WITHHELD: Final = "withheld"


@dataclass(frozen=True, slots=True)
class Document:
    """What a composed document says: a title, and under each heading its lines."""

    slot: Slot
    title: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """One file as it is sent."""

    slot: Slot
    kind: FileKind
    content: bytes
    pages: int


def check_sum(extents: Iterable[tuple[int, int]]) -> Refusal | None:
    """Whether Stripe takes files of so many bytes and pages together."""
    found = list(extents)
    size, pages = sum(size for size, _ in found), sum(pages for _, pages in found)
    if size > BYTES_MAX:
        return Refusal("evidence_too_large", megabytes=BYTES_MAX // 1_000_000)
    return Refusal("evidence_too_long", pages=PAGES_MAX) if pages > PAGES_MAX else None


def texts_of(records: Records) -> dict[str, str]:
    """Stripe's names of the parts, each with what the records say; nothing of what is not known."""
    order = records.order
    evidence = {
        "product_description": "\n".join(_bought(records)),
        "uncategorized_text": "\n".join([f"Order {order.shown_number}", *_timeline(records)]),
    }
    if records.contact is not None:
        shown = "\n".join(_address(records.contact.address))
        evidence |= {
            "customer_name": records.contact.address.name,
            "customer_email_address": records.contact.email,
            "billing_address": shown,
            "shipping_address": shown,
        }
    if records.visits:
        evidence["customer_purchase_ip"] = records.visits[0].address
        evidence["access_activity_log"] = "\n".join(_visits(records))
    return evidence


def documents_of(records: Records, written: Mapping[str, str], sender: Sender) -> list[Document]:
    """The documents that the records fill; ``written`` is what staff added, ``sender`` the shop."""
    order = records.order
    shipped = [
        (name, written[part])
        for part, name in (
            ("shipping_date", "Shipped on"),
            ("shipping_carrier", "Carrier"),
            ("shipping_tracking_number", "Tracking number"),
            ("service_date", "Provided on"),
        )
        if part in written
    ]
    address = _address(records.contact.address) if records.contact else []
    delivery = _document(
        Slot.SHIPPING_DOCUMENTATION,
        f"Delivery of order {order.shown_number}",
        {
            "To": address,
            "What": _bought(records),
            "How": [f"{name}: {text}" for name, text in shipped],
            "What happened": [
                line for line in _timeline(records) if "order shipped" in line or "order delivered" in line
            ],
        },
    )
    terms = {"How the buyer was told": _lines(written.get("refund_policy_disclosure", ""))}
    found = [
        _receipt(records, sender),
        *([delivery] if address or shipped else []),
        *([_communication(records, sender)] if records.mails and records.contact else []),
        *([_document(Slot.REFUND_POLICY, "Terms of refunds", terms)] if any(terms.values()) else []),
        _document(
            Slot.UNCATEGORIZED_FILE,
            f"What happened with order {order.shown_number}",
            {"Timeline": _timeline(records), "Access log (IP address, browser)": _visits(records)},
        ),
    ]
    return [one for one in found if one.parts and not leaves_out(written, one.slot)]


def _receipt(records: Records, sender: Sender) -> Document:
    order, currency = records.order, records.order.currency
    sums = [f"Total, VAT included: {_amount(order.total_minor, currency)}"]
    sums += [
        f"of which VAT at {format_rate(part.rate_bp, 'en')} %: {_amount(part.tax.amount_minor, currency)}"
        for part in vat_parts(records.lines, currency)
    ]
    buyer = [records.contact.email, *_address(records.contact.address)] if records.contact else []
    paid = [line for line in _timeline(records) if "payment of" in line]
    return _document(
        Slot.RECEIPT,
        f"Receipt for order {order.shown_number}",
        {
            "Shop": [sender.shop_name, sender.app_url],
            "Placed": [_moment(order.placed_at)],
            "Buyer": buyer,
            "Bought": _bought(records),
            "Sums": sums,
            "Paid": paid,
        },
    )


def _communication(records: Records, sender: Sender) -> Document:
    """Every mail that the customer was sent, written anew from its template; the link's key is for the buyer alone."""
    parts: dict[str, list[str]] = {}
    for mail in records.mails:
        assert mail.sent_at is not None
        message = compose_message(
            message_id=mail.id,
            kind=mail.kind,
            sender=sender,
            order=records.order,
            lines=records.lines,
            contact=records.contact,
            token=_WITHHELD,
            date=mail.sent_at,
            locale=mail.locale,
            money=mail.money,
        )
        body = message.get_body(("plain",))
        text = str(body.get_content()) if body is not None else ""
        parts[f"{_moment(mail.sent_at)}: {message['Subject']}"] = [f"To: {message['To']}", *_lines(text)]
    return _document(Slot.CUSTOMER_COMMUNICATION, "E-mails to the buyer", parts)


def _document(slot: Slot, title: str, parts: Mapping[str, list[str]]) -> Document:
    return Document(slot, title, tuple((heading, tuple(lines)) for heading, lines in parts.items() if lines))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _bought(records: Records) -> list[str]:
    currency = records.order.currency
    return [f"{line.quantity} × {line.title}: {_amount(line.amount_minor, currency)}" for line in records.lines]


def _timeline(records: Records) -> list[str]:
    return [f"{_moment(at)}  {text}" for at, text in records.happened]


def _visits(records: Records) -> list[str]:
    return [f"{_moment(one.at)}  {one.action}  {one.address}  {one.user_agent}" for one in records.visits]


def _amount(amount_minor: int, currency: str) -> str:
    return f"{major_text(Money(amount_minor, currency))} {currency}"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _address(address: Address) -> list[str]:
    city = f"{address.postal_code} {address.city}"
    parts = [address.name, address.line1, address.line2, city, address.state, address.country]
    return [part for part in parts if part]
