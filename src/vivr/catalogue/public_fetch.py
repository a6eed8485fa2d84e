"""Fetching a picture from the web without becoming a way into our own network.

A name is resolved once, every address it has must be public, and the connection goes to the address that was checked,
so that a second answer of the name server changes nothing. Redirects are followed by hand and checked the same way.
The address comes from a file of the shop's own, but that file was often made from somebody else's.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

import httpx

from vivr.catalogue.findings import Code
from vivr.catalogue.pictures import PICTURE_BYTES_MAX
from vivr.database import refuse_inside_transaction

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[Address]]]
"""Finds the addresses of a host name and port."""

_REDIRECTS_MAX: Final = 5
_TIMEOUT_S: Final = 30.0
_CONNECT_TIMEOUT_S: Final = 10.0
_REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200

# Addresses that carry an IPv4 address inside: NAT64, 6to4 and Teredo. What they lead to can't be seen from outside.
_CARRIERS: Final = tuple(IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))


class FetchFailedError(Exception):
    """A picture was not fetched; ``code`` and ``found`` make the finding."""

    def __init__(self, code: Code, found: str = "") -> None:
        super().__init__(code)
        self.code: Code = code
        self.found: str = found


def is_public(address: Address) -> bool:
    """Whether an address is out in the internet: not loopback, private, link-local, shared, reserved or multicast."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in carrier for carrier in _CARRIERS):
            return False
    return address.is_global and not address.is_multicast


async def resolve_host(host: str, port: int) -> list[Address]:
    """Ask the system for a host's addresses."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A link-local IPv6 address carries its network card after a percent sign.
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


async def fetch_public(
    address: str,
    *,
    bytes_max: int = PICTURE_BYTES_MAX,
    timeout_s: float = _TIMEOUT_S,
    resolve: Resolve = resolve_host,
    is_allowed: Callable[[Address], bool] = is_public,
) -> bytes:
    """Fetch a file by http or https.

    Args:
        address: where it is.
        bytes_max: the largest body that is read.
        timeout_s: for the whole of it, redirects included.
        resolve: finds a host's addresses; a test gives its own.
        is_allowed: which addresses may be connected to; only a test allows others than public ones.

    Raises:
        FetchFailedError: with ``fetch_address_refused``, ``fetch_too_large``, ``fetch_timed_out``, ``fetch_status``
            or ``fetch_unreachable``.
    """
    refuse_inside_transaction("fetching a picture")
    try:
        # No proxy and no credentials from the environment: the connection must go to the address that was checked.
        async with (
            asyncio.timeout(timeout_s),
            httpx.AsyncClient(trust_env=False, timeout=_CONNECT_TIMEOUT_S, follow_redirects=False) as client,
        ):
            url = _checked_url(address)
            for _ in range(_REDIRECTS_MAX + 1):
                target = await _pinned(url, resolve, is_allowed)
                answer = await _get(client, url, target, bytes_max)
                if isinstance(answer, bytes):
                    return answer
                url = _checked_url(str(answer))
    except TimeoutError as error:
        raise FetchFailedError("fetch_timed_out", f"{timeout_s:g}") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        raise FetchFailedError("fetch_unreachable", type(error).__name__) from error
    raise FetchFailedError("fetch_address_refused", "too many redirects")


def _checked_url(address: str) -> httpx.URL:
    url = httpx.URL(address)
    if url.scheme not in {"http", "https"} or not url.host:
        raise FetchFailedError("fetch_address_refused", "neither http nor https")
    if url.userinfo:
        raise FetchFailedError("fetch_address_refused", "it carries a password")
    return url


async def _pinned(url: httpx.URL, resolve: Resolve, is_allowed: Callable[[Address], bool]) -> Address:
    """The address to connect to: the first one, once all of them are allowed."""
    port = url.port or (443 if url.scheme == "https" else 80)
    addresses = await resolve(url.raw_host.decode("ascii"), port)
    if not addresses:
        raise FetchFailedError("fetch_unreachable", "no address")
    if not all(is_allowed(address) for address in addresses):
        raise FetchFailedError("fetch_address_refused", "it is not public")
    return addresses[0]


async def _get(client: httpx.AsyncClient, url: httpx.URL, target: Address, bytes_max: int) -> bytes | httpx.URL:
    """The body, or where to go on."""
    async with client.stream(
        "GET",
        url.copy_with(host=str(target)),
        # A compressed body could grow without limit; the host's name is still what the certificate must be for.
        headers={"Host": url.netloc.decode("ascii"), "Accept": "image/*", "Accept-Encoding": "identity"},
        extensions={"sni_hostname": url.raw_host.decode("ascii")},
    ) as response:
        if response.status_code in _REDIRECT_STATUSES and "location" in response.headers:
            return url.join(response.headers["location"])
        if response.status_code != _OK:
            raise FetchFailedError("fetch_status", str(response.status_code))
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > bytes_max:
                raise FetchFailedError("fetch_too_large", str(bytes_max))
        return bytes(body)
