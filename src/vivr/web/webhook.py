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
from vivr.web.metrics import Metrics
from vivr.web.refusals import RefusalAudit
from vivr.web.visit import client_address, client_of
from vivr.webhooks.model import BODY_MAX, DOOR, EventEnvelope, is_signed, read_envelope
from vivr.webhooks.receive_event import receive_event

RawHeaders = list[tuple[bytes, bytes]]

OK: Final = 200
NOT_VERIFIED: Final = 400
TOO_LARGE: Final = 413
TOO_OFTEN: Final = 429
CLIENT_GONE: Final = 499
UNAVAILABLE: Final = 503

_log: Final = structlog.stdlib.get_logger("vivr.webhooks")
_REFUSALS: Final = {NOT_VERIFIED: "webhook_not_verified", TOO_LARGE: "body_too_large"}
_LENGTH_DIGITS_MAX: Final = 20
_AGAIN_S: Final = 5


class BodyTooLarge(Exception):  # noqa: N818 - reads as what it is
    """More bytes than any event has."""


class ClientGone(Exception):  # noqa: N818 - reads as what it is
    """The sender hung up before its body was whole."""


class Door:
    """What is done with one delivery, however its bytes come and go.

    Args:
        shop: the live objects.
        metrics: where answers are counted.

    Attributes:
        timeout_s: how long a delivery is waited for, its body and its commit.
    """

    def __init__(self, shop: Shop, metrics: Metrics) -> None:
        self._shop: Shop = shop
        self._metrics: Metrics = metrics
        self._refusals: RefusalAudit = RefusalAudit(
            shop.database, shop.clock, shop.seals, act="webhook.refused", on=("webhook", "delivery")
        )
        self._headers: RawHeaders = SecurityHeaders(shop.settings).raw(is_json=True)
        self._secrets: tuple[bytes, ...] = tuple(
            secret.reveal().encode() for secret in shop.settings.stripe_webhook_secret
        )
        self.timeout_s: float = shop.settings.stripe_webhook_timeout.total_seconds()

    @property
    def knows_account(self) -> bool:
        """Whether a delivery can be kept without asking whose it is."""
        return self._shop.account.known is not None

    async def learn_account(self) -> None:
        """Ask whose the deliveries are.

        Raises:
            Unavailable: neither the database nor Stripe could tell.
        """
        await self._shop.account.scope()

    def new_request_id(self) -> RequestId:
        """An id for one delivery."""
        return new_request_id(self._shop.clock.now())

    def verify(self, headers: RawHeaders, body: bytes) -> EventEnvelope | None:
        """The event, if this is one with Stripe's fresh signature."""
        signatures = [value for name, value in headers if name == b"stripe-signature"]
        now, tolerance = self._shop.clock.now(), self._shop.settings.webhook_tolerance
        if len(signatures) != 1 or not is_signed(body, signatures[0], self._secrets, now=now, tolerance=tolerance):
            return None
        return read_envelope(body)

    def keep(self, request_id: RequestId, envelope: EventEnvelope, body: bytes) -> asyncio.Future[int]:
        """Let the event be stored; done when it is committed. The account must be known.

        Raises:
            Unavailable: too many wait for the database.
        """
        scope = self._shop.account.known
        assert scope is not None
        return receive_event(self._shop.intake, self._shop.clock, request_id, scope, envelope, body)

    def status_of(self, request_id: RequestId, error: BaseException) -> int:
        """What is answered to an error: what nobody expected is logged, and Stripe delivers again."""
        if isinstance(error, TimeoutError):
            _log.warning("webhook.timed_out", request_id=request_id)
        elif isinstance(error, VivrError):
            _log.warning("webhook.not_stored", request_id=request_id, code=error.code)
        else:
            _log.error("webhook.not_stored", request_id=request_id, exc_info=error)
        return UNAVAILABLE

    async def refuse(self, request_id: RequestId, scope: Scope, status: int) -> float | None:
        """Audit a refusal; in how many seconds its sender may come again, if it came too often."""
        source = self._source_of(scope)
        self._refusals.note(request_id, source, code=_REFUSALS[status])
        try:
            await self._shop.rate_limiter.take("webhook", "address", client_of(source.address))
        except RateLimited as error:
            return error.retry_after_s
        return None

    def answer(self, request_id: RequestId, status: int, again_s: float | None = None) -> tuple[RawHeaders, bytes]:
        """Headers and body."""
        body = b'{"received":true}' if status == OK else b'{"success":false}'
        headers = [
            *self._headers,
            (b"x-request-id", request_id.encode()),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ]
        if status == UNAVAILABLE:
            again_s = _AGAIN_S
        if again_s is not None:
            headers.append((b"retry-after", b"%d" % again_s))
        return headers, body

    def count(self, status: int, began: float) -> None:
        """Count an answer."""
        self._metrics.count("POST", DOOR, status, time.perf_counter() - began)

    def _source_of(self, scope: Scope) -> RequestOrigin:
        headers = Headers(scope=scope)
        peer: str = (scope.get("client") or ("", 0))[0]
        forwarded = ",".join(headers.getlist("x-forwarded-for"))
        address = client_address(peer, forwarded, self._shop.settings)
        return RequestOrigin(address, headers.get("user-agent", ""))


class WebhookPath:
    """Answers ``POST /api/stripe/webhook`` itself and hands everything else on.

    Args:
        app: what answers everything else.
        shop: the live objects.
        metrics: where answers are counted.

    Attributes:
        door: what is done with a delivery.
    """

    def __init__(self, app: ASGIApp, shop: Shop, metrics: Metrics) -> None:
        self._app: ASGIApp = app
        self.door: Door = Door(shop, metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if not is_delivery(scope):
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = self.door.new_request_id()
        status = await self._take_in(request_id, scope, receive)
        again_s = await self.door.refuse(request_id, scope, status) if status in _REFUSALS else None
        if again_s is not None:
            status = TOO_OFTEN
        if status != CLIENT_GONE:
            headers, body = self.door.answer(request_id, status, again_s)
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        self.door.count(status, began)

    async def _take_in(self, request_id: RequestId, scope: Scope, receive: Receive) -> int:
        try:
            async with asyncio.timeout(self.door.timeout_s):
                headers = cast("RawHeaders", scope["headers"])
                body = await _read_body(headers, receive)
                envelope = self.door.verify(headers, body)
                if envelope is None:
                    return NOT_VERIFIED
                await self.door.learn_account()
                await self.door.keep(request_id, envelope, body)
        except BodyTooLarge:
            return TOO_LARGE
        except ClientGone:
            return CLIENT_GONE
        except Exception as error:  # noqa: BLE001 - the front is not around this path
            return self.door.status_of(request_id, error)
        return OK


def is_delivery(scope: Scope) -> bool:
    """Whether a request is for the webhook."""
    return scope["type"] == "http" and scope["path"] == DOOR and scope["method"] == "POST"


def declared_length(headers: RawHeaders) -> int:
    """How long a sender says that its body is; 0: it does not say.

    Raises:
        BodyTooLarge: longer than any event, or no length at all.
    """
    declared = next((value for name, value in headers if name == b"content-length"), b"0")
    if not declared.isdigit() or len(declared) > _LENGTH_DIGITS_MAX or int(declared) > BODY_MAX:
        raise BodyTooLarge
    return int(declared)


async def _read_body(headers: RawHeaders, receive: Receive) -> bytes:
    declared_length(headers)
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
