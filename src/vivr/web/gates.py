"""Three questions before anything else happens: is it our host, does it come from our pages, is it small enough.

*Origin*. Cookies are SameSite=Lax, and an unsafe request must say where it comes from as well. Browsers of the last
years send ``Origin`` with every POST: it must be one of ours, and ``null`` is none. Without it ``Sec-Fetch-Site``
decides: ``same-origin`` or ``none`` (typed by the user) passes. Without both it is no present-day browser; then it
passes only without a cookie, because a forged request is worth something only with the victim's cookie on it.
"""

import asyncio
import re
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vivr.disputes.packet import BYTES_MAX as EVIDENCE_BYTES_MAX
from vivr.errors import Forbidden, VivrError
from vivr.settings import Settings
from vivr.web.visit import Visit, allowed_origins, visit_in

BODY_BYTES_MAX: Final = 64 * 1024

_UPLOADS: Final = re.compile(r"(/en)?/admin/litiges/[^/]+/pieces/[^/]+")
_SAFE_METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_PROBES: Final = frozenset(("/healthz", "/readyz", "/metrics"))
"""Asked by machines that know an address and no name; they tell nothing about anybody."""
_LENGTH_DIGITS_MAX: Final = 18
_BODY_TIMEOUT_S: Final = 15.0


class Gates:
    """Passes a request on, or raises what is wrong with it."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._origins = frozenset(allowed_origins(settings))
        self._hosts = frozenset(urlsplit(origin).netloc for origin in self._origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = visit_in(scope)
        if visit.path not in _PROBES and visit.headers.get("host", "").lower() not in self._hosts:
            raise VivrError("host_not_allowed")
        if visit.method in _SAFE_METHODS:
            await self._app(scope, receive, send)
            return
        if not self._comes_from_us(visit):
            raise Forbidden("origin_not_allowed")
        body = await _read_body(receive, visit.headers.get("content-length"), _bytes_max(visit))
        await self._app(scope, _replay(body, receive), send)

    def _comes_from_us(self, visit: Visit) -> bool:
        origin = visit.headers.get("origin")
        if origin is not None:
            return origin in self._origins
        site = visit.headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        return "cookie" not in visit.headers


def _bytes_max(visit: Visit) -> int:
    """How large a body may be: 64 KiB, and a file of evidence more where somebody with a session uploads one."""
    is_upload = _UPLOADS.fullmatch(visit.path) and "cookie" in visit.headers
    return EVIDENCE_BYTES_MAX + BODY_BYTES_MAX if is_upload else BODY_BYTES_MAX


async def _read_body(receive: Receive, content_length: str | None, bytes_max: int) -> bytes:
    """The whole body, at most so much of it; it is counted, so that a chunked body is held to the limit too.

    Raises:
        VivrError: ``body_too_large``, or ``request_timeout`` when it does not arrive within 15 s.
    """
    if content_length and content_length.isdecimal() and int(content_length[:_LENGTH_DIGITS_MAX]) > bytes_max:
        raise VivrError("body_too_large")
    try:
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            return await _gather(receive, bytes_max)
    except TimeoutError:
        raise VivrError("request_timeout") from None


async def _gather(receive: Receive, bytes_max: int) -> bytes:
    body = bytearray()
    has_more = True
    while has_more:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > bytes_max:
            # The server goes on reading what the client still sends and throws it away, so that our refusal is read.
            raise VivrError("body_too_large")
        has_more = message["type"] == "http.request" and message.get("more_body", False)
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that hands out the body once, and then listens for the client's hanging up."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again
