"""Ports that a test gives to a process which listens on them a moment later.

A port that the system hands out for such a wish may be taken by anybody's outgoing connection before the process comes
to it. These stand below the system's range, and each test process goes through a stretch of its own.
"""

import itertools
import os
import socket
from typing import Final

_FIRST: Final = 14_000
_STRETCHES: Final = 170
_LENGTH: Final = 100

_numbers = itertools.count()


def free_port() -> int:
    """A port that nobody listens on right now, another one with each call."""
    begin = _FIRST + os.getpid() % _STRETCHES * _LENGTH
    for _ in range(_LENGTH):
        port = begin + next(_numbers) % _LENGTH
        with socket.socket() as probe:
            # As servers do: a port whose last connections are only fading away is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port is free from {begin} on")
