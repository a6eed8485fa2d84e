"""Payments in the database: one open, one settling, first ids win, older words lose, and polls grow apart."""

from datetime import timedelta
from typing import Any

import pytest

from money_rows import SCOPE, add_order, add_payment, ask, change
from vivr.clock import SetClock
from vivr.database import Database
from vivr.errors import ConstraintViolated
from vivr.ids import PaymentId
from vivr.operations.model import StripeScope
from vivr.payments import account_store, store
from vivr.payments.model import OPEN, Payment, PaymentState, poll_delay

FIRST, LONGEST = timedelta(seconds=20), timedelta(minutes=5)


async def take_ticket(database: Database, payment_id: PaymentId) -> int:
    """A reader's ticket."""
    async with database.transaction() as tx:
        return await store.take_ticket(tx, payment_id)


async def apply(
    database: Database, clock: SetClock, payment_id: PaymentId, ticket: int, state: PaymentState, **more: Any
) -> Payment | None:
    """Write a word of Stripe's."""
    values: dict[str, Any] = {
        "id": payment_id,
        "state": state,
        "settles": False,
        "intent_id": None,
        "charge_id": None,
        "captured_minor": 0,
        "session_url": None,
        "method_type": None,
        "method_brand": None,
        "method_last4": None,
        "failure_code": None,
        "failure_message": None,
        "capture_before": None,
        "ticket": ticket,
        "now": clock.now(),
    }
    async with database.transaction() as tx:
        return await store.apply_snapshot(tx, **values | more)


@pytest.mark.parametrize("state", sorted(OPEN))
async def test_an_order_has_one_open_payment(database: Database, clock: SetClock, state: PaymentState) -> None:
    order_id = await add_order(database, clock)
    await add_payment(database, clock, order_id, state=PaymentState.CANCELLED)
    await add_payment(database, clock, order_id, state=PaymentState.CAPTURED)
    opened = await add_payment(database, clock, order_id, state=state)
    with pytest.raises(ConstraintViolated, match="payment_in_progress"):
        await add_payment(database, clock, order_id)
    with pytest.raises(ConstraintViolated, match="payment_in_progress"):
        await change(database, "UPDATE payment SET state = 'PROCESSING' WHERE state = 'CANCELLED'")
    async with database.transaction() as tx:
        found = await store.open_payment_of(tx, order_id)
    assert found is not None
    assert found.id == opened


async def test_an_order_is_settled_by_one_captured_payment(database: Database, clock: SetClock) -> None:
    order_id = await add_order(database, clock)
    await add_payment(database, clock, order_id, state=PaymentState.CAPTURED, settles=True)
    await add_payment(database, clock, order_id, state=PaymentState.CAPTURED)
    with pytest.raises(ConstraintViolated, match="order_already_paid"):
        await change(database, "UPDATE payment SET settles = true")
    for state in set(PaymentState) - {PaymentState.CAPTURED}:
        with pytest.raises(ConstraintViolated) as refused:
            await add_payment(database, clock, order_id, state=state, settles=True)
        assert refused.value.constraint == "payment_settles_only_captured"


async def test_stripe_ids_belong_to_one_payment_of_one_account_and_mode(database: Database, clock: SetClock) -> None:
    order_id = await add_order(database, clock)
    mine = await add_payment(database, clock, order_id, state=PaymentState.FAILED, session_id="cs_1", intent_id="pi_1")
    for column in ("session_id", "intent_id"):
        value = {"session_id": "cs_1", "intent_id": "pi_1"}[column]
        with pytest.raises(ConstraintViolated, match="already_exists"):
            await add_payment(database, clock, order_id, state=PaymentState.FAILED, **{column: value})
    other: dict[str, object] = {"account": "acct_2", "session_id": "cs_1", "intent_id": "pi_1"}
    theirs = await add_payment(database, clock, order_id, state=PaymentState.FAILED, **other)
    async with database.transaction() as tx:
        for object_id in ("cs_1", "pi_1"):
            found = await store.payment_by_object(tx, SCOPE, object_id)
            assert found is not None
            assert found.id == mine
            found = await store.payment_by_object(tx, StripeScope("acct_2", livemode=False), object_id)
            assert found is not None
            assert found.id == theirs
            assert await store.payment_by_object(tx, StripeScope("acct_1", livemode=True), object_id) is None
        assert await store.payment_by_object(tx, SCOPE, "") is None


