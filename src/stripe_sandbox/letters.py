"""What a delivery consists of: one row per event and endpoint that says what is due, and the letter that is sent.

Nothing here waits or talks to an endpoint; `deliveries.py` and a caller in process do.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stripe_sandbox.faults import BAD_SIGNATURE, DEAD, DELAY, DROP, DUPLICATE, SHUFFLE, WEBHOOK_FAULTS, take_faults
from stripe_sandbox.listeners import find_listener, is_listener
from stripe_sandbox.signing import signature_header
from stripe_sandbox.state.work import Doc, Work, public

HEADERS = {
    "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    "Content-Type": "application/json; charset=utf-8",
    "Accept": "*/*; q=0.5, application/xml",
    "Cache-Control": "no-cache",
}
DUE_MAX = 500
# How long a shuffle waits for the rest of its events where its fault does not say so.
SHUFFLE_S = 2.0
# What a client reports when nobody listens.
REFUSED = "ConnectError"

Key = tuple[str, str]
"""A delivery: its event and its endpoint."""


@dataclass(frozen=True)
class Letter:
    """One delivery, ready to be sent `copies` times; to a dead endpoint it is not sent at all."""

    url: str
    body: bytes
    secrets: list[str]
    copies: int
    spoiled: bool
    dead: bool

    def headers(self, at: int) -> dict[str, str]:
        """What it is sent with at a time; each attempt is signed anew."""
        return {**HEADERS, "Stripe-Signature": signature_header(self.body, self.secrets, at, spoiled=self.spoiled)}


def active_secrets(endpoint: Doc, now: int) -> list[str]:
    """The secrets that sign at this time, the newest first."""
    return [entry["secret"] for entry in endpoint["_secrets"] if entry["until"] is None or entry["until"] > now]


def due_groups(work: Work) -> list[list[Key]]:
    """What is to be delivered now.

    Each delivery goes its own way, but those that a shuffle held back go one after another, in the order that the
    account's seed draws.
    """
    rows = work.tx.execute(
        "SELECT event, endpoint, state FROM delivery WHERE account = ? AND due <= ? ORDER BY due, rowid LIMIT ?",
        (work.account.id, work.exact_now, DUE_MAX),
    ).fetchall()
    groups = [[(row["event"], row["endpoint"])] for row in rows if row["state"] != "held"]
    if len(groups) < len(rows):
        groups.append(_shuffled(work))
    return groups


def _shuffled(work: Work) -> list[Key]:
    held = work.tx.execute(
        "SELECT event, endpoint FROM delivery WHERE account = ? AND state = 'held' ORDER BY rowid", (work.account.id,)
    ).fetchall()
    keys = [(row["event"], row["endpoint"]) for row in held]
    random.Random(f"{work.account.seed}:{keys}").shuffle(keys)  # noqa: S311 - the same under a seed
    return keys


def prepare(work: Work, key: Key) -> Letter | None:
    """Takes the delivery's faults; None when nothing is to be sent now."""
    event_id, endpoint_id = key
    listens = is_listener(endpoint_id)
    endpoint = find_listener(work, endpoint_id) if listens else work.find("webhook_endpoint", endpoint_id)
    event = work.find("event", event_id)
    if endpoint is None or event is None or endpoint["status"] != "enabled":
        _update(work, key, state="ended", due=None)
        return None
    taken = take_faults(work, _faults_of(work, key), "event", event["type"])
    if DROP in taken:
        _update(work, key, state="dropped", due=None)
        return None
    if DELAY in taken:
        _update(work, key, state="delayed", due=work.exact_now + taken[DELAY]["delay_s"])
        return None
    if SHUFFLE in taken:
        _hold(work, key, taken[SHUFFLE])
        return None
    shown = public(event)
    shown["api_version"] = endpoint["api_version"] or event["api_version"]
    return Letter(
        url=endpoint["url"],
        body=json.dumps(shown, indent=2, ensure_ascii=False).encode(),
        secrets=active_secrets(endpoint, work.now),
        copies=2 if DUPLICATE in taken else 1,
        spoiled=BAD_SIGNATURE in taken,
        dead=DEAD in taken,
    )


def _faults_of(work: Work, key: Key) -> Sequence[str]:
    """What can still go wrong: an event that was held back to be shuffled is not held back again."""
    row = work.tx.execute("SELECT state FROM delivery WHERE event = ? AND endpoint = ?", key).fetchone()
    shuffled = row is not None and row["state"] == "held"
    return [kind for kind in WEBHOOK_FAULTS if kind != SHUFFLE] if shuffled else WEBHOOK_FAULTS


def _hold(work: Work, key: Key, fault: Doc) -> None:
    """Keeps an event back until its fault has all it wants, or for `delay_s`."""
    _update(work, key, state="held", due=work.exact_now + (fault["delay_s"] or SHUFFLE_S))
    if fault["count"] == 0:
        work.tx.execute(
            "UPDATE delivery SET due = ? WHERE account = ? AND state = 'held'", (work.exact_now, work.account.id)
        )


def record(work: Work, key: Key, results: list[dict[str, Any]], delays_s: Sequence[float]) -> None:
    """Stores the attempts; acknowledged, or due again after the next delay of the series."""
    row = work.tx.execute("SELECT state, attempts FROM delivery WHERE event = ? AND endpoint = ?", key).fetchone()
    if row is None:
        return
    acknowledged = any(result["status"] is not None and 200 <= result["status"] < 300 for result in results)  # noqa: PLR2004 - any 2xx
    attempts: list[dict[str, Any]] = [*json.loads(row["attempts"]), *results]
    done = acknowledged or row["state"] == "acknowledged"
    tries = len(attempts)
    due = None if done or tries > len(delays_s) else work.exact_now + delays_s[tries - 1]
    state = "acknowledged" if done else "retrying" if due is not None else "failed"
    _update(work, key, state=state, due=due, attempts=json.dumps(attempts))
    if acknowledged:
        count_pending(work, key[0])


def count_pending(work: Work, event_id: str) -> None:
    """An event tells how many endpoints have not acknowledged it."""
    event = work.find("event", event_id)
    if event is None:
        return
    row = work.tx.execute(
        "SELECT COUNT(*) AS pending FROM delivery WHERE event = ? AND state != 'acknowledged'", (event_id,)
    ).fetchone()
    event["pending_webhooks"] = row["pending"]
    work.save(event)


def _update(work: Work, key: Key, *, state: str, due: float | None, attempts: str | None = None) -> None:
    work.tx.execute(
        "UPDATE delivery SET state = ?, due = ?, attempts = COALESCE(?, attempts) WHERE event = ? AND endpoint = ?",
        (state, due, attempts, *key),
    )
