"""PostgreSQL dies by kill -9 under load: nothing acknowledged is lost, and the shop recovers alone."""

import contextlib
import hashlib
import hmac
import itertools
import json
import math
import os
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from flows.stack import Stack, start_stack
from vivr.embedded_postgres import EmbeddedPostgres

SENDERS = 4
UNAVAILABLE = 503
PATIENCE_S = 60.0


@dataclass
class Load:
    """Senders of signed events that never stop, and what they were told."""

    stack: Stack
    acknowledged: list[str] = field(default_factory=list[str])
    refused: list[tuple[int, str | None]] = field(default_factory=list[tuple[int, str | None]])
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    is_over: threading.Event = field(default_factory=threading.Event)

    def send_until_over(self) -> None:
        """Send one event after the other."""
        secret = self.stack.environment["STRIPE_WEBHOOK_SECRET"].encode()
        with httpx.Client(base_url=self.stack.shop_url, trust_env=False, timeout=30) as client:
            while not self.is_over.is_set():
                event_id = f"evt_load{next(self.numbers)}"
                body = json.dumps(
                    {
                        "id": event_id,
                        "type": "payment_intent.succeeded",
                        "livemode": False,
                        "data": {"object": {"id": f"pi_of_{event_id}", "padding": "x" * 2000}},
                    }
                ).encode()
                stamp = str(int(time.time()))
                digest = hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
                headers = {"Stripe-Signature": f"t={stamp},v1={digest}"}
                with contextlib.suppress(httpx.TransportError):
                    answer = client.post("/api/stripe/webhook", content=body, headers=headers)
                    if answer.is_success:
                        self.acknowledged.append(event_id)
                    else:
                        self.refused.append((answer.status_code, answer.headers.get("retry-after")))

    def wait_for_more(self, acknowledged: int) -> None:
        """Wait until so many more are acknowledged."""
        wanted, deadline = len(self.acknowledged) + acknowledged, time.monotonic() + PATIENCE_S
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < deadline, f"no acknowledgement any more: {self.stack.log('web')}"
            time.sleep(0.01)

    def wait_for_refusal(self) -> None:
        """Wait until somebody is told that nothing can be taken in."""
        before, deadline = len(self.refused), time.monotonic() + PATIENCE_S
        while len(self.refused) == before:
            assert time.monotonic() < deadline, f"nobody is refused: {self.stack.log('web')}"
            time.sleep(0.01)


@contextmanager
def loaded(stack: Stack) -> Generator[Load]:
    """Senders for the length of the block."""
    load = Load(stack)
    senders = [threading.Thread(target=load.send_until_over) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    try:
        yield load
    finally:
        load.is_over.set()
        for sender in senders:
            sender.join(PATIENCE_S)


@dataclass(frozen=True)
class Survival:
    """What came of a run: what was acknowledged, and every promise that was broken."""

    acknowledged: int
    violations: list[str]
    kills: int


def survive_kills(folder: Path, kills: int, *, broken: str | None = None, deadline: float = math.inf) -> Survival:
    """Kill PostgreSQL under load so many times, and see that nothing acknowledged is lost and the shop goes on alone.

    Args:
        folder: for the database, its logs and the shop's.
        kills: how often.
        broken: a variant of ``launch.py`` that has to be caught.
        deadline: no kill begins after it, in monotonic seconds.
    """
    with EmbeddedPostgres(folder) as server, start_stack(folder, server.url, launch=()) as stack:
        stack.start("web", *(["--broken", broken] if broken else []))
        stack.wait_until_ready("web")
        violations: list[str] = []
        with loaded(stack) as load:
            load.wait_for_more(20)
            done = 0
            while done < kills and time.monotonic() < deadline:
                done += 1
                os.kill(server.pid, signal.SIGKILL)
                violations += _meanwhile(load, is_broken=broken is not None)
                server.stop()
                server.start()
                load.wait_for_more(20)
        if stack.processes["web"].poll() is not None:
            violations.append("the web process ended")
        elif not httpx.get(f"{stack.shop_url}/api/products", trust_env=False, timeout=30).is_success:
            violations.append("the catalogue does not answer again")
        lost = set(load.acknowledged) - _stored_ids(server.url)
        if lost:
            violations.append(f"{len(lost)} of {len(load.acknowledged)} acknowledged events are lost")
        return Survival(len(load.acknowledged), violations, done)


def _meanwhile(load: Load, *, is_broken: bool) -> list[str]:
    """What the shop says while its database is away: 503 and when to come again, to Stripe and to visitors."""
    if is_broken:
        load.wait_for_more(20)
        return []
    load.wait_for_refusal()
    found = [
        f"a delivery was answered {status}" for status, again in load.refused if (status, again) != (UNAVAILABLE, "5")
    ]
    said = httpx.get(f"{load.stack.shop_url}/api/products", trust_env=False, timeout=30)
    if said.status_code != UNAVAILABLE or not int(said.headers.get("retry-after", 0)):
        found.append(f"a visitor was answered {said.status_code}")
    return found


def _stored_ids(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {str(row[0]) for row in connection.execute("SELECT id FROM inbox_event").fetchall()}
