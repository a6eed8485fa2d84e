"""The webhook's own path, in front of everything else: raw body in, 2xx only after commit.

Whatever does not carry a fresh signature of Stripe's gets the same quiet 400, which does not say what was checked.
"""

import asyncio
from typing import Final, cast

import structlog
from prometheus_client import Counter
from starlette.types import ASGIApp, Receive, Scope, Send

from vivr.bootstrap import Shop
from vivr.caller import system_caller
from vivr.errors import VivrError
from vivr.ids import new_request_id
from vivr.web.visit import request_id_in
from vivr.webhooks.model import BODY_MAX, is_signed, read_envelope
from vivr.webhooks.receive_event import receive_event

PATH: Final = "/api/stripe/webhook"

_log: Final = structlog.stdlib.get_logger("vivr.webhooks")
_refused: Final = Counter("vivr_webhook_refused", "Deliveries refused before they were stored", ["status"])
_received: Final = Counter("vivr_webhook_received", "Deliveries stored and acknowledged")


class BodyTooLarge(Exception):  # noqa: N818 - reads as what it is
    """More bytes than any event has."""


class ClientGone(Exception):  # noqa: N818 - reads as what it is
    """The sender hung up before its body was whole."""


class WebhookPath:
    """Answers ``POST /api/stripe/webhook`` itself and hands everything else on.

    Args:
        app: what answers everything else.
        shop: the live objects.
    """

    def __init__(self, app: ASGIApp, shop: Shop) -> None:
        self._app: ASGIApp = app
        self._shop: Shop = shop
        self._secrets: tuple[bytes, ...] = tuple(
            secret.reveal().encode() for secret in shop.settings.stripe_webhook_secret
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        status = await self._answer(scope, receive)
        if status == _CLIENT_GONE:
            return
        if status == _OK:
            _received.inc()
        else:
            _refused.labels(status=str(status)).inc()
        await _send(send, status)

    async def _answer(self, scope: Scope, receive: Receive) -> int:
        timeout_s = self._shop.settings.stripe_webhook_timeout.total_seconds()
        try:
            async with asyncio.timeout(timeout_s):
                return await self._take_in(scope, receive)
        except BodyTooLarge:
            return 413
        except ClientGone:
            return _CLIENT_GONE
        except TimeoutError:
            _log.warning("webhook.timed_out")
            return 503
        except VivrError as error:
            _log.warning("webhook.not_stored", code=error.code)
            return 503

    async def _take_in(self, scope: Scope, receive: Receive) -> int:
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
        caller = system_caller("webhook", request_id_in(scope) or new_request_id(shop.clock.now()))
        await receive_event(shop.database, shop.clock, caller, await shop.account.scope(), envelope, body)
        return _OK


_OK: Final = 200
_CLIENT_GONE: Final = 499
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


async def _send(send: Send, status: int) -> None:
    body = b'{"received":true}' if status == _OK else b'{"success":false}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 503:  # noqa: PLR2004 - HTTP's own word
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