async def test_the_first_session_wins(database: Database, clock: SetClock) -> None:
    payment_id = await add_payment(database, clock, await add_order(database, clock))
    ends_at = clock.now() + timedelta(minutes=45)

    async def attach(session_id: str) -> Payment | None:
        async with database.transaction() as tx:
            return await store.attach_session(
                tx,
                id=payment_id,
                session_id=session_id,
                url=f"http://127.0.0.1/{session_id}",
                expires_at=ends_at,
                poll_at=clock.now(),
                now=clock.now(),
            )

    first = await attach("cs_1")
    assert first is not None
    assert (first.session_id, first.session_expires_at, first.poll_at) == ("cs_1", ends_at, clock.now())
    assert await attach("cs_1") == first
    assert await attach("cs_2") is None
    assert await ask(database, "SELECT session_id, session_url FROM payment") == [
        {"session_id": "cs_1", "session_url": "http://127.0.0.1/cs_1"}
    ]


async def test_the_first_intent_wins(database: Database, clock: SetClock) -> None:
    payment_id = await add_payment(database, clock, await add_order(database, clock))
    first = await take_ticket(database, payment_id)
    assert await apply(database, clock, payment_id, first, PaymentState.REQUIRES_ACTION, intent_id="pi_1") is not None
    second = await take_ticket(database, payment_id)
    assert await apply(database, clock, payment_id, second, PaymentState.CAPTURED, intent_id="pi_2") is None
    kept = await apply(database, clock, payment_id, second, PaymentState.PROCESSING)
    assert kept is not None
    assert (kept.intent_id, kept.state) == ("pi_1", PaymentState.PROCESSING)


async def test_a_word_that_moves_the_payment_outdates_every_ticket_taken_before(
    database: Database, clock: SetClock
) -> None:
    payment_id = await add_payment(database, clock, await add_order(database, clock))
    low, high = await take_ticket(database, payment_id), await take_ticket(database, payment_id)
    assert (low, high) == (1, 2)
    assert await apply(database, clock, payment_id, low, PaymentState.PROCESSING) is not None
    assert await apply(database, clock, payment_id, high, PaymentState.REQUIRES_PAYMENT) is None
    third = await take_ticket(database, payment_id)
    assert await apply(database, clock, payment_id, third, PaymentState.REQUIRES_PAYMENT) is not None


async def test_a_word_that_moves_nothing_outdates_only_earlier_tickets(database: Database, clock: SetClock) -> None:
    payment_id = await add_payment(database, clock, await add_order(database, clock))
    tickets = [await take_ticket(database, payment_id) for _ in range(3)]
    same = PaymentState.REQUIRES_PAYMENT
    assert await apply(database, clock, payment_id, tickets[1], same) is not None
    assert await apply(database, clock, payment_id, tickets[0], same) is None
    assert await apply(database, clock, payment_id, tickets[1], same) is None
    assert await apply(database, clock, payment_id, tickets[2], same) is not None


@pytest.mark.parametrize("state", list(PaymentState))
async def test_only_a_payment_that_may_still_change_is_polled(
    database: Database, clock: SetClock, state: PaymentState
) -> None:
    payment_id = await add_payment(database, clock, await add_order(database, clock), poll_at=clock.now())
    applied = await apply(database, clock, payment_id, await take_ticket(database, payment_id), state)
    assert applied is not None
    assert (applied.poll_at is None) == (state not in OPEN)


async def test_polls_grow_apart_as_the_model_says(database: Database, clock: SetClock) -> None:
    begun = clock.now()
    await add_payment(database, clock, await add_order(database, clock), session_id="cs_1", poll_at=begun + FIRST)
    for polls in range(7):
        clock.advance(seconds=poll_delay(polls, first=FIRST, longest=LONGEST).total_seconds() - 0.001)
        async with database.transaction() as tx:
            assert await store.claim_poll(tx, now=clock.now(), first=FIRST, longest=LONGEST) is None
        clock.advance(seconds=0.001)
        async with database.transaction() as tx:
            claimed = await store.claim_poll(tx, now=clock.now(), first=FIRST, longest=LONGEST)
            assert await store.claim_poll(tx, now=clock.now(), first=FIRST, longest=LONGEST) is None
        assert claimed is not None
        assert claimed.polls == polls + 1
        assert claimed.poll_at == clock.now() + poll_delay(polls + 1, first=FIRST, longest=LONGEST)


async def test_a_payment_without_a_session_is_not_polled(database: Database, clock: SetClock) -> None:
    await add_payment(database, clock, await add_order(database, clock), poll_at=clock.now())
    async with database.transaction() as tx:
        assert await store.claim_poll(tx, now=clock.now(), first=FIRST, longest=LONGEST) is None


