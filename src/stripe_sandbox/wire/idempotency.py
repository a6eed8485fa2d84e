"""Idempotency keys: the first answer that began executing is kept for 24 hours and given again, whatever it was.

Source: Stripe docs, idempotent requests; the message on a mismatch is a recorded one.
"""

import hashlib
import json
from dataclasses import dataclass

from stripe_sandbox.state.work import Work
from stripe_sandbox.wire.errors import invalid, key_mismatch
from stripe_sandbox.wire.forms import Decoded

KEY_LENGTH_MAX = 255
LIFETIME_S = 24 * 3600


@dataclass(frozen=True)
class KeyedRequest:
    """A request that carries an idempotency key."""

    key: str
    path: str
    fingerprint: str


@dataclass(frozen=True)
class StoredAnswer:
    """The first answer to a key."""

    request: str
    status: int
    body: str


def keyed_request(key: str, path: str, params: dict[str, Decoded]) -> KeyedRequest:
    """Checks the key and fingerprints what it was sent with."""
    if len(key) > KEY_LENGTH_MAX:
        raise invalid(f"Idempotency keys can be at most {KEY_LENGTH_MAX} characters long.")
    document = json.dumps(params, sort_keys=True)
    return KeyedRequest(key, path, hashlib.sha256(document.encode()).hexdigest())


def find_answer(work: Work, request: KeyedRequest) -> StoredAnswer | None:
    """The stored answer; raises StripeError (400, idempotency_error) when the key was first used for something else."""
    row = work.tx.execute(
        "SELECT * FROM idempotency WHERE account = ? AND key = ?", (work.account.id, request.key)
    ).fetchone()
    if row is None:
        return None
    if row["created"] < work.exact_now - LIFETIME_S:
        work.tx.execute("DELETE FROM idempotency WHERE account = ? AND key = ?", (work.account.id, request.key))
        return None
    if row["path"] != request.path:
        raise key_mismatch(
            "Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{row['path']}' vs "
            f"'{request.path}'). Try using a key other than '{request.key}' if you meant to execute a different "
            "request."
        )
    if row["fingerprint"] != request.fingerprint:
        raise key_mismatch(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{request.key}' if you meant to execute a different request."
        )
    return StoredAnswer(row["request"], row["status"], row["body"])


def keep_answer(work: Work, request: KeyedRequest, answer: StoredAnswer) -> None:
    """Stores the answer under the key."""
    work.tx.execute(
        "INSERT OR REPLACE INTO idempotency (account, key, path, fingerprint, request, status, body, created) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            work.account.id,
            request.key,
            request.path,
            request.fingerprint,
            answer.request,
            answer.status,
            answer.body,
            work.exact_now,
        ),
    )
