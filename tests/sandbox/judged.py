"""Puts the judge around the application, so that every call of every test is judged by Stripe's own document."""

from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.openapi_judge import Exchange, the_judge

COMPLAINTS: Final[list[str]] = []
"""Since the last look, in this process; the fixture ``stripe_document`` fails the test that caused them."""


def new_complaints() -> list[str]:
    """What was found since the last look."""
    found = COMPLAINTS.copy()
    COMPLAINTS.clear()
    return found


@dataclass
class Judged:
    """The application, with a record of each call to the API under ``/v1``."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on unchanged; judges once the answer is complete, before its last byte is sent."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self.app(scope, receive, send)
            return
        request, answer = bytearray(), bytearray()
        status = 0

        async def receive_and_keep() -> Message:
            message = await receive()
            request.extend(message.get("body", b""))
            return message

        async def judge_and_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                answer.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body"):
                headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
                query = scope["query_string"].decode("latin-1")
                exchange = Exchange(
                    scope["method"], scope["path"], query, bytes(request), headers, status, bytes(answer)
                )
                COMPLAINTS.extend(the_judge().complaints(exchange))
            await send(message)

        await self.app(scope, receive_and_keep, judge_and_send)
