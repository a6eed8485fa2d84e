"""Signed events at a fixed mean rate, whether or not the server keeps up: times count from when each was due.

    BENCH_SECRET=... BENCH_RUN=... python benchmarks/load/open_loop.py URL RATE SECONDS CONNECTIONS BODY_FILE

Prints one JSON object: sent, failed, p50_ms, p99_ms. Arrivals are Poisson; one that finds no free connection waits, and
its wait counts.
"""

import asyncio
import hashlib
import hmac
import json
import os
import random
import sys
import time
from collections import deque
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop


class Connection(asyncio.Protocol):
    """One kept-alive connection: a request, its whole answer, the next request."""

    def __init__(self, load: "Load") -> None:
        self.load = load
        self.transport: asyncio.Transport | None = None
        self.due = 0.0
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready for work."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own
        self.load.free.append(self)

    def send(self, due: float, request: bytes) -> None:
        """One request that was due then."""
        assert self.transport is not None
        self.due, self.received = due, b""
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Our server's answers come with a short body of known end."""
        self.received += data
        if self.received.endswith(b"}"):
            self.load.answered(self, is_good=self.received.startswith(b"HTTP/1.1 200"))


class Load:
    """The events that are due, the connections that are free, and how long each event took."""

    def __init__(self, url: str, rate: float, seconds: float, body: bytes) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.path = parts.path
        self.rate, self.seconds = rate, seconds
        self.head, _, self.tail = body.partition(b"NUMBER")
        self.secret = os.environ["BENCH_SECRET"].encode()
        self.run_name = os.environ["BENCH_RUN"].encode()
        self.free: deque[Connection] = deque()
        self.waiting: deque[float] = deque()
        self.times: list[float] = []
        self.number = self.failed = 0

    def request(self) -> bytes:
        """A fresh, signed event."""
        self.number += 1
        body = self.head + self.run_name + b"%d" % self.number + self.tail
        stamp = b"%d" % time.time()
        signature = hmac.new(self.secret, stamp + b"." + body, hashlib.sha256).hexdigest().encode()
        return (
            b"POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: application/json\r\nStripe-Signature: t=%s,v1=%s\r\n"
            b"Content-Length: %d\r\n\r\n%s"
            % (self.path.encode(), self.host.encode(), self.port, stamp, signature, len(body), body)
        )

    def arrive(self, due: float) -> None:
        """One event is due."""
        self.waiting.append(due)
        self.hand_out()

    def answered(self, connection: Connection, *, is_good: bool) -> None:
        """One answer is whole."""
        self.times.append(time.perf_counter() - connection.due)
        self.failed += not is_good
        self.free.append(connection)
        self.hand_out()

    def hand_out(self) -> None:
        """Send what is due as long as a connection is free."""
        while self.waiting and self.free:
            self.free.popleft().send(self.waiting.popleft(), self.request())

    async def run(self, connections: int) -> dict[str, float]:
        """Send at the rate for the time."""
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            await loop.create_connection(lambda: Connection(self), self.host, self.port)
        chance = random.Random(1)  # noqa: S311 - arrivals, no secret
        began = due = time.perf_counter()
        while due < began + self.seconds:
            due += chance.expovariate(self.rate)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self.arrive(due)
        for _ in range(1000):
            if len(self.free) == connections and not self.waiting:
                break
            await asyncio.sleep(0.01)
        ordered = sorted(self.times)
        return {
            "sent": self.number,
            "answered": len(ordered),
            "failed": self.failed,
            "p50_ms": round(ordered[len(ordered) // 2] * 1000, 2),
            "p99_ms": round(ordered[len(ordered) * 99 // 100] * 1000, 2),
        }


def main() -> None:
    """Read the arguments, run, print."""
    url, rate, seconds, connections, body = sys.argv[1:]
    load = Load(url, float(rate), float(seconds), Path(body).read_bytes())
    print(json.dumps(uvloop.run(load.run(int(connections)))))


if __name__ == "__main__":
    main()
