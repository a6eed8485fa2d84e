"""The inbox in the database: each event once, one worker at a time, and a fence against late writers."""

import asyncio
from contextvars import Context
from datetime import timedelta
from typing import Any

import pytest

from money_rows import add_order, ask, change
from vivr.clock import SetClock
from vivr.database import Database
from vivr.errors import ConstraintViolated
from vivr.webhooks import store
from vivr.webhooks.model import EventState, InboxEvent, NewEvent

LEASE = timedelta(seconds=60)


async def receive(database: Database, clock: SetClock, event_id: str, **more: Any) -> int:
    """Store a delivery; how often the event was delivered by now."""
    values: dict[str, Any] = {
        "account": "acct_1",
        "livemode": False,
        "id": event_id,
        "type": "payment_intent.succeeded",
        "object_id": f"pi_of_{event_id}",
        "subject": more.get("object_id", f"pi_of_{event_id}"),
        "api_version": None,
        "version_drift": False,
        "body": "{}",
        "received_at": clock.now(),
        "reason": None,
        "request_id": "req_1",
    }
    event = NewEvent(**values | more)
    async with database.transaction() as tx:
        return (await store.insert_events(tx, [event])).get(event.key, 1)


async def claim(database: Database, clock: SetClock) -> InboxEvent | None:
    """Take one waiting event: these tests' subjects have one that is due."""
    claimed = await claim_all(database, clock, subjects=1)
    assert len(claimed) <= 1
    return claimed[0] if claimed else None


async def claim_all(database: Database, clock: SetClock, *, subjects: int = 8) -> list[InboxEvent]:
    """Take waiting events."""
    async with database.transaction() as tx:
        return await store.claim_events(tx, now=clock.now(), lease_until=clock.now() + LEASE, subjects=subjects)


async def end(database: Database, clock: SetClock, event: InboxEvent, **more: Any) -> bool:
    """Write what it came to."""
    values: dict[str, Any] = {
        "state": EventState.PROCESSED,
        "reason": "Done.",
        "order_id": None,
        "payment_id": None,
        "tries": event.tries,
        "now": clock.now(),
    }
    async with database.transaction() as tx:
        return await store.end_event(tx, event, **values | more)


async def put_back(database: Database, clock: SetClock, event: InboxEvent, *, seconds: float = 3) -> bool:
    """Let it be tried again."""
    later = clock.now() + timedelta(seconds=seconds)
    async with database.transaction() as tx:
        return await store.retry_event(tx, event, reason="Unavailable", tries=event.tries, next_try_at=later)


async def test_the_first_body_is_kept_and_deliveries_are_counted(database: Database, clock: SetClock) -> None:
    assert await receive(database, clock, "evt_1", body='{"first": true}') == 1
    assert await receive(database, clock, "evt_1", body='{"second": true}', type="other", object_id="other") == 2
    assert await receive(database, clock, "evt_1", account="acct_2") == 1
    assert await receive(database, clock, "evt_1", livemode=True) == 1
    found = await ask(
        database, "SELECT body, type, deliveries FROM inbox_event WHERE account = 'acct_1' AND NOT livemode"
    )
    assert found == [{"body": '{"first": true}', "type": "payment_intent.succeeded", "deliveries": 2}]


async def test_a_delivery_of_an_ended_event_wakes_nothing(database: Database, clock: SetClock) -> None:
    await receive(database, clock, "evt_1")
    event = await claim(database, clock)
    assert event is not None
    assert await end(database, clock, event)
    assert await receive(database, clock, "evt_1") == 2
    clock.advance(hours=1)
    assert await claim(database, clock) is None


