"""One visit: what is known about a request before anything is decided, and the cookies that its answer will set."""

from collections.abc import Mapping
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from vivr.bootstrap import Shop
from vivr.customers.model import Session
from vivr.ids import new_request_id
from vivr.settings import Settings
from vivr.translate import preferred_locale
from vivr.web.cookies import read_cookies

_SCOPE_KEY: Final = "vivr.visit"
_JSON_PATHS: Final = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json")
_HOPS_MAX: Final = 20
_IPV6_CUSTOMER_BITS: Final = 64


class Visit:
    """One request.

    Attributes:
        shop: the live objects.
        request_id: the id that reaches logs, audit, operations and the error page.
        method: the HTTP method.
        path: the decoded path.
        headers: the request's headers.
        cookies: name -> value of the cookies that came.
        locale: ``fr`` or ``en``: by the path for pages, by Accept-Language for JSON.
        wants_json: whether the answer is JSON, errors too.
        session: the living session, once it was looked for.
        session_was_read: whether it was looked for.
        set_cookies: ``Set-Cookie`` values by cookie name, added to the answer when it starts.
    """

    def __init__(self, shop: Shop, scope: Scope) -> None:
        self.shop = shop
        self.request_id = new_request_id(shop.clock.now())
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers = Headers(scope=scope)
        self.cookies: Mapping[str, str] = read_cookies(self.headers.getlist("cookie"))
        self.wants_json = self.path.startswith(_JSON_PATHS)
        self.locale = self._locale()
        self.session: Session | None = None
        self.session_was_read = False
        self.set_cookies: dict[str, str] = {}
        self._peer: str = (scope.get("client") or ("", 0))[0]

    @cached_property
    def client_address(self) -> str:
        """The client's IP address, by TRUSTED_PROXIES."""
        forwarded = ",".join(self.headers.getlist("x-forwarded-for"))
        return client_address(self._peer, forwarded, self.shop.settings)

    @cached_property
    def client(self) -> str:
        """What the client is counted by: its IPv4 address, or the /64 of its IPv6 one."""
        return client_of(self.client_address)

    @cached_property
    def host_origin(self) -> str | None:
        """The allowed origin whose host the request names; None: no such host is ours."""
        host = self.headers.get("host", "").lower()
        return next((origin for origin in allowed_origins(self.shop.settings) if urlsplit(origin).netloc == host), None)

    @cached_property
    def return_origin(self) -> str:
        """The allowed origin that a purchase began on; never text of the request, always one of our own settings."""
        sent = self.headers.get("origin")
        allowed = allowed_origins(self.shop.settings)
        return next((origin for origin in allowed if origin == sent), self.host_origin or self.shop.settings.app_url)

    @property
    def is_secure(self) -> bool:
        """Whether cookies are for https alone."""
        return self.shop.settings.app_url.startswith("https://")

    def _locale(self) -> str:
        if self.wants_json:
            return preferred_locale(self.headers.get("accept-language"))
        return "en" if self.path == "/en" or self.path.startswith("/en/") else "fr"


def begin_visit(shop: Shop, scope: Scope) -> Visit:
    """Make the visit of a request and keep it in its scope."""
    visit = scope[_SCOPE_KEY] = Visit(shop, scope)
    return visit


def visit_of(connection: HTTPConnection) -> Visit:
    """The visit that a request belongs to."""
    visit = connection.scope[_SCOPE_KEY]
    assert isinstance(visit, Visit)
    return visit


def visit_in(scope: Scope) -> Visit:
    """The visit in a scope, for plain ASGI code."""
    visit = scope[_SCOPE_KEY]
    assert isinstance(visit, Visit)
    return visit


def allowed_origins(settings: Settings) -> tuple[str, ...]:
    """APP_URL, ALLOWED_ORIGINS, and the other name of this machine where APP_URL is a demo's."""
    return (settings.app_url, *_loopback_twin(settings.app_url), *settings.allowed_origins)


def _loopback_twin(app_url: str) -> tuple[str, ...]:
    parts = urlsplit(app_url)
    twins = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}
    twin = twins.get(parts.hostname or "")
    if parts.scheme != "http" or twin is None:
        return ()
    port = "" if parts.port is None else f":{parts.port}"
    return (f"http://{twin}{port}",)


def client_address(peer: str, forwarded_for: str, settings: Settings) -> str:
    """Who really asks: the last address in X-Forwarded-For that no trusted proxy of ours has, or the peer itself.

    Args:
        peer: the address that the connection comes from; empty where it has none (a socket, a test).
        forwarded_for: the header's value, hops separated by commas.
        settings: TRUSTED_PROXIES; without any the header is not looked at.
    """
    hops = [peer, *(part.strip() for part in reversed(forwarded_for.split(",")) if part.strip())][:_HOPS_MAX]
    believed = peer
    for hop in hops:
        address = _address(hop)
        if address is None:
            return believed
        believed = str(address)
        if not any(address in network for network in settings.trusted_proxies):
            return believed
    return believed


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if isinstance(mapped, IPv4Address) else address


def client_of(address: str) -> str:
    """What one client is counted by: an IPv4 address, or the /64 of an IPv6 one; a name that is neither stays."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        return str(IPv6Network((known, _IPV6_CUSTOMER_BITS), strict=False))
    return address
