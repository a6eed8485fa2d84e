"""Settings that are addresses: origins, PostgreSQL, Redis and mail servers, and whether one of them is this machine.

Pure. An address may carry a password, so each such value is a ``Secret`` whose hint names the host alone.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from vivr.settings.parsers import Unreadable
from vivr.settings.values import MailSecurity, MailServer, Secret

STRIPE_API_BASE: Final = "https://api.stripe.com"
"""Where Stripe is; the only other place that a setting can name is a sandbox on this machine."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_REDIS_SCHEMES: Final = frozenset(("redis", "rediss", "valkey", "valkeys", "unix"))
_MAIL_SCHEMES: Final = {
    "smtp": (MailSecurity.NONE, 25),
    "smtp+starttls": (MailSecurity.STARTTLS, 587),
    "smtps": (MailSecurity.TLS, 465),
}
_ORIGIN_CURE: Final = "write scheme, host and port alone, such as https://shop.example.com"


def is_local(host: str) -> bool:
    """Whether a host is this machine: a loopback address, ``localhost``, a socket's folder, or nothing at all."""
    if host in {"", "localhost"} or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def origin_host(origin: str) -> str:
    """Give the host of an origin that ``read_origin`` accepted."""
    return urlsplit(origin).hostname or ""


def read_origin(text: str) -> str:
    """Read ``scheme://host[:port]`` as a browser writes an origin: lower case, no path, no default port."""
    parts = _split(text, problem="is not a web address", cure=_ORIGIN_CURE)
    host = parts.hostname or ""
    is_bare = parts.path in {"", "/"} and not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in _DEFAULT_PORTS or re.fullmatch(r"[a-z0-9.:-]+", host, re.ASCII) is None or not is_bare:
        raise Unreadable("is not made of origins alone", _ORIGIN_CURE)
    shown_host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{shown_host}{port}"


def read_database_url(text: str) -> Secret[str]:
    """Read a ``postgresql://`` address as libpq does; the password stays out of every message."""
    cure = "write it as postgresql://user:password@host:5432/name"
    if not text.startswith(("postgresql://", "postgres://")):
        raise Unreadable("is not a PostgreSQL address", cure)
    try:
        parameters = conninfo_to_dict(text)
    except ProgrammingError:
        # libpq's own message is left out: it can quote the password.
        raise Unreadable("is an address that PostgreSQL's client can't read", cure) from None
    if re.fullmatch(r"[0-9,]*", f"{parameters.get('port') or ''}", re.ASCII) is None:
        raise Unreadable("names a port that is no number", cure)
    return Secret(text, hint=f"{parameters.get('host') or 'local socket'}/{parameters.get('dbname') or ''}")


def database_is_safe_with_live_keys(url: str) -> bool:
    """Whether every server named is this machine, or is reached by TLS with a verified certificate and name."""
    parameters = conninfo_to_dict(url)
    hosts = f"{parameters.get('host') or ''},{parameters.get('hostaddr') or ''}".split(",")
    return all(is_local(host) for host in hosts) or parameters.get("sslmode") == "verify-full"


def read_redis_url(text: str) -> Secret[str]:
    """Read the address of a Redis-compatible server."""
    cure = "write it as redis://host:6379/0, or rediss:// with TLS"
    parts = _split(text, problem="is not a Redis address", cure=cure)
    if parts.scheme not in _REDIS_SCHEMES or not (parts.hostname or parts.scheme == "unix"):
        raise Unreadable("is not a Redis address", cure)
    return Secret(text, hint=parts.hostname or "local socket")


def read_mail_server(text: str) -> MailServer:
    """Read ``smtp://`` (no TLS), ``smtp+starttls://`` or ``smtps://``, with an optional user and password."""
    cure = "write it as smtps://user:password@host:465 or smtp+starttls://user:password@host:587"
    parts = _split(text, problem="is not a mail server's address", cure=cure)
    if parts.scheme not in _MAIL_SCHEMES or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise Unreadable("is not a mail server's address", cure)
    security, default_port = _MAIL_SCHEMES[parts.scheme]
    return MailServer(
        host=parts.hostname,
        port=parts.port or default_port,
        security=security,
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else Secret(unquote(parts.password)),
    )


def _split(text: str, *, problem: str, cure: str) -> SplitResult:
    """Split an address; a port that is no number, a broken IPv6 host and characters no address has are unreadable."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise Unreadable(problem, cure) from None
    if not text.isascii() or not text.isprintable() or " " in text:
        raise Unreadable(problem, cure)
    return parts


def stripe_limit(environment: Mapping[str, str]) -> str:
    """Calls a second that Stripe takes from one account (Stripe docs, rate limits); what stands for it has no limit."""
    if environment.get("STRIPE_API_BASE", STRIPE_API_BASE) != STRIPE_API_BASE:
        return "0"
    return "100" if "_live_" in environment.get("STRIPE_SECRET_KEY", "") else "25"
