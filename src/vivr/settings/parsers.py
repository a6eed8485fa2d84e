"""From one text to one value, or to the reason why not. Pure; no message quotes the text, for it may hold a secret."""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final, TypeVar

from babel import Locale

from vivr.currencies import CHARGEABLE_CODES
from vivr.settings.values import PERIODS_S, RateLimit, Secret

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

STRIPE_API_VERSION: Final = "2026-05-27.dahlia"
"""The one version of Stripe's API that this release speaks."""

KEY_CURE: Final = (
    "make one with: python3 -c 'import secrets; print(secrets.token_hex(32))' "
    "(several, comma-separated: the first one writes, the others still read)"
)
_SECRET_KEY_BYTES: Final = 32
_DISTINCT_BYTES_MIN: Final = 8
# Stripe docs, "Statement descriptors": 22 characters for prefix, "* " and suffix, of which the prefix takes 2 at least.
_DESCRIPTOR_SUFFIX_MAX: Final = 18


class Unreadable(Exception):  # noqa: N818 - never leaves the reading; it becomes a Problem
    """A text is no value of its setting: what is wrong with it, and how to put it right."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.cure = cure


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Read a whole number between two bounds, both included."""

    def read(text: str) -> int:
        if re.fullmatch(r"[0-9]{1,9}", text) is None or not low <= int(text) <= high:
            raise Unreadable(f"is not a whole number from {low} to {high}", f"write digits only, such as {low}")
        return int(text)

    return read


def duration(low: int, high: int, *, unit: timedelta) -> Callable[[str], timedelta]:
    """Read a whole number of a unit of time between two bounds, both included."""
    read_number = whole_number(low, high)
    return lambda text: read_number(text) * unit


def one_of(choices: type[E]) -> Callable[[str], E]:
    """Read one of an enum's values, in lower case."""

    def read(text: str) -> E:
        if text not in [choice.value for choice in choices]:
            names = ", ".join(choice.value for choice in choices)
            raise Unreadable("is not one of its values", f"use one of: {names}")
        return choices(text)

    return read


def comma_separated(read_part: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """Read a comma-separated list without doubles; spaces around a part don't count, and no text is an empty list."""

    def read(text: str) -> tuple[T, ...]:
        if text == "":
            return ()
        parts = [part.strip() for part in text.split(",")]
        if "" in parts:
            raise Unreadable("has an empty part", "remove the stray comma")
        values = tuple(read_part(part) for part in parts)
        if any(value in values[:position] for position, value in enumerate(values)):
            raise Unreadable("holds the same part twice", "name each one once")
        return values

    return read


def read_secret_key(text: str) -> Secret[bytes]:
    """Read 32 random bytes from 64 hex digits or from base64, standard or URL-safe, padded or not."""
    try:
        key = _decode_key(text)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != _SECRET_KEY_BYTES:
        raise Unreadable("is not made of 32-byte keys in hex or base64", KEY_CURE)
    if len(set(key)) < _DISTINCT_BYTES_MIN:
        raise Unreadable("holds a key that is not random", KEY_CURE)
    return Secret(key, hint="32 bytes")


def _decode_key(text: str) -> bytes:
    if re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        return bytes.fromhex(text)
    standard = text.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)


def prefixed_key(*prefixes: str, cure: str) -> Callable[[str], Secret[str]]:
    """Read a Stripe key by its prefix; the prefix, which tells kind and mode, is all that is ever shown of it."""

    def read(text: str) -> Secret[str]:
        prefix = next((prefix for prefix in prefixes if text.startswith(prefix)), None)
        if prefix is None:
            raise Unreadable(f"does not start with {' or '.join(prefixes)}", cure)
        if re.fullmatch(r"[A-Za-z0-9_+/=-]{8,}", text.removeprefix(prefix), re.ASCII) is None:
            raise Unreadable("is cut short or holds a character that no key has", cure)
        return Secret(text, hint=f"{prefix}…")

    return read


def read_api_version(text: str) -> str:
    """Accept the pinned version alone: every shape that VIVR reads was checked against it."""
    if text != STRIPE_API_VERSION:
        raise Unreadable("is not the version that this release is built for", f"remove it, or use {STRIPE_API_VERSION}")
    return text


