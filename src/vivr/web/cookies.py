"""Cookies: three names, one way to write them. Pure.

``vivr_session`` is the session's secret token, ``vivr_orders`` the signed list of orders that a guest may see. Both are
HttpOnly and SameSite=Lax (a link from a mail must find them), and Secure over https.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

SESSION_COOKIE: Final = "vivr_session"
ORDERS_COOKIE: Final = "vivr_orders"

_COOKIES_MAX: Final = 50


def read_cookies(headers: Iterable[str]) -> dict[str, str]:
    """Name -> value of ``Cookie`` headers; the first of a name wins, as the more specific path comes first."""
    found: dict[str, str] = {}
    for header in headers:
        for part in header.split(";")[:_COOKIES_MAX]:
            name, equals, value = part.strip().partition("=")
            if equals:
                found.setdefault(name, value.strip('"'))
    return found


def cookie_text(name: str, value: str, *, lifetime: timedelta, secure: bool) -> str:
    """The value of a ``Set-Cookie`` header."""
    ending = "; Secure" if secure else ""
    return f"{name}={value}; Path=/; Max-Age={int(lifetime.total_seconds())}; HttpOnly; SameSite=Lax{ending}"


def dropped_cookie_text(name: str, *, secure: bool) -> str:
    """The value of a ``Set-Cookie`` header that makes the browser forget a cookie."""
    return cookie_text(name, "", lifetime=timedelta(0), secure=secure)
