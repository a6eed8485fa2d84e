"""Delivers events to webhook endpoints until they answer 2xx, on the account's time, and remembers every attempt.

One row per event and endpoint says what is due, so that a restart goes on where the last process stopped. Attempts run
side by side; nothing is promised about their order, as with Stripe.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any

import httpx

from stripe_sandbox.door import Door
from stripe_sandbox.faults import take_closing
from stripe_sandbox.letters import REFUSED, Key, Letter, due_groups, prepare, record
from stripe_sandbox.listeners import is_listener
from stripe_sandbox.listening import Taps
from stripe_sandbox.options import Options
from stripe_sandbox.resources.webhook_endpoints import is_loopback
from stripe_sandbox.state.store import Account, Store
from stripe_sandbox.state.work import Work, open_work
from stripe_sandbox.timers import run_due

PARALLEL_MAX = 32
IDLE_S = 1.0
LOOP_LEAST_S = 0.005
ACK_POLL_S = 0.02
ROUNDS_MAX = 10_000

_log = logging.getLogger(__name__)

Post = Callable[[str, bytes, dict[str, str]], Awaitable[int | str]]
"""Takes URL, body and headers to an endpoint: its status, or the name of what went wrong."""


class ForgottenError(Exception):
    """The account was forgotten while something of it was on its way."""


class Courier:
    """Runs timers and deliveries of all accounts while the server lives."""

    def __init__(
        self, store: Store, options: Options, door: Door, witness: Callable[[str, bytes, int | None], None]
    ) -> None:
        self.store = store
        self.options = options
        self.door = door
        self.witness = witness
        self.taps = Taps(store)
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
                is_well = self._run_timers(account)
                self._start_deliveries(account)
                next_due = self._due_after(account, account.time.at(real_now)) if is_well else None
            if next_due is not None:
                wait_s = min(wait_s, account.time.real_wait_s(next_due, real_now))
        return max(wait_s, LOOP_LEAST_S)

    def _run_timers(self, account: Account) -> bool:
        """Runs due timers; a failed one must not end the deliveries of all accounts, and is tried again when idle."""
        try:
            run_due(self.store, account)
        except Exception:  # noqa: BLE001 - see above
            _log.exception("a timer of %s failed", account.id)
            return False
        return True

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
        with open_work(self.store, account) as work:
            closed_s, groups = take_closing(work), due_groups(work)
        if closed_s:
            self.door.shut(closed_s)
        for group in groups:
            if not any(key in self._running for key in group):
                task = asyncio.create_task(self._deliver_in_turn(account.id, group))
                self._running.update(dict.fromkeys(group, task))
                task.add_done_callback(partial(self._finished, group))

    def _finished(self, group: list[Key], task: asyncio.Task[None]) -> None:
        for key in group:
            del self._running[key]
        if not task.cancelled() and task.exception() is not None:
            _log.error("deliveries of %s broke", group, exc_info=task.exception())
        self.wake()

    async def _deliver_in_turn(self, account_id: str, group: list[Key]) -> None:
        async with self._slots:
            with suppress(ForgottenError):
                for key in group:
                    await self.deliver(account_id, key, self._post)

    async def deliver_due(self, account_id: str, post: Post) -> None:
        """Delivers in the caller's own turn, one after another, until nothing more is due now."""
        for _ in range(ROUNDS_MAX):
            with self._open(account_id) as work:
                groups = due_groups(work)
            if not groups:
                return
            for key in (key for group in groups for key in group):
                await self.deliver(account_id, key, post)
        raise RuntimeError("deliveries never end; is a retry delay 0?")

    async def deliver(self, account_id: str, key: Key, post: Post) -> None:
        """One attempt: decide and prepare, send without a transaction, record."""
        with self._open(account_id) as work:
            letter = prepare(work, key)
        if letter is None:
            return
        if is_listener(key[1]):
            self.witness(letter.url, letter.body, None)
            await self.taps.send(account_id, key, letter)
            return
        results = [await self._attempt(letter, post) for _ in range(letter.copies)]
        with self._open(account_id) as work:
            record(work, key, results, self.options.retry_delays_s)

    async def _attempt(self, letter: Letter, post: Post) -> dict[str, Any]:
        """Sends the event once; gives the attempt as recorded."""
        at = int(self.store.clock.now())
        answer = REFUSED if letter.dead else await post(letter.url, letter.body, letter.headers(at))
        status = answer if isinstance(answer, int) else None
        self.witness(letter.url, letter.body, status)
        return {"at": at, "status": status, "error": None if isinstance(answer, int) else answer}

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int | str:
        """The endpoint's status, or why there is none."""
        assert self._client is not None
        if not self.options.deliver_anywhere and not is_loopback(url):
            return "not a loopback address; start the sandbox with --deliver-anywhere to allow it"
        try:
            response = await self._client.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return type(error).__name__
        return response.status_code

    def _open(self, account_id: str) -> AbstractContextManager[Work]:
        account = self.store.find_account(account_id)
        if account is None:
            raise ForgottenError
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
