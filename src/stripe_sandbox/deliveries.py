"""Delivers events to webhook endpoints until they answer 2xx, on the account's time, and remembers every attempt.

One row per event and endpoint says what is due, so that a restart goes on where the last process stopped. Attempts run
side by side; nothing is promised about their order, as with Stripe.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from stripe_sandbox.faults import BAD_SIGNATURE, DELAY, DROP, DUPLICATE, WEBHOOK_FAULTS, take_faults
from stripe_sandbox.options import Options
from stripe_sandbox.resources.webhook_endpoints import is_loopback
from stripe_sandbox.signing import signature_header
from stripe_sandbox.state.store import Account, Store
from stripe_sandbox.state.work import Doc, Work, open_work, public
from stripe_sandbox.timers import run_due

HEADERS = {
    "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    "Content-Type": "application/json; charset=utf-8",
    "Accept": "*/*; q=0.5, application/xml",
    "Cache-Control": "no-cache",
}
PARALLEL_MAX = 32
IDLE_S = 1.0
LOOP_LEAST_S = 0.005
ACK_POLL_S = 0.02

_log = logging.getLogger(__name__)

Key = tuple[str, str]


@dataclass(frozen=True)
class Letter:
    """One delivery, ready to be sent."""

    url: str
    body: bytes
    secrets: list[str]
    copies: int
    spoiled: bool


def active_secrets(endpoint: Doc, now: int) -> list[str]:
    """The secrets that sign at this time, the newest first."""
    return [entry["secret"] for entry in endpoint["_secrets"] if entry["until"] is None or entry["until"] > now]


class Courier:
    """Runs timers and deliveries of all accounts while the server lives."""

    def __init__(self, store: Store, options: Options, witness: Callable[[str, bytes, int | None], None]) -> None:
        self.store = store
        self.options = options
        self.witness = witness
        self._client: httpx.AsyncClient | None = None
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(PARALLEL_MAX)
        self._running: dict[Key, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Says that something may be due now."""
        self._wake.set()

    async def run(self) -> None:
        """Serves until cancelled."""
        async with httpx.AsyncClient(
            trust_env=False, timeout=self.options.delivery_timeout_s, follow_redirects=False
        ) as client:
            self._client = client
            try:
                while True:
                    wait_s = self.start_due()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), wait_s)
                    self._wake.clear()
            finally:
                for task in self._running.values():
                    task.cancel()
                await asyncio.gather(*self._running.values(), return_exceptions=True)

    def start_due(self) -> float:
        """Runs due timers, starts due deliveries; gives the real seconds until something else may be due."""
        wait_s = IDLE_S
        real_now = self.store.clock.now()
        for account_id, due in self._next_dues().items():
            account = self.store.find_account(account_id)
            assert account is not None
            next_due: float | None = due
            if due <= account.time.at(real_now):
                run_due(self.store, account)
                self._start_deliveries(account)
                next_due = self._due_after(account, account.time.at(real_now))
            if next_due is not None:
                wait_s = min(wait_s, account.time.real_wait_s(next_due, real_now))
        return max(wait_s, LOOP_LEAST_S)

    def _next_dues(self) -> dict[str, float]:
        """Per account the sandbox time of what comes next."""
        rows = self.store.connection.execute(
            "SELECT account, MIN(due) AS due FROM (SELECT account, MIN(due) AS due FROM timer GROUP BY account "
            "UNION ALL SELECT account, MIN(due) FROM delivery WHERE due IS NOT NULL GROUP BY account) GROUP BY account"
        ).fetchall()
        return {row["account"]: row["due"] for row in rows}

    def _due_after(self, account: Account, now: float) -> float | None:
        """What comes next in an account whose due work is on its way."""
        row = self.store.connection.execute(
            "SELECT MIN(due) AS due FROM (SELECT due FROM timer WHERE account = ? UNION ALL "
            "SELECT due FROM delivery WHERE account = ? AND due > ?)",
            (account.id, account.id, now),
        ).fetchone()
        due: float | None = row["due"]
        return due

    def _start_deliveries(self, account: Account) -> None:
        for key in self._due_keys(account):
            if key not in self._running:
                task = asyncio.create_task(self._deliver(account.id, *key))
                self._running[key] = task
                task.add_done_callback(partial(self._finished, key))

    def _due_keys(self, account: Account) -> list[Key]:
        rows = self.store.connection.execute(
            "SELECT event, endpoint FROM delivery WHERE account = ? AND due <= ? ORDER BY due, rowid LIMIT 500",
            (account.id, account.time.at(self.store.clock.now())),
        ).fetchall()
        return [(row["event"], row["endpoint"]) for row in rows]

    def _finished(self, key: Key, task: asyncio.Task[None]) -> None:
        del self._running[key]
        if not task.cancelled() and task.exception() is not None:
            _log.error("delivery of %s to %s broke", *key, exc_info=task.exception())
        self.wake()

    async def _deliver(self, account_id: str, event_id: str, endpoint_id: str) -> None:
        """One attempt: decide and prepare, send without a transaction, record."""
        async with self._slots:
            letter = self._prepare(account_id, event_id, endpoint_id)
            if letter is None:
                return
            results = [await self._send(letter) for _ in range(letter.copies)]
            self._record(account_id, event_id, endpoint_id, results)

    def _prepare(self, account_id: str, event_id: str, endpoint_id: str) -> Letter | None:
        """Takes the delivery's faults; None when nothing is to be sent now."""
        with self._open(account_id) as work:
            endpoint = work.find("webhook_endpoint", endpoint_id)
            event = work.find("event", event_id)
            if endpoint is None or event is None or endpoint["status"] != "enabled":
                self._update(work, event_id, endpoint_id, state="ended", due=None)
                return None
            taken = {fault["kind"]: fault for fault in take_faults(work, WEBHOOK_FAULTS, "event", event["type"])}
            if DROP in taken:
                self._update(work, event_id, endpoint_id, state="dropped", due=None)
                return None
            if DELAY in taken:
                self._update(work, event_id, endpoint_id, state="delayed", due=work.exact_now + taken[DELAY]["delay_s"])
                return None
            shown = public(event)
            shown["api_version"] = endpoint["api_version"] or event["api_version"]
            return Letter(
                url=endpoint["url"],
                body=json.dumps(shown, indent=2, ensure_ascii=False).encode(),
                secrets=active_secrets(endpoint, work.now),
                copies=2 if DUPLICATE in taken else 1,
                spoiled=BAD_SIGNATURE in taken,
            )

    async def _send(self, letter: Letter) -> dict[str, Any]:
        """Posts the event once; gives the attempt as recorded."""
        assert self._client is not None
        at = int(self.store.clock.now())
        attempt: dict[str, Any] = {"at": at, "status": None, "error": None}
        if not self.options.deliver_anywhere and not is_loopback(letter.url):
            return {**attempt, "error": "not a loopback address; start the sandbox with --deliver-anywhere to allow it"}
        headers = {
            **HEADERS,
            "Stripe-Signature": signature_header(letter.body, letter.secrets, at, spoiled=letter.spoiled),
        }
        try:
            response = await self._client.post(letter.url, content=letter.body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self.witness(letter.url, letter.body, None)
            return {**attempt, "error": type(error).__name__}
        self.witness(letter.url, letter.body, response.status_code)
        return {**attempt, "status": response.status_code}

    def _record(self, account_id: str, event_id: str, endpoint_id: str, results: list[dict[str, Any]]) -> None:
        """Stores the attempts; acknowledged, or due again after the next delay of the series."""
        acknowledged = any(result["status"] is not None and 200 <= result["status"] < 300 for result in results)  # noqa: PLR2004 - any 2xx
        with self._open(account_id) as work:
            row = work.tx.execute(
                "SELECT state, attempts FROM delivery WHERE event = ? AND endpoint = ?", (event_id, endpoint_id)
            ).fetchone()
            if row is None:
                return
            attempts: list[dict[str, Any]] = [*json.loads(row["attempts"]), *results]
            done = acknowledged or row["state"] == "acknowledged"
            delays = self.options.retry_delays_s
            tries = len(attempts)
            due = None if done or tries > len(delays) else work.exact_now + delays[tries - 1]
            state = "acknowledged" if done else "retrying" if due is not None else "failed"
            self._update(work, event_id, endpoint_id, state=state, due=due, attempts=json.dumps(attempts))
            if acknowledged:
                self._count_pending(work, event_id)

    def _count_pending(self, work: Work, event_id: str) -> None:
        """An event tells how many endpoints have not acknowledged it."""
        event = work.find("event", event_id)
        if event is None:
            return
        row = work.tx.execute(
            "SELECT COUNT(*) AS pending FROM delivery WHERE event = ? AND state != 'acknowledged'", (event_id,)
        ).fetchone()
        event["pending_webhooks"] = row["pending"]
        work.save(event)

    def _update(
        self, work: Work, event_id: str, endpoint_id: str, *, state: str, due: float | None, attempts: str | None = None
    ) -> None:
        work.tx.execute(
            "UPDATE delivery SET state = ?, due = ?, attempts = COALESCE(?, attempts) WHERE event = ? AND endpoint = ?",
            (state, due, attempts, event_id, endpoint_id),
        )

    def _open(self, account_id: str) -> AbstractContextManager[Work]:
        account = self.store.find_account(account_id)
        assert account is not None
        return open_work(self.store, account)

    async def wait_for_first_attempt(self, event_id: str) -> None:
        """Waits until every endpoint was tried once with this event, at most `ack_wait_s`; the wait is real time."""
        if self._client is None:
            return
        for _ in range(int(self.options.ack_wait_s / ACK_POLL_S)):
            row = self.store.connection.execute(
                "SELECT 1 FROM delivery WHERE event = ? AND state = 'pending' LIMIT 1", (event_id,)
            ).fetchone()
            if row is None:
                return
            await asyncio.sleep(ACK_POLL_S)