def read_slug(text: str) -> str:
    """Read a shop's id: lower-case letters, digits and inner hyphens, 2 to 32 characters."""
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}[a-z0-9]", text) is None:
        raise Unreadable(
            "is not 2 to 32 lower-case letters, digits and inner hyphens",
            "choose a short name such as my-shop and never change it: it marks this shop's payments at Stripe",
        )
    return text


def read_display_name(text: str) -> str:
    """Read a name that people see: 1 to 60 printable characters (a line break would forge a mail header)."""
    if not (text.isprintable() and len(text) <= 60):  # noqa: PLR2004 - the number stands in the message
        raise Unreadable("is not 1 to 60 printable characters", "shorten it and keep it on one line")
    return text


def read_email_address(text: str) -> str:
    """Read a bare sender address, without a display name."""
    if re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}", text) is None:
        raise Unreadable("is not a plain e-mail address", "write it as shop@example.com, without a name around it")
    return text


def read_bind_host(text: str) -> str:
    """Read the address to listen on: an IP address, or localhost."""
    try:
        return text if text == "localhost" else str(ip_address(text))
    except ValueError:
        raise Unreadable("is not an IP address", "use 127.0.0.1 behind a proxy, or 0.0.0.0 in a container") from None


def read_network(text: str) -> IPv4Network | IPv6Network:
    """Read one trusted proxy: an address, or a network in CIDR notation that is not the whole internet."""
    try:
        network = ip_network(text)
    except ValueError:
        raise Unreadable("is not a list of IP addresses or networks", "write e.g. 10.0.0.1, 10.1.0.0/16") from None
    if network.prefixlen == 0:
        raise Unreadable("trusts the whole internet", "name your proxies: anyone could forge an address otherwise")
    return network


def read_path(text: str) -> Path:
    """Read a folder's path; ``~`` is the home folder."""
    return Path(text).expanduser()


def read_currency(text: str) -> str:
    """Read an ISO 4217 code in either case; the value is upper case."""
    code = text.upper()
    if code not in CHARGEABLE_CODES:
        raise Unreadable("is not a currency that Stripe charges in", "use its three-letter code, such as EUR")
    return code


def read_country(text: str) -> str:
    """Read an ISO 3166 alpha-2 code in either case; the value is upper case."""
    code = text.upper()
    # The locale data also names regions that nobody can ship to: the EU, the euro area, the UN, pseudo-locales.
    if re.fullmatch(r"[A-Z]{2}", code) is None or code in {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}:
        raise Unreadable("holds what is no country", "use two-letter codes, such as FR,BE,LU")
    if code not in Locale("en").territories:
        raise Unreadable("holds a country that does not exist", "use two-letter codes, such as FR,BE,LU")
    return code


def read_descriptor_suffix(text: str) -> str:
    """Read what follows the account's prefix on a bank statement (Stripe docs, "Statement descriptors")."""
    if not (text.isascii() and text.isprintable()) or set(text) & set("<>\\'\"*"):
        raise Unreadable("holds a character that bank statements refuse", "use letters without accents, digits, spaces")
    if len(text) > _DESCRIPTOR_SUFFIX_MAX:
        raise Unreadable(
            f"is longer than {_DESCRIPTOR_SUFFIX_MAX} characters",
            "shorten it: your account's prefix, '* ' and this must fit in 22",
        )
    if re.search(r"[A-Za-z]", text) is None:
        raise Unreadable("holds no letter", "add one: Stripe wants at least one letter in it")
    return text


def read_rate_limit(text: str) -> RateLimit:
    """Read ``5/minute``: at most that many calls in any second, minute, hour or day."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})/(second|minute|hour|day)", text)
    if match is None:
        raise Unreadable("is not a count per second, minute, hour or day", "write it as 5/minute")
    return RateLimit(int(match[1]), PERIODS_S[match[2]])


def read_idempotency(text: str) -> bool:
    """Accept true alone: without idempotency keys a repeated call can charge twice."""
    if text.lower() not in {"true", "1", "yes", "on"}:
        raise Unreadable(
            "can't be switched off",
            "remove it: every Stripe write carries an idempotency key, because a repeat could charge twice without one",
        )
    return True


def read_confirmation(text: str) -> str:
    """Accept automatic alone: hosted Checkout confirms by itself."""
    if text != "automatic":
        raise Unreadable(
            "can only be automatic",
            "remove it: manual confirmation breaks Stripe's hosted Checkout, which confirms the payment itself",
        )
    return text
