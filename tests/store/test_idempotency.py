"""Client requests on a real database: claims, leases, fences and answers."""

import asyncio

import pytest

from vivr.clock import SetClock
from vivr.database import Database, Sql
from vivr.idempotency.claim_request import (
    RequestKey,
    claim_request,
    forget_expired_requests,
    keep_answer,
    release_request,
)
from vivr.idempotency.model import Answer, Claim, Differs, InFlight, New, Replay
from vivr.ids import OrderId, new_order_id
from vivr.sealing import Seals

KEY = RequestKey("guest:ses_1", "POST /api/orders", "key-1")
BODY: dict[str, object] = {"items": [{"productId": "prd_1", "quantity": 1}], "email": "anna@example.com"}
ANSWER = Answer(201, b'{"success":true}')

_ROWS = Sql("test_rows", "How many keys are kept.", "SELECT count(*) FROM client_request")
_STORED = Sql("test_stored", "What is kept of the input.", "SELECT fields::text FROM client_request")


class Desk:
    """One process that takes requests in."""

    def __init__(self, database: Database, clock: SetClock, seals: Seals) -> None:
        self.database = database
        self.clock = clock
        self.seals = seals

    async def claim(self, key: RequestKey = KEY, body: dict[str, object] | None = None) -> Claim:
        """Claim a key."""
        subject_id = new_order_id(self.clock.now())
        given = BODY if body is None else body
        return await claim_request(self.database, self.clock, self.seals, key, given, subject_id=subject_id)

    async def new(self, key: RequestKey = KEY) -> New:
        """Claim a key that must be free."""
        claim = await self.claim(key)
        assert isinstance(claim, New)
        return claim

    async def keep(self, claim: New, answer: Answer = ANSWER) -> None:
        """Store an answer."""
        await keep_answer(self.database, self.seals, KEY, claim, answer)

    async def rows(self) -> int | None:
        """How many keys are kept."""
        async with self.database.transaction() as tx:
            return await tx.value(_ROWS, int)


@pytest.fixture
def desk(database: Database, clock: SetClock, seals: Seals) -> Desk:
    return Desk(database, clock, seals)


async def test_a_repeat_gets_the_first_answer_and_its_subject(desk: Desk) -> None:
    claim = await desk.new()
    await desk.keep(claim)
    assert await desk.claim() == Replay(claim.subject_id, ANSWER)
    assert await desk.rows() == 1


async def test_a_repeat_while_the_first_is_at_work_is_in_flight(desk: Desk, clock: SetClock) -> None:
    await desk.new()
    assert await desk.claim() == InFlight(30)
    clock.advance(seconds=29)
    assert await desk.claim() == InFlight(1)


async def test_after_the_lease_a_repeat_goes_on_with_the_same_subject(desk: Desk, clock: SetClock) -> None:
    first = await desk.new()
    clock.advance(seconds=30)
    second = await desk.new()
    assert (second.subject_id, second.fence) == (first.subject_id, 2)
    assert await desk.claim() == InFlight(30)


async def test_whoever_was_overtaken_can_not_store_his_answer(desk: Desk, clock: SetClock) -> None:
    first = await desk.new()
    clock.advance(seconds=30)
    second = await desk.new()
    await desk.keep(first, Answer(201, b"late"))
    await release_request(desk.database, desk.clock, KEY, first)
    assert await desk.claim() == InFlight(30)
    await desk.keep(second)
    await desk.keep(first, Answer(201, b"later still"))
    assert await desk.claim() == Replay(first.subject_id, ANSWER)


