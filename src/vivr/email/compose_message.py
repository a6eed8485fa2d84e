"""Turn a message and its order into a mail: subject, plain text and HTML from the templates of its kind."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from typing import Any, Final, cast

from babel import Locale
from babel.dates import format_datetime as format_dates
from babel.dates import get_timezone
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from vivr.customers.account_mails import LIFETIMES
from vivr.customers.contact import Contact
from vivr.customers.model import AddressedMail, MailKind
from vivr.email.model import (
    Sender,
    account_link,
    exceptions_link,
    message_id_header,
    office_link,
    order_link,
    vat_parts,
)
from vivr.money import Money, format_money, format_rate
from vivr.orders.model import Order, OrderLine
from vivr.translate import translator

STAFF_KINDS: Final = frozenset(
    {
        "authorization_ending_staff",
        "authorization_lapsed_staff",
        "dispute_deadline_staff",
        "dispute_opened_staff",
        "fraud_warning_staff",
        "refund_failed_staff",
        "money_exception_staff",
    }
)
"""The kinds that go to the shop's own people, not to the customer."""

ACCOUNT_KINDS: Final = frozenset(MailKind)
"""The kinds that are about an account and no order; their subject is an account mail's id."""

KINDS: Final = STAFF_KINDS | {
    "held_refunded",
    "order_confirmation",
    "order_released",
    "payment_failed",
    "refund_failed",
    "refunded",
}
"""The kinds of message about orders that have templates."""

_DOMAIN: Final = "emails"
_SHOWN_ZONE: Final = get_timezone("Europe/Paris")


def compose_message(
    *,
    message_id: str,
    kind: str,
    sender: Sender,
    order: Order | None,
    lines: Sequence[OrderLine],
    contact: Contact | None,
    token: str,
    date: datetime,
    locale: str,
    recipient: str | None = None,
    money: Money | None = None,
) -> EmailMessage:
    """Write a mail, in most cases about an order.

    Args:
        message_id: the message's id; its Message-ID is always the same.
        kind: one of ``KINDS``.
        sender: who writes.
        order: what it is about; only what is for staff may be about none.
        lines: the order's frozen lines.
        contact: the customer's, while it is kept.
        token: opens the order's page without an account.
        date: the mail's date.
        locale: the language to write in.
        recipient: whom it goes to, if not to the customer.
        money: the amount that it tells of, where it tells of one.
    """
    address = recipient or (contact.email if contact else None)
    if address is None:
        raise ValueError(f"{kind} goes to nobody")
    values: dict[str, object] = {
        "shop_name": sender.shop_name,
        "order": order,
        "lines": lines,
        "vat": vat_parts(lines, order.currency) if order else [],
        "address": contact.address if contact else None,
        "link": _link_of(kind, order, sender, token, locale),
        "amount": money,
    }
    return assemble(
        message_id=message_id,
        template=kind,
        sender=sender,
        values=values,
        date=date,
        locale=locale,
        recipient=address,
    )


def compose_account_mail(
    *, message_id: str, mail: AddressedMail, sender: Sender, date: datetime, locale: str
) -> EmailMessage:
    """Write a mail about an account.

    It says nothing that was typed at the registration, such as a name: anybody may have typed it, with words for
    somebody else to read.
    """
    values: dict[str, object] = {
        "shop_name": sender.shop_name,
        "link": account_link(mail, sender, locale),
        "hours": LIFETIMES[MailKind(mail.kind)] // timedelta(hours=1) if mail.token else 0,
    }
    return assemble(
        message_id=message_id,
        template=mail.kind,
        sender=sender,
        values=values,
        date=date,
        locale=locale,
        recipient=mail.email,
    )


def assemble(
    *,
    message_id: str,
    template: str,
    sender: Sender,
    values: Mapping[str, object],
    date: datetime,
    locale: str,
    recipient: str,
) -> EmailMessage:
    """Put a mail together from the three templates of its kind."""
    environment = _environment(locale)

    def render(part: str) -> str:
        return environment.get_template(f"{template}.{part}").render(values)

    message = EmailMessage(policy=SMTP)
    message["From"] = Address(sender.shop_name, addr_spec=sender.address)
    message["To"] = recipient
    message["Subject"] = " ".join(render("subject.txt").split())
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id_header(message_id, sender)
    # Nobody's holiday notice should answer a shop (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(render("txt"))
    message.add_alternative(render("html"), subtype="html")
    # Last, because what is set before the content would move into its first part.
    message["Content-Language"] = locale
    return message


def _link_of(kind: str, order: Order | None, sender: Sender, token: str, locale: str) -> str:
    """Where the mail leads: to the order as its customer or as staff sees it, or to the money exceptions."""
    if order is None or kind == "money_exception_staff":
        return exceptions_link(sender, locale)
    return office_link(order, sender) if kind in STAFF_KINDS else order_link(order, sender, token)


@cache
def _environment(locale: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("vivr", "templates/email"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n"],
    )

    def minor(amount_minor: int, currency: str) -> str:
        return format_money(Money(amount_minor, currency), locale)

    def money(amount: Money) -> str:
        return format_money(amount, locale)

    def territory(code: str) -> str:
        names: Any = Locale(locale).territories
        return str(names.get(code, code))

    def moment(at: datetime) -> str:
        return format_dates(at, "d MMMM, HH:mm", tzinfo=_SHOWN_ZONE, locale=locale)

    def percent(rate_bp: int) -> str:
        return format_rate(rate_bp, locale)

    catalogue = translator(locale, _DOMAIN)
    # The extension adds this method to the environment, which Jinja2's types don't say.
    cast("Any", environment).install_gettext_callables(catalogue.gettext, catalogue.ngettext, newstyle=True)
    cast("dict[str, object]", environment.filters).update(
        {"minor": minor, "moment": moment, "money": money, "percent": percent, "territory": territory}
    )
    cast("dict[str, object]", environment.globals)["locale"] = locale
    return environment
