"""Cuts connections: the faults "no answer" and "reset" need the transport, which ASGI does not show.

A thin layer over uvicorn's HTTP protocol remembers the transport of each client address; the application asks for its
own to be aborted.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_transports: dict[tuple[str, int], asyncio.Transport] = {}


class CuttableProtocol(H11Protocol):
    """uvicorn's protocol, with its transport known by client address."""

    _address: tuple[str, int] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remembers the connection."""
        host, port, *_ = transport.get_extra_info("peername")
        self._address = (host, port)
        _transports[self._address] = transport
        super().connection_made(transport)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Forgets the connection, which another protocol takes over."""
        if self._address is not None:
            _transports.pop(self._address, None)
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        if self._address is not None:
            _transports.pop(self._address, None)
        super().connection_lost(exc)


def cut_connection(client: tuple[str, int] | None) -> bool:
    """Aborts the connection of this client; False if it is not one of ours (an in-process call)."""
    transport = _transports.get(client) if client is not None else None
    if transport is None:
        return False
    transport.abort()
    return True