async def test_a_released_key_is_worked_on_again_at_once(desk: Desk) -> None:
    first = await desk.new()
    await release_request(desk.database, desk.clock, KEY, first)
    assert await desk.new() == New(first.subject_id, fence=2)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({**BODY, "email": "bert@example.com"}, ("email",)),
        ({**BODY, "currency": "EUR"}, ("currency",)),
        ({"email": BODY["email"]}, ("items",)),
        ({"items": [{"productId": "prd_1", "quantity": 2}], "email": None}, ("email", "items")),
        ({**BODY, "a b\0": 1}, ("other",)),
    ],
)
async def test_other_input_is_told_by_its_fields_before_and_after_the_answer(
    desk: Desk, body: dict[str, object], fields: tuple[str, ...]
) -> None:
    claim = await desk.new()
    assert await desk.claim(body=body) == Differs(fields)
    await desk.keep(claim)
    assert await desk.claim(body=body) == Differs(fields)
    assert await desk.claim() == Replay(claim.subject_id, ANSWER)


async def test_the_order_of_names_is_no_difference(desk: Desk) -> None:
    claim = await desk.new()
    await desk.keep(claim)
    turned: dict[str, object] = {"email": BODY["email"], "items": [{"quantity": 1, "productId": "prd_1"}]}
    assert await desk.claim(body=turned) == Replay(claim.subject_id, ANSWER)


@pytest.mark.parametrize(
    "other",
    [
        RequestKey("guest:ses_2", KEY.route, KEY.key),
        RequestKey(KEY.principal, "POST /api/stripe/checkout", KEY.key),
        RequestKey(KEY.principal, KEY.route, "key-2"),
    ],
)
async def test_a_key_belongs_to_its_principal_and_route(desk: Desk, other: RequestKey) -> None:
    first = await desk.new()
    second = await desk.new(other)
    assert second.subject_id != first.subject_id


async def test_after_48_hours_a_key_is_a_new_one(desk: Desk, clock: SetClock) -> None:
    first = await desk.new()
    await desk.keep(first)
    clock.advance(hours=47, minutes=59)
    assert isinstance(await desk.claim(), Replay)
    clock.advance(minutes=1)
    again = await desk.new()
    assert again.subject_id != first.subject_id


async def test_expired_keys_are_forgotten(desk: Desk, clock: SetClock) -> None:
    await desk.new()
    assert await forget_expired_requests(desk.database, clock) == 0
    clock.advance(hours=48)
    assert await forget_expired_requests(desk.database, clock) == 1
    assert await desk.rows() == 0


async def test_neither_input_nor_answer_can_be_read_in_the_database(desk: Desk, database: Database) -> None:
    claim = await desk.new()
    await desk.keep(claim, Answer(201, b"anna@example.com"))
    async with database.transaction() as tx:
        stored = await tx.value(_STORED, str)
        sealed = await tx.value(
            Sql("test_sealed", "The answer as it is kept.", "SELECT answer_sealed FROM client_request"), bytes
        )
    assert stored is not None
    assert sealed is not None
    assert "anna" not in stored
    assert b"anna" not in sealed


async def test_a_rotated_secret_still_knows_the_input(desk: Desk, database: Database, clock: SetClock) -> None:
    claim = await desk.new()
    await desk.keep(claim)
    rotated = Seals([bytes(32), bytes(range(32))])
    repeat = await claim_request(database, clock, rotated, KEY, BODY, subject_id=OrderId("ord_other"))
    assert repeat == Replay(claim.subject_id, ANSWER)


async def test_of_twenty_simultaneous_claims_one_is_new(desk: Desk) -> None:
    claims = await asyncio.gather(*(desk.claim() for _ in range(20)))
    assert sum(isinstance(claim, New) for claim in claims) == 1
    assert sum(isinstance(claim, InFlight) for claim in claims) == 19


async def test_of_twenty_simultaneous_takeovers_one_wins(desk: Desk, clock: SetClock) -> None:
    first = await desk.new()
    clock.advance(seconds=31)
    claims = await asyncio.gather(*(desk.claim() for _ in range(20)))
    assert [claim for claim in claims if isinstance(claim, New)] == [New(first.subject_id, fence=2)]
    assert sum(isinstance(claim, InFlight) for claim in claims) == 19
