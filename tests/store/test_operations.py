"""Operations in the database: one runs, one succeeds, one holds the lease, and a settled one is final."""

from datetime import timedelta
from typing import Any

import pytest

from money_rows import SCOPE, add_operation, ask
from vivr.clock import SetClock
from vivr.database import Database
from vivr.errors import ConstraintViolated
from vivr.operations import store
from vivr.operations.model import Operation, Outcome, StripeScope

MINUTE = timedelta(seconds=60)


async def settle(database: Database, clock: SetClock, operation: Operation, outcome: Outcome) -> Operation | None:
    """Write an outcome."""
    values: dict[str, Any] = {
        "id": operation.id,
        "outcome": outcome,
        "object_id": "cs_1",
        "error_code": None,
        "error_message": None,
        "stripe_request_id": "req_stripe",
        "at": clock.now(),
    }
    async with database.transaction() as tx:
        return await store.settle(tx, **values)


async def mark_unknown(
    database: Database, clock: SetClock, operation: Operation, reason: str, *, is_absent: bool = False
) -> bool:
    """Say that nobody knows."""
    now = clock.now()
    async with database.transaction() as tx:
        return await store.mark_unknown(
            tx,
            id=operation.id,
            reason=reason,
            stripe_request_id=None,
            absent_since=now if is_absent else None,
            at=now,
            next_try_at=now + timedelta(seconds=2),
        )


async def claim(database: Database, clock: SetClock) -> Operation | None:
    """Claim whatever is due."""
    async with database.transaction() as tx:
        return await store.claim(tx, now=clock.now(), lease_until=clock.now() + MINUTE)


@pytest.mark.parametrize("outcome", [Outcome.STARTED, Outcome.UNKNOWN])
async def test_one_attempt_at_an_intent_runs(database: Database, clock: SetClock, outcome: Outcome) -> None:
    first = await add_operation(database, clock, intent="session:pay_1")
    if outcome == Outcome.UNKNOWN:
        assert await mark_unknown(database, clock, first, "no_answer")
    with pytest.raises(ConstraintViolated, match="operation_in_progress"):
        await add_operation(database, clock, intent="session:pay_1", attempt=2)
    await add_operation(database, clock, intent="session:pay_1", account="acct_2")
    await add_operation(database, clock, intent="session:pay_1", livemode=True)
    await add_operation(database, clock, intent="session:pay_2")


async def test_an_intent_succeeds_once(database: Database, clock: SetClock) -> None:
    first = await add_operation(database, clock, intent="session:pay_1")
    assert await settle(database, clock, first, Outcome.SUCCEEDED) is not None
    second = await add_operation(database, clock, intent="session:pay_1", attempt=2)
    with pytest.raises(ConstraintViolated, match="operation_already_done"):
        await settle(database, clock, second, Outcome.SUCCEEDED)
    with pytest.raises(ConstraintViolated, match="already_exists"):
        await add_operation(database, clock, intent="session:pay_1", attempt=1)


async def test_a_key_is_used_by_one_operation(database: Database, clock: SetClock) -> None:
    first = await add_operation(database, clock)
    with pytest.raises(ConstraintViolated, match="already_exists"):
        await add_operation(database, clock, idempotency_key=first.idempotency_key)


@pytest.mark.parametrize("outcome", [Outcome.SUCCEEDED, Outcome.FAILED])
async def test_a_settled_operation_is_final_and_keeps_no_request(
    database: Database, clock: SetClock, outcome: Outcome
) -> None:
    operation = await add_operation(database, clock)
    settled = await settle(database, clock, operation, outcome)
    assert settled is not None
    assert (settled.outcome, settled.request_sealed, settled.ended_at) == (outcome, None, clock.now())
    clock.advance(hours=1)
    for other in (Outcome.SUCCEEDED, Outcome.FAILED):
        assert await settle(database, clock, operation, other) is None
    assert not await mark_unknown(database, clock, operation, "no_answer")
    assert await claim(database, clock) is None
    assert (await ask(database, "SELECT outcome FROM operation")) == [{"outcome": outcome}]