async def test_only_a_payment_for_which_nothing_was_made_is_ended(database: Database, clock: SetClock) -> None:
    attached: list[dict[str, Any]] = [{"session_id": "cs_1"}, {"intent_id": "pi_1"}]
    for more in attached:
        payment_id = await add_payment(database, clock, await add_order(database, clock), **more)
        async with database.transaction() as tx:
            assert await store.end_payment(tx, payment_id, "never_happened", clock.now()) is None
    for state in set(PaymentState) - {PaymentState.REQUIRES_PAYMENT}:
        payment_id = await add_payment(database, clock, await add_order(database, clock), state=state)
        async with database.transaction() as tx:
            assert await store.end_payment(tx, payment_id, "never_happened", clock.now()) is None
    payment_id = await add_payment(database, clock, await add_order(database, clock), poll_at=clock.now())
    async with database.transaction() as tx:
        ended = await store.end_payment(tx, payment_id, "never_happened", clock.now())
    assert ended is not None
    assert (ended.state, ended.failure_code, ended.poll_at) == (PaymentState.FAILED, "never_happened", None)


async def test_ways_to_pay_are_needless_once_another_payment_settled(database: Database, clock: SetClock) -> None:
    needed = await add_order(database, clock)
    await add_payment(database, clock, needed)
    await add_payment(database, clock, needed, state=PaymentState.CAPTURED)
    paid = await add_order(database, clock)
    await add_payment(database, clock, paid, state=PaymentState.CAPTURED, settles=True)
    open_one = await add_payment(database, clock, paid)
    processing = await add_order(database, clock)
    await add_payment(database, clock, processing, state=PaymentState.CAPTURED, settles=True)
    await add_payment(database, clock, processing, state=PaymentState.PROCESSING)
    async with database.transaction() as tx:
        assert [payment.id for payment in await store.needless_payments(tx, 9)] == [open_one]


async def test_a_customer_belongs_to_one_owner_of_one_account(database: Database, clock: SetClock) -> None:
    live = StripeScope("acct_1", livemode=True)
    async with database.transaction() as tx:
        await account_store.keep_customer(tx, SCOPE, "per_1", "cus_1", clock.now())
        await account_store.keep_customer(tx, SCOPE, "per_1", "cus_2", clock.now())
        await account_store.keep_customer(tx, live, "per_1", "cus_1", clock.now())
        assert await account_store.find_customer(tx, SCOPE, "per_1") == "cus_1"
        assert await account_store.find_customer(tx, live, "per_1") == "cus_1"
        assert await account_store.find_customer(tx, SCOPE, "per_2") is None
    with pytest.raises(ConstraintViolated, match="already_exists"):
        async with database.transaction() as tx:
            await account_store.keep_customer(tx, SCOPE, "per_2", "cus_1", clock.now())


async def test_the_account_of_a_key_is_learnt_once(database: Database, clock: SetClock) -> None:
    async with database.transaction() as tx:
        assert await account_store.find_account(tx, b"key", livemode=False) is None
        await account_store.keep_account(tx, b"key", "acct_1", livemode=False, now=clock.now())
        await account_store.keep_account(tx, b"key", "acct_2", livemode=False, now=clock.now())
        assert await account_store.find_account(tx, b"key", livemode=False) == "acct_1"
        assert await account_store.find_account(tx, b"key", livemode=True) is None


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("refunded_minor = 2981", "payment_refunds_within_captured"),
        ("refunded_minor = 2980, refund_pending_minor = 1", "payment_refunds_within_captured"),
        ("refunded_minor = -1", "payment_refunds_within_captured"),
        ("captured_minor = -1", "payment_captured_not_negative"),
        ("state = 'PAID'", "payment_state_known"),
        ("kind = 'gift'", "payment_kind_known"),
        ("method_last4 = '12345'", "payment_last4_form"),
        ("amount_minor = -1", "payment_amount_not_negative"),
    ],
)
async def test_the_database_refuses_a_payment_that_cannot_be(
    database: Database, clock: SetClock, statement: str, constraint: str
) -> None:
    order_id = await add_order(database, clock)
    await add_payment(database, clock, order_id, state=PaymentState.CAPTURED, captured_minor=2980)
    with pytest.raises(ConstraintViolated) as refused:
        await change(database, f"UPDATE payment SET {statement}")  # noqa: S608 - the parameters of this test
    assert refused.value.constraint == constraint
