"""Claim a client's key, store its final answer, or let it go: three short transactions around the work itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.idempotency import store
from vivr.idempotency.model import (
    LEASE,
    RETENTION,
    Answer,
    Claim,
    ClientRequest,
    Differs,
    InFlight,
    New,
    Replay,
    differing_fields,
    seconds_left,
)
from vivr.ids import OrderId
from vivr.sealing import Seals

_FIELD_NAME_LENGTH_MAX: Final = 64
_OTHER_FIELDS: Final = "other"
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What a key is unique within: who sends it, and to which route."""

    principal: str
    route: str
    key: str


async def claim_request(
    database: Database,
    clock: Clock,
    seals: Seals,
    request: RequestKey,
    body: Mapping[str, object],
    *,
    subject_id: OrderId,
) -> Claim:
    """Claim a key for some input.

    Args:
        database: opens one transaction.
        clock: the time.
        seals: hashes the input and opens the stored answer.
        request: the key.
        body: the input; only a keyed hash of each top-level field is stored.
        subject_id: the id to work under if the key is new; otherwise the first one's is given.
    """
    now = clock.now()
    async with database.transaction("claim_request") as tx:
        # A row that is dropped between our insert and our lock leaves one more turn to insert.
        for _ in range(2):
            if await _insert(tx, seals, request, body, subject_id, now):
                return New(subject_id, fence=1)
            stored = await store.lock(tx, principal=request.principal, route=request.route, key=request.key)
            if stored is not None:
                return await _claim_again(tx, seals, stored, body, now)
    return InFlight(retry_after_s=1)


async def keep_answer(database: Database, seals: Seals, request: RequestKey, claim: New, answer: Answer) -> None:
    """Store the final answer of a claim; nothing happens if somebody took the work over meanwhile."""
    plaintext = f"{answer.status}\n".encode() + answer.body
    sealed = seals.seal(plaintext, table="client_request", column="answer_sealed", row=claim.subject_id)
    async with database.transaction("keep_answer") as tx:
        await store.keep_answer(
            tx,
            principal=request.principal,
            route=request.route,
            key=request.key,
            fence=claim.fence,
            status=answer.status,
            answer_sealed=sealed,
        )


async def release_request(database: Database, clock: Clock, request: RequestKey, claim: New) -> None:
    """Let a repeat try again at once: what happened is no final answer."""
    async with database.transaction("release_request") as tx:
        await store.release(
            tx,
            principal=request.principal,
            route=request.route,
            key=request.key,
            fence=claim.fence,
            now=clock.now(),
        )


async def forget_expired_requests(database: Database, clock: Clock) -> int:
    """Forget keys whose 48 hours are over, 500 at a time; how many they were."""
    async with database.transaction("forget_expired_requests") as tx:
        return await store.forget_expired(tx, clock.now(), _BATCH)


async def _insert(
    tx: Tx, seals: Seals, request: RequestKey, body: Mapping[str, object], subject_id: OrderId, now: datetime
) -> bool:
    await store.drop_expired(tx, principal=request.principal, route=request.route, key=request.key, now=now)
    return await store.insert(
        tx,
        fields={name: seals.digest("client_request", text).hex() for name, text in _texts(body, subject_id).items()},
        principal=request.principal,
        route=request.route,
        key=request.key,
        subject_id=subject_id,
        now=now,
        lease_until=now + LEASE,
        expires_at=now + RETENTION,
    )


async def _claim_again(tx: Tx, seals: Seals, stored: ClientRequest, body: Mapping[str, object], now: datetime) -> Claim:
    given = {
        name: frozenset(digest.hex() for digest in seals.digests("client_request", text))
        for name, text in _texts(body, stored.subject_id).items()
    }
    differing = differing_fields(stored.fields, given)
    if differing:
        return Differs(differing)
    if stored.answer_sealed is not None:
        return Replay(stored.subject_id, _open_answer(seals, stored, stored.answer_sealed))
    left_s = seconds_left(stored, now)
    if left_s > 0:
        return InFlight(left_s)
    fence = await store.take_over(
        tx, principal=stored.principal, route=stored.route, key=stored.key, lease_until=now + LEASE
    )
    assert fence is not None
    return New(stored.subject_id, fence)


def _open_answer(seals: Seals, stored: ClientRequest, sealed: bytes) -> Answer:
    plaintext = seals.open(sealed, table="client_request", column="answer_sealed", row=stored.subject_id)
    status, _, body = plaintext.partition(b"\n")
    return Answer(int(status), body)


def _texts(body: Mapping[str, object], subject_id: str) -> dict[str, str]:
    """Field -> what is hashed for it: its value in one spelling.

    It is salted with the subject, so that equal values of different requests don't show. Names that no client of ours
    would choose are taken together.
    """
    odd = {name: value for name, value in body.items() if not _is_plain(name)}
    plain: dict[str, object] = {name: value for name, value in body.items() if _is_plain(name)}
    if odd:
        plain[_OTHER_FIELDS] = [plain.get(_OTHER_FIELDS), odd]
    return {
        name: f"{subject_id}|{name}|{json.dumps(value, sort_keys=True, separators=(',', ':'), default=str)}"
        for name, value in plain.items()
    }


def _is_plain(name: str) -> bool:
    return len(name) <= _FIELD_NAME_LENGTH_MAX and name.isascii() and name.isidentifier()
