"""Deliveries answered by the connection itself: no task, no timer of its own and one write for each.

uvicorn speaks HTTP; of what it read, the ordinary delivery (a short body of known length, freshly signed by Stripe, for
a shop that knows its account) is verified when its last byte is there and answered when its batch is committed.
Whatever is unusual, and whatever is refused, goes the way of every other request, to ``WebhookPath``, which works by
the same ``Door``.
"""

import asyncio
import time
from functools import partial
from typing import Any, Final, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from vivr.ids import RequestId
from vivr.web.webhook import CLIENT_GONE, OK, BodyTooLarge, Door, RawHeaders, declared_length, is_delivery

_ORDINARY_MAX: Final = 65_536
"""Bytes; beyond them uvicorn stops reading until somebody asks for more."""


def delivery_protocol(door: Door) -> type[asyncio.Protocol]:
    """What uvicorn makes a connection's protocol with."""
    return cast("type[asyncio.Protocol]", partial(DeliveryProtocol, door, Patience(door.timeout_s)))


class Patience:
    """Which connections wait, the longest first; one timer tells all of them when it was too long.

    Args:
        limit_s: for how long each may wait.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s: float = limit_s
        self._due: dict[DeliveryProtocol, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, waiting: "DeliveryProtocol") -> None:
        """It waits from now on."""
        loop = asyncio.get_running_loop()
        self._due[waiting] = loop.time() + self._limit_s
        if self._timer is None:
            self._timer = loop.call_later(self._limit_s, self._look)

    def end(self, waiting: "DeliveryProtocol") -> None:
        """It does not wait any more."""
        self._due.pop(waiting, None)

    def _look(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        for waiting, due in list(self._due.items()):
            if due > loop.time():
                self._timer = loop.call_at(due, self._look)
                return
            waiting.give_up()


class DeliveryProtocol(HttpToolsProtocol):
    """One connection.

    Args:
        door: what is done with a delivery.
        patience: tells when one took too long.
        uvicorn: what uvicorn says to its protocols.
    """

    def __init__(self, door: Door, patience: Patience, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._door: Door = door
        self._patience: Patience = patience
        self._taken: RequestResponseCycle | None = None
        self._application: Any = None
        self._request_id: RequestId = RequestId("")
        self._began: float = 0

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if not self._is_ordinary(cycle):
            super()._start_asgi_task(cycle, app)
            return
        self._taken, self._application = cycle, app
        self._request_id = self._door.new_request_id()
        self._began = time.perf_counter()
        self._patience.begin(self)

    def _is_ordinary(self, cycle: RequestResponseCycle) -> bool:
        scope = cast("Scope", cycle.scope)
        # A body that is there already came behind another request, before that one was answered.
        if not is_delivery(scope) or not cycle.more_body or cycle.waiting_for_100_continue:
            return False
        try:
            return 0 < declared_length(scope["headers"]) <= _ORDINARY_MAX and self._door.knows_account
        except BodyTooLarge:
            return False

    def on_message_complete(self) -> None:
        """The last byte of a request is there."""
        super().on_message_complete()
        if self._taken is not None and self._taken is self.cycle:
            self._take_in(self._taken)

    def _take_in(self, cycle: RequestResponseCycle) -> None:
        try:
            body = bytes(cycle.body)
            envelope = self._door.verify(cast("RawHeaders", cycle.scope["headers"]), body)
            if envelope is None:
                self._let_go()
                super()._start_asgi_task(cycle, self._application)
                return
            cycle.body = bytearray()
            kept = self._door.keep(self._request_id, envelope, body)
            kept.add_done_callback(partial(self._committed, cycle))
        except Exception as error:  # noqa: BLE001 - nothing else is around this path
            self._answer(cycle, self._door.status_of(self._request_id, error))

    def _committed(self, cycle: RequestResponseCycle, kept: asyncio.Future[int]) -> None:
        error = kept.exception()
        if cycle is self._taken:
            self._answer(cycle, OK if error is None else self._door.status_of(self._request_id, error))

    def give_up(self) -> None:
        """It took too long: its sender delivers again."""
        if self._taken is not None:
            self._answer(self._taken, self._door.status_of(self._request_id, TimeoutError()))

    def connection_lost(self, exc: Exception | None) -> None:
        """The sender hung up; what it sent whole is stored all the same."""
        super().connection_lost(exc)
        if self._taken is not None and self._taken.more_body:
            self._let_go()
            self._door.count(CLIENT_GONE, self._began)

    def _answer(self, cycle: RequestResponseCycle, status: int) -> None:
        self._let_go()
        self._door.count(status, self._began)
        if cycle.disconnected:
            return
        headers, body = self._door.answer(self._request_id, status)
        lines = [STATUS_LINE[status]]
        for name, value in (*self.server_state.default_headers, *headers):
            lines += (name, b": ", value, b"\r\n")
        lines.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
        lines.append(body)
        self.transport.write(b"".join(lines))
        cycle.response_started = cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()

    def _let_go(self) -> None:
        self._taken = None
        self._patience.end(self)
