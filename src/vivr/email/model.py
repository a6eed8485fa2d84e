"""What a mail says and when it is tried again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vivr.customers.model import AddressedMail, MailKind
from vivr.money import Money
from vivr.orders.model import Order, OrderLine

TRIES_OVER_AFTER: Final = timedelta(days=1)
_FIRST_PAUSE: Final = timedelta(seconds=10)
_LONGEST_PAUSE: Final = timedelta(hours=1)
_DOUBLINGS_MAX: Final = 20
_LINK_PAGES: Final[dict[str, str]] = {
    MailKind.CONFIRM: "/compte/confirmer",
    MailKind.RESET: "/compte/nouveau-mot-de-passe",
    MailKind.CHANGE: "/compte/nouvelle-adresse",
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: the shop's name, its address, where its pages are, and where its own people read."""

    shop_name: str
    address: str
    app_url: str
    staff_address: str | None = None


@dataclass(frozen=True, slots=True)
class VatPart:
    """The VAT that is included at one rate."""

    rate_bp: int
    tax: Money


def next_try(created_at: datetime, now: datetime, tries: int) -> timedelta | None:
    """How long to wait after a try that failed: 10 s, doubling up to an hour; None: a day is over, give up.

    Args:
        created_at: when the message was queued.
        now: the present.
        tries: how often it was tried, this time included.
    """
    pause = min(_FIRST_PAUSE * 2 ** min(max(tries - 1, 0), _DOUBLINGS_MAX), _LONGEST_PAUSE)
    # The last try comes at the end of the day, not an hour before it.
    left = created_at + TRIES_OVER_AFTER - now
    return None if left <= timedelta(0) else min(pause, left)


def message_id_header(message_id: str, sender: Sender) -> str:
    """The Message-ID of a message: always the same, so that a mail server knows a repetition (RFC 5322, 3.6.4)."""
    domain = sender.address.rpartition("@")[2].encode("idna").decode("ascii")
    return f"<{message_id}@{domain}>"


def order_link(order: Order, sender: Sender, token: str) -> str:
    """The order's page in the order's language; the token opens it without an account."""
    prefix = "" if order.locale == "fr" else f"/{order.locale}"
    return f"{sender.app_url}{prefix}/commande/{order.id}?cle={token}"


def office_link(order: Order, sender: Sender) -> str:
    """The order's page in the back office, in the order's language."""
    prefix = "" if order.locale == "fr" else f"/{order.locale}"
    return f"{sender.app_url}{prefix}/admin/commandes/{order.id}"


def exceptions_link(sender: Sender, locale: str) -> str:
    """The back office's page of money that does not fit."""
    prefix = "" if locale == "fr" else f"/{locale}"
    return f"{sender.app_url}{prefix}/admin/exceptions"


def account_link(mail: AddressedMail, sender: Sender, locale: str) -> str:
    """Where a mail about an account leads: to what its secret opens, or to the log-in."""
    prefix = "" if locale == "fr" else f"/{locale}"
    page = _LINK_PAGES.get(mail.kind, "/compte/connexion")
    return f"{sender.app_url}{prefix}{page}" + (f"?cle={mail.token}" if mail.token else "")


def vat_parts(lines: Sequence[OrderLine], currency: str) -> list[VatPart]:
    """The VAT included in an order, by rate, the highest rate first; rates without VAT are left out."""
    sums: dict[int, int] = {}
    for line in lines:
        sums[line.tax_rate_bp] = sums.get(line.tax_rate_bp, 0) + line.tax_minor
    return [VatPart(rate, Money(tax, currency)) for rate, tax in sorted(sums.items(), reverse=True) if tax]