async def test_an_event_is_claimed_once_until_its_lease_ends_and_each_claim_raises_the_fence(
    database: Database, clock: SetClock
) -> None:
    await receive(database, clock, "evt_1")
    first = await claim(database, clock)
    assert first is not None
    assert first.fence == 1
    clock.advance(seconds=59)
    assert await claim(database, clock) is None
    clock.advance(seconds=1)
    second = await claim(database, clock)
    assert second is not None
    assert second.fence == 2
    assert not await end(database, clock, first)
    assert not await put_back(database, clock, first)
    assert await end(database, clock, second)
    assert not await end(database, clock, second, state=EventState.DEAD)
    assert not await put_back(database, clock, second)
    assert await ask(database, "SELECT state, reason, lease_until FROM inbox_event") == [
        {"state": "PROCESSED", "reason": "Done.", "lease_until": None}
    ]


async def test_all_due_events_of_a_subject_are_claimed_together_and_oldest_first(
    database: Database, clock: SetClock
) -> None:
    for event_id in ("evt_2", "evt_1", "evt_4"):
        await receive(database, clock, event_id, object_id="pi_1")
        clock.advance(seconds=1)
    await receive(database, clock, "evt_3", object_id="cs_1", subject="pi_1")
    await receive(database, clock, "evt_9", object_id="pi_9")
    await receive(database, clock, "evt_5", object_id="pi_1", account="acct_2")
    assert [event.id for event in await claim_all(database, clock, subjects=1)] == ["evt_2", "evt_1", "evt_4", "evt_3"]
    assert {event.id for event in await claim_all(database, clock)} == {"evt_9", "evt_5"}
    assert await claim_all(database, clock) == []


async def test_what_arrives_while_its_subject_is_processed_waits_for_the_next_claim(
    database: Database, clock: SetClock
) -> None:
    await receive(database, clock, "evt_1", object_id="pi_1")
    first = await claim(database, clock)
    assert first is not None
    await receive(database, clock, "evt_2", object_id="pi_1")
    assert await claim_all(database, clock) == []
    assert await end(database, clock, first)
    assert [event.id for event in await claim_all(database, clock)] == ["evt_2"]


async def test_an_event_that_is_not_due_is_left_behind_by_those_that_are(database: Database, clock: SetClock) -> None:
    await receive(database, clock, "evt_1", object_id="pi_1")
    late = await claim(database, clock)
    assert late is not None
    assert await put_back(database, clock, late, seconds=60)
    await receive(database, clock, "evt_2", object_id="pi_1")
    assert [event.id for event in await claim_all(database, clock)] == ["evt_2"]


async def test_two_claimers_at_once_never_hold_events_of_one_subject(database: Database, clock: SetClock) -> None:
    await receive(database, clock, "evt_1", object_id="pi_1")
    await receive(database, clock, "evt_2", object_id="pi_2")
    lease_until = clock.now() + LEASE

    async def look(subjects: int) -> list[str]:
        async with database.transaction("other_claimer") as tx:
            found = await store.claim_events(tx, now=clock.now(), lease_until=lease_until, subjects=subjects)
        return [event.id for event in found]

    async with database.transaction("one_claimer") as tx:
        mine = await store.claim_events(tx, now=clock.now(), lease_until=lease_until, subjects=1)
        assert len(mine) == 1
        # Not committed yet: what the other one sees is still unclaimed, and an event that comes now is too.
        clock.advance(seconds=1)
        held = mine[0].object_id
        other = await asyncio.get_running_loop().create_task(
            receive(database, clock, "evt_3", object_id=held), context=Context()
        )
        assert other == 1
        seen = await asyncio.get_running_loop().create_task(look(8), context=Context())
        assert {"evt_1", "evt_2"} - {mine[0].id} == set(seen)
    assert await claim_all(database, clock) == []
    assert await end(database, clock, mine[0])
    assert [event.id for event in await claim_all(database, clock)] == ["evt_3"]


async def test_a_worker_that_died_blocks_its_object_no_longer_than_its_lease(
    database: Database, clock: SetClock
) -> None:
    await receive(database, clock, "evt_1", object_id="pi_1")
    assert await claim(database, clock) is not None
    clock.advance(seconds=1)
    await receive(database, clock, "evt_2", object_id="pi_1")
    assert await claim_all(database, clock) == []
    clock.advance(seconds=60)
    assert [event.id for event in await claim_all(database, clock)] == ["evt_1", "evt_2"]


