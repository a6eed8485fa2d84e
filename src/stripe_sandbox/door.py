"""The door of a sandbox: shut for a while, connecting is refused by the operating system itself.

Whose a call is stands in the call, so a refused connection cannot be one account's: while the door is shut, everybody
is turned away, the controls included, and it opens by itself.
"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import uvicorn

from stripe_sandbox.clock import Clock

POLL_S = 0.02
HOLD_TRIES = 250


class Door:
    """Whether callers are let in; in process, where nobody connects, the API asks it itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shut_until = 0.0
        self._stop_listening: Callable[[Door], None] | None = None

    @property
    def is_shut(self) -> bool:
        """Says whether nobody is let in at this moment of real time."""
        return self._clock.now() < self._shut_until

    def attach(self, stop_listening: Callable[["Door"], None]) -> None:
        """Names what is called when the door is shut; it must listen again once the door is open."""
        self._stop_listening = stop_listening

    def shut(self, for_s: float) -> None:
        """Shuts the door from now on; a longer time that already runs stays."""
        self._shut_until = max(self._shut_until, self._clock.now() + for_s)
        if self._stop_listening is not None:
            self._stop_listening(self)


class DoorServer(uvicorn.Server):
    """uvicorn's server, which stops listening while the door of its application is shut."""

    _closed: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts listening, and looks where the application has its door (a part of the lifespan's state)."""
        await super().startup(sockets)
        door: Any = self.lifespan.state.get("door")
        if isinstance(door, Door):
            door.attach(self._close)

    def _close(self, door: Door) -> None:
        if self._closed is None or self._closed.done():
            self._closed = asyncio.get_running_loop().create_task(self._stay_closed(door))

    async def _stay_closed(self, door: Door) -> None:
        """Gives the port up without letting anybody else have it, cuts what is connected, and listens again later."""
        places = [(listener.family, listener.getsockname()) for server in self.servers for listener in server.sockets]
        for server in self.servers:
            server.close()
        self.servers.clear()
        for connection in list(self.server_state.connections):
            # One that is being closed has an answer on its way, such as that of the control which shut the door.
            if not connection.transport.is_closing():
                connection.transport.abort()
        with ExitStack() as kept:
            held = [kept.enter_context(await _hold(*place)) for place in places]
            while door.is_shut and not self.should_exit:  # noqa: ASYNC110 - the end of a time is no event
                await asyncio.sleep(POLL_S)
            kept.pop_all()
        loop = asyncio.get_running_loop()
        for listener in held:
            self.servers.append(
                await loop.create_server(self._new_connection, sock=listener, backlog=self.config.backlog)
            )

    def _new_connection(self) -> asyncio.Protocol:
        protocol: Any = self.config.http_protocol_class
        return protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


async def _hold(family: int, address: Any) -> socket.socket:
    """Binds an address without listening at it: connecting to it is refused."""
    for _ in range(HOLD_TRIES):
        holder = socket.socket(family, socket.SOCK_STREAM)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind(address)
        except OSError:
            # The listening socket is given up a moment after it was closed.
            holder.close()
            await asyncio.sleep(POLL_S)
        else:
            holder.setblocking(False)
            return holder
    raise RuntimeError(f"the port of {address} was taken while the door was shut")