async def test_an_operation_is_claimed_when_its_lease_ends_and_by_one(database: Database, clock: SetClock) -> None:
    operation = await add_operation(database, clock)
    clock.advance(seconds=59.9)
    assert await claim(database, clock) is None
    clock.advance(seconds=0.1)
    claimed = await claim(database, clock)
    assert claimed is not None
    assert (claimed.id, claimed.tries, claimed.lease_until) == (operation.id, 2, clock.now() + MINUTE)
    assert claimed.request_sealed == b"sealed"
    assert await claim(database, clock) is None
    async with database.transaction() as tx:
        assert await store.claim_now(tx, operation.id, now=clock.now(), lease_until=clock.now() + MINUTE) is None


async def test_an_unknown_operation_waits_for_its_turn_unless_it_is_named(database: Database, clock: SetClock) -> None:
    operation = await add_operation(database, clock)
    await mark_unknown(database, clock, operation, "no_answer")
    clock.advance(seconds=1.9)
    assert await claim(database, clock) is None
    async with database.transaction() as tx:
        named = await store.claim_now(tx, operation.id, now=clock.now(), lease_until=clock.now() + MINUTE)
    assert named is not None
    assert (named.outcome, named.error_code) == (Outcome.UNKNOWN, "no_answer")
    clock.advance(seconds=60)
    assert await claim(database, clock) is not None


async def test_the_longest_waiting_operation_is_claimed_first(database: Database, clock: SetClock) -> None:
    first = await add_operation(database, clock)
    clock.advance(seconds=1)
    second = await add_operation(database, clock)
    clock.advance(minutes=2)
    claimed = [await claim(database, clock), await claim(database, clock)]
    assert [found.id for found in claimed if found] == [first.id, second.id]


async def test_the_first_absence_counts_until_the_outcome_is_known(database: Database, clock: SetClock) -> None:
    operation = await add_operation(database, clock)
    await mark_unknown(database, clock, operation, "no_answer")
    assert await ask(database, "SELECT absent_since FROM operation") == [{"absent_since": None}]
    first = clock.now()
    await mark_unknown(database, clock, operation, "read_absent", is_absent=True)
    clock.advance(minutes=5)
    await mark_unknown(database, clock, operation, "read_absent", is_absent=True)
    await mark_unknown(database, clock, operation, "read_stripe_unavailable")
    assert await ask(database, "SELECT absent_since, error_code, outcome FROM operation") == [
        {"absent_since": first, "error_code": "read_stripe_unavailable", "outcome": "unknown"}
    ]


async def test_the_newest_attempt_in_its_account_and_mode_is_the_last(database: Database, clock: SetClock) -> None:
    first = await add_operation(database, clock, intent="session:pay_1")
    await settle(database, clock, first, Outcome.FAILED)
    second = await add_operation(database, clock, intent="session:pay_1", attempt=2)
    await add_operation(database, clock, intent="session:pay_1", attempt=7, account="acct_2")
    async with database.transaction() as tx:
        assert await store.last_attempt(tx, SCOPE, "session:pay_1") == second
        assert await store.last_attempt(tx, StripeScope("acct_1", livemode=True), "session:pay_1") is None


@pytest.mark.parametrize(
    ("more", "constraint"),
    [
        ({"attempt": 0}, "operation_attempt_positive"),
        ({"idempotency_key": "k" * 256}, "operation_key_short"),
        ({"order_id": "ord_nobody"}, "operation_order_exists"),
        ({"payment_id": "pay_nobody"}, "operation_payment_exists"),
    ],
)
async def test_the_database_refuses_an_operation_that_cannot_be(
    database: Database, clock: SetClock, more: dict[str, object], constraint: str
) -> None:
    with pytest.raises(ConstraintViolated) as refused:
        await add_operation(database, clock, **more)
    assert refused.value.constraint == constraint
    assert await ask(database, "SELECT id FROM operation") == []
