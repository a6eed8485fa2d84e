"""The webhook's own path, in front of everything else: raw body in, 2xx only after commit.

Whatever does not carry a fresh signature of Stripe's gets the same quiet 400, which does not say what was checked. A
delivery that verifies is never limited; one that does not is counted, and audited once a minute per source.
"""

import asyncio
import time
from typing import Final, cast

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from vivr.bootstrap import Shop
from vivr.customers.request_origins import RequestOrigin
from vivr.errors import VivrError
from vivr.ids import RequestId, new_request_id
from vivr.rate_limits.limiter import RateLimited
from vivr.web.headers import SecurityHeaders
from vivr.web.limits import client_of
from vivr.web.metrics import Metrics
from vivr.web.refusals import RefusalAudit
from vivr.web.visit import client_address
from vivr.webhooks.model import BODY_MAX, DOOR, is_signed, read_envelope
from vivr.webhooks.receive_event import receive_event

_log: Final = structlog.stdlib.get_logger("vivr.webhooks")
_REFUSALS: Final = {400: "webhook_not_verified", 413: "body_too_large"}


class BodyTooLarge(Exception):  # noqa: N818 - reads as what it is
    """More bytes than any event has."""


class ClientGone(Exception):  # noqa: N818 - reads as what it is
    """The sender hung up before its body was whole."""


class WebhookPath:
    """Answers ``POST /api/stripe/webhook`` itself and hands everything else on.

    Args:
        app: what answers everything else.
        shop: the live objects.
        metrics: where answers are counted.
    """

    def __init__(self, app: ASGIApp, shop: Shop, metrics: Metrics) -> None:
        self._app: ASGIApp = app
        self._shop: Shop = shop
        self._metrics: Metrics = metrics
        self._refusals: RefusalAudit = RefusalAudit(
            shop.database, shop.clock, shop.seals, act="webhook.refused", on=("webhook", "delivery")
        )
        self._headers: list[tuple[bytes, bytes]] = SecurityHeaders(shop.settings).raw(is_json=True)
        self._secrets: tuple[bytes, ...] = tuple(
            secret.reveal().encode() for secret in shop.settings.stripe_webhook_secret
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] != DOOR or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = new_request_id(self._shop.clock.now())
        status = await self._answer(request_id, scope, receive)
        headers = [*self._headers, (b"x-request-id", request_id.encode())]
        if status in _REFUSALS:
            source = self._source_of(scope)
            self._refusals.note(request_id, source, code=_REFUSALS[status])
            try:
                await self._shop.rate_limiter.take("webhook", "address", client_of(source.address))
            except RateLimited as error:
                status = _TOO_OFTEN
                headers.append((b"retry-after", b"%d" % error.retry_after_s))
        if status != _CLIENT_GONE:
            await _send(send, status, headers)
        self._metrics.count("POST", DOOR, status, time.perf_counter() - began)

    async def _answer(self, request_id: RequestId, scope: Scope, receive: Receive) -> int:
        timeout_s = self._shop.settings.stripe_webhook_timeout.total_seconds()
        try:
            async with asyncio.timeout(timeout_s):
                return await self._take_in(request_id, scope, receive)
        except BodyTooLarge:
            return 413
        except ClientGone:
            return _CLIENT_GONE
        except TimeoutError:
            _log.warning("webhook.timed_out", request_id=request_id)
        except VivrError as error:
            _log.warning("webhook.not_stored", request_id=request_id, code=error.code)
        except Exception:  # noqa: BLE001 - the front is not around this path
            # What nobody expected is logged, and Stripe delivers again.
            _log.exception("webhook.not_stored", request_id=request_id)
        return _UNAVAILABLE

    async def _take_in(self, request_id: RequestId, scope: Scope, receive: Receive) -> int:
        shop = self._shop
        headers = cast("list[tuple[bytes, bytes]]", scope["headers"])
        signatures = [value for name, value in headers if name == b"stripe-signature"]
        body = await _read_body(headers, receive)
        tolerance = shop.settings.webhook_tolerance
        if len(signatures) != 1 or not is_signed(
            body, signatures[0], self._secrets, now=shop.clock.now(), tolerance=tolerance
        ):
            return 400
        envelope = read_envelope(body)
        if envelope is None:
            return 400
        await receive_event(shop.intake, shop.clock, request_id, await shop.account.scope(), envelope, body)
        return _OK

    def _source_of(self, scope: Scope) -> RequestOrigin:
        headers = Headers(scope=scope)
        peer: str = (scope.get("client") or ("", 0))[0]
        forwarded = ",".join(headers.getlist("x-forwarded-for"))
        address = client_address(peer, forwarded, self._shop.settings)
        return RequestOrigin(address, headers.get("user-agent", ""))


_OK: Final = 200
_TOO_OFTEN: Final = 429
_CLIENT_GONE: Final = 499
_UNAVAILABLE: Final = 503
_LENGTH_DIGITS_MAX: Final = 20


async def _read_body(headers: list[tuple[bytes, bytes]], receive: Receive) -> bytes:
    declared = next((value for name, value in headers if name == b"content-length"), b"0")
    if not declared.isdigit() or len(declared) > _LENGTH_DIGITS_MAX or int(declared) > BODY_MAX:
        raise BodyTooLarge
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > BODY_MAX:
            raise BodyTooLarge
        if not message.get("more_body", False):
            return bytes(body)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    body = b'{"received":true}' if status == _OK else b'{"success":false}'
    headers += ((b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)))
    if status == _UNAVAILABLE:
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
