"""Refunds in the database: they move along their edges alone, and what must never be is refused there too."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from money_rows import SCOPE, add, add_order, add_payment, ask, change
from vivr.clock import SetClock
from vivr.database import Database
from vivr.errors import ConstraintViolated
from vivr.ids import OrderId, PaymentId, RefundId, new_refund_id
from vivr.orders.model import OrderState
from vivr.payments.model import PaymentState
from vivr.payments.payment_sums import shift_refund_sums
from vivr.refunds import store
from vivr.refunds.model import ENDED, TRANSITIONS, Refund, RefundLine, RefundState


async def add_paid(database: Database, clock: SetClock) -> tuple[OrderId, PaymentId]:
    """A paid order of one line of 24.90 (3 units) and its payment of 29.80."""
    order_id = await add_order(database, clock, state=OrderState.PAID)
    payment_id = await add_payment(
        database, clock, order_id, state=PaymentState.CAPTURED, settles=True, captured_minor=2980
    )
    async with database.transaction() as tx:
        await add(
            tx,
            "order_line",
            order_id=order_id,
            position=1,
            kind="shipping",
            sku="sku",
            title="Bol",
            quantity=3,
            unit_minor=830,
            discount_minor=0,
            amount_minor=2490,
            tax_rate_bp=2000,
            net_minor=2075,
            tax_minor=415,
        )
    return order_id, payment_id


async def add_refund(
    database: Database, clock: SetClock, order_id: OrderId, payment_id: PaymentId, state: RefundState, **more: Any
) -> Refund:
    """A refund of one euro in a state."""
    refund_id, now = new_refund_id(clock.now()), clock.now()
    is_seen = state in {RefundState.PENDING, RefundState.SUCCEEDED}
    columns: dict[str, object] = {
        "id": refund_id,
        "order_id": order_id,
        "payment_id": payment_id,
        "account": SCOPE.account,
        "livemode": SCOPE.livemode,
        "stripe_id": f"re_{refund_id}" if is_seen else None,
        "state": state,
        "origin": "staff",
        "amount_minor": 100,
        "currency": "EUR",
        "reason": "other",
        "wish": "{}",
        "requested_by": "staff:per_1",
        "failure_code": "declined" if state in ENDED else None,
        "requested_at": now,
        "updated_at": now,
        "request_id": "req_1",
    }
    async with database.transaction() as tx:
        await add(tx, "refund", **columns | more)
        found = await store.find_refund(tx, refund_id)
    assert found is not None
    return found


async def test_every_move_is_taken_or_refused_as_the_table_says(database: Database, clock: SetClock) -> None:
    order_id, payment_id = await add_paid(database, clock)
    taken: set[tuple[RefundState, RefundState]] = set()
    for start, to in product(RefundState, repeat=2):
        refund = await add_refund(database, clock, order_id, payment_id, start)
        code = "declined" if to in ENDED else None
        stripe_id = refund.stripe_id or f"re_{refund.id}"
        async with database.transaction() as tx:
            moved = await store.move_refund(tx, refund, to, clock.now(), stripe_id=stripe_id, failure_code=code)
        if moved is not None:
            taken.add((start, to))
        else:
            assert (await ask(database, "SELECT state FROM refund WHERE id = %s", refund.id))[0]["state"] == start
    assert taken == TRANSITIONS


async def test_stripes_refund_attaches_first_wins(database: Database, clock: SetClock) -> None:
    refund = await add_refund(database, clock, *await add_paid(database, clock), RefundState.PENDING)
    async with database.transaction() as tx:
        assert await store.move_refund(tx, refund, RefundState.SUCCEEDED, clock.now(), stripe_id="re_other") is None
        moved = await store.move_refund(tx, refund, RefundState.SUCCEEDED, clock.now(), stripe_id=refund.stripe_id)
    assert moved is not None
    with pytest.raises(ConstraintViolated, match="already_exists"):
        await add_refund(
            database, clock, moved.order_id, moved.payment_id, RefundState.PENDING, stripe_id=moved.stripe_id
        )


@pytest.mark.parametrize(
    ("state", "more"),
    [
        (RefundState.SUCCEEDED, {"stripe_id": None}),
        (RefundState.FAILED, {"failure_code": None}),
        (RefundState.REQUESTED, {"failure_code": "declined"}),
        (RefundState.REQUESTED, {"amount_minor": 0}),
        (RefundState.REQUESTED, {"origin": "nobody"}),
    ],
)
async def test_what_a_refund_can_not_be_is_refused(
    database: Database, clock: SetClock, state: RefundState, more: dict[str, object]
) -> None:
    paid = await add_paid(database, clock)
    with pytest.raises(ConstraintViolated, match="rule_broken"):
        await add_refund(database, clock, *paid, state, **more)


async def test_a_payment_gives_back_no_more_than_it_captured(database: Database, clock: SetClock) -> None:
    _, payment_id = await add_paid(database, clock)

    async def shift(refunded: int, pending: int) -> None:
        async with database.transaction() as tx:
            await shift_refund_sums(tx, clock.now(), payment_id, refunded_minor=refunded, pending_minor=pending)

    await shift(2000, 980)
    for refunded, pending in ((1, 0), (0, 1), (-2001, 0), (0, -981)):
        with pytest.raises(ConstraintViolated, match="rule_broken"):
            await shift(refunded, pending)
    await shift(980, -980)
    assert await ask(database, "SELECT refunded_minor, refund_pending_minor FROM payment") == [
        {"refunded_minor": 2980, "refund_pending_minor": 0}
    ]


async def test_a_line_gives_back_no_more_than_it_is(database: Database, clock: SetClock) -> None:
    order_id, _ = await add_paid(database, clock)
    figures: dict[str, object] = {"line_amount_minor": 2490, "line_tax_minor": 415, "line_quantity": 3}

    async def shift(line: RefundLine, sign: int = 1) -> None:
        async with database.transaction() as tx:
            await store.open_lines(tx, [{"order_id": order_id, "position": 1} | figures])
            await store.shift_lines(tx, order_id, [line], sign=sign)
            await store.restock_lines(tx, order_id, [line], sign=sign)

    await shift(RefundLine(1, 2, 2, 2000, 1667, 333))
    for wrong, code in (
        (RefundLine(1, 0, 0, 491, 409, 82), "rule_broken"),
        (RefundLine(1, 0, 0, 100, 0, 100), "rule_broken"),
        (RefundLine(1, 0, 0, 409, 409, 0), "rule_broken"),
        (RefundLine(1, 2, 0, 0, 0, 0), "rule_broken"),
        (RefundLine(1, 1, 2, 0, 0, 0), "restocked_already"),
    ):
        with pytest.raises(ConstraintViolated, match=code):
            await shift(wrong)
    with pytest.raises(ConstraintViolated, match="reference_missing"):
        async with database.transaction() as tx:
            await store.open_lines(tx, [{"order_id": order_id, "position": 2} | figures])
    async with database.transaction() as tx:
        sums = await store.line_sums(tx, order_id)
    assert sums == {1: store.LineSum(1, 2000, 333, 2, 2)}


async def test_the_lines_of_a_refund_are_never_rewritten(database: Database, clock: SetClock) -> None:
    order_id, payment_id = await add_paid(database, clock)
    refund = await add_refund(database, clock, order_id, payment_id, RefundState.SUBMITTED)
    lines = [RefundLine(1, 1, 0, 830, 692, 138)]
    async with database.transaction() as tx:
        await store.insert_lines(tx, refund, lines)
        assert await store.lines_of_refund(tx, refund.id) == lines
    for statement in ("UPDATE refund_line SET quantity = 0", "DELETE FROM refund_line"):
        with pytest.raises(ConstraintViolated, match="append_only"):
            await change(database, statement)


async def test_a_waiting_refund_is_asked_about_by_one_worker_at_its_time(database: Database, clock: SetClock) -> None:
    now = clock.now()
    refund = await add_refund(
        database, clock, *await add_paid(database, clock), RefundState.PENDING, poll_at=now - timedelta(seconds=1)
    )
    first, longest = timedelta(minutes=1), timedelta(hours=6)
    async with database.transaction() as tx:
        claimed = await store.claim_poll(tx, now, first=first, longest=longest)
        assert await store.claim_poll(tx, now, first=first, longest=longest) is None
    assert claimed is not None
    assert (claimed.id, claimed.polls, claimed.poll_at) == (refund.id, 1, now + timedelta(minutes=2))


async def test_a_request_is_backed_once(database: Database, clock: SetClock) -> None:
    refund = await add_refund(database, clock, *await add_paid(database, clock), RefundState.REQUESTED)
    async with database.transaction() as tx:
        backed = await store.back_refund(tx, refund.id, "staff:a", clock.now())
        assert await store.back_refund(tx, refund.id, "staff:b", clock.now()) is None
        assert await store.open_requests(tx, 10) == [backed]
        assert await store.find_refund(tx, RefundId("rfd_none")) is None