async def test_an_event_that_was_put_back_waits_and_keeps_its_place_behind_older_ones(
    database: Database, clock: SetClock
) -> None:
    await receive(database, clock, "evt_1")
    event = await claim(database, clock)
    assert event is not None
    assert await put_back(database, clock, event)
    assert await claim(database, clock) is None
    clock.advance(seconds=1)
    await receive(database, clock, "evt_2")
    clock.advance(seconds=2)
    order = [await claim(database, clock), await claim(database, clock)]
    assert [found.id for found in order if found] == ["evt_2", "evt_1"]
    assert [found.state for found in order if found] == [EventState.RECEIVED, EventState.RETRYING]


@pytest.mark.parametrize("state", [EventState.IGNORED, EventState.DEAD])
async def test_nothing_is_ignored_or_given_up_without_a_reason(
    database: Database, clock: SetClock, state: EventState
) -> None:
    await receive(database, clock, "evt_1")
    event = await claim(database, clock)
    assert event is not None
    with pytest.raises(ConstraintViolated) as refused:
        await end(database, clock, event, state=state, reason=None)
    assert refused.value.constraint == "inbox_event_ignored_with_reason"
    assert await end(database, clock, event, state=state, reason="Because.")


async def test_what_is_ignored_when_it_comes_is_never_claimed(database: Database, clock: SetClock) -> None:
    assert await receive(database, clock, "evt_1", reason="It belongs to another Stripe account.") == 1
    assert await ask(database, "SELECT state, ended_at = received_at AS ended FROM inbox_event") == [
        {"state": "IGNORED", "ended": True}
    ]
    assert await claim(database, clock) is None


async def test_an_event_is_found_with_its_order(database: Database, clock: SetClock) -> None:
    order_id = await add_order(database, clock)
    await receive(database, clock, "evt_1")
    event = await claim(database, clock)
    assert event is not None
    assert await end(database, clock, event, order_id=order_id)
    async with database.transaction() as tx:
        assert [found.id for found in await store.events_of_order(tx, order_id)] == ["evt_1"]
        assert await store.events_of_order(tx, "ord_other") == []


async def test_a_body_can_be_emptied(database: Database, clock: SetClock) -> None:
    await receive(database, clock, "evt_1", body="x" * 1_000_000)
    assert await change(database, "UPDATE inbox_event SET body = NULL") == 1
    assert await ask(database, "SELECT body, deliveries FROM inbox_event") == [{"body": None, "deliveries": 1}]


async def test_subjects_of_which_a_worker_died_keep_no_other_subject_waiting(
    database: Database, clock: SetClock
) -> None:
    for number in range(8):
        await receive(database, clock, f"evt_{number}", object_id=f"pi_{number}")
    assert len(await claim_all(database, clock)) == 8
    clock.advance(seconds=1)
    for number in range(8):
        await receive(database, clock, f"evt_later_{number}", object_id=f"pi_{number}")
    clock.advance(seconds=1)
    await receive(database, clock, "evt_other", object_id="pi_other")
    assert [event.id for event in await claim_all(database, clock)] == ["evt_other"]


async def test_a_worker_that_staff_overtook_writes_nothing(database: Database, clock: SetClock) -> None:
    await receive(database, clock, "evt_1")
    overtaken = await claim(database, clock)
    assert overtaken is not None
    clock.advance(seconds=60)
    async with database.transaction() as tx:
        assert await store.replay_event(tx, overtaken, now=clock.now())
    assert not await end(database, clock, overtaken, state=EventState.DEAD, reason="It failed 12 times.")
    assert not await put_back(database, clock, overtaken)
    again = await claim(database, clock)
    assert again is not None
    assert (again.state, again.tries, again.fence) == (EventState.RETRYING, 0, 3)
