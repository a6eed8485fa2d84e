"""Whoever was overtaken can't write: a lost lease, an older read, an answer that comes when the outcome is known."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from money_probe import SEPA_FAILS, SEPA_OK, arm, broken_rules, calls, let_bank, open_checkout, pay_by_debit, rows, run
from shop_kit import GUEST, WORKER, Kit, open_kit
from vivr.checkout.expire_orders import expire_orders
from vivr.clock import SetClock
from vivr.database import Tx
from vivr.errors import Unavailable
from vivr.ids import OrderId
from vivr.operations.model import Operation
from vivr.operations.run_operation import LEASE, record_answer
from vivr.orders.model import OrderState
from vivr.payments.read_target import PaymentTarget
from vivr.recovery import recover_operations
from vivr.stripe_gateway.answers import Done, Failed, Unknown
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.objects import Session
from vivr.webhooks.replay_event import find_event, ignore_event


@pytest.fixture
def clock() -> SetClock:
    """The shops' clock; the sandbox has its own, so both begin at the true time."""
    return SetClock(datetime.now(UTC))


@pytest.fixture
async def kit(database_url: str, sandbox_url: str, clock: SetClock) -> AsyncGenerator[Kit]:
    """A shop on a clock that the test moves."""
    async with open_kit(database_url, sandbox_url, clock=clock, STRIPE_MAX_RETRIES="0") as opened:
        yield opened


class Gate:
    """Holds the first caller of a function at its end (or its beginning) until it is opened."""

    def __init__(self) -> None:
        self.is_reached: asyncio.Event = asyncio.Event()
        self.is_open: asyncio.Event = asyncio.Event()
        self._used: bool = False

    async def hold(self) -> None:
        """Wait, if this is the first caller."""
        if not self._used:
            self._used = True
            self.is_reached.set()
            await asyncio.wait_for(self.is_open.wait(), 15)

    def after(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The function, whose first answer is held back."""

        async def held(*args: Any, **named: Any) -> Any:
            answer = await function(*args, **named)
            await self.hold()
            return answer

        return held

    def before(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The function, whose first call is held back."""

        async def held(*args: Any, **named: Any) -> Any:
            await self.hold()
            return await function(*args, **named)

        return held


async def test_a_worker_that_lost_its_lease_writes_nothing(
    kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, link, product = await open_checkout(kit)
    await kit.pay(link.url)
    await kit.deliver((await kit.events("checkout.session.completed"))[0])
    gate = Gate()
    monkeypatch.setattr(PaymentTarget, "read", gate.after(PaymentTarget.read))
    slow = asyncio.create_task(kit.process())
    await gate.is_reached.wait()
    assert await kit.process() == 0
    clock.advance(seconds=61)
    assert await kit.process() == 1
    assert (await kit.order(order.id)).state == OrderState.PAID
    ended = await rows(kit, "SELECT state, reason, fence, ended_at FROM inbox_event")
    history = await rows(kit, "SELECT * FROM order_history")
    audit = await kit.count("SELECT count(*) FROM audit_row")
    clock.advance(seconds=1)
    gate.is_open.set()
    assert await slow == 1
    assert await rows(kit, "SELECT state, reason, fence, ended_at FROM inbox_event") == ended
    assert await rows(kit, "SELECT * FROM order_history") == history
    assert await kit.count("SELECT count(*) FROM audit_row") == audit
    assert ended[0]["fence"] == 2
    assert await kit.stock(product) == (9, 0)
    assert await broken_rules(kit) == {}


async def test_a_worker_that_failed_after_its_lease_does_not_put_an_ended_event_back(
    kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, link, _ = await open_checkout(kit)
    await kit.pay(link.url)
    await kit.deliver((await kit.events("checkout.session.completed"))[0])
    gate = Gate()

    async def fail(*_: object) -> object:
        await gate.hold()
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(PaymentTarget, "read", fail)
        slow = asyncio.create_task(kit.process())
        await gate.is_reached.wait()
    clock.advance(seconds=61)
    assert await kit.process() == 1
    gate.is_open.set()
    await slow
    assert await rows(kit, "SELECT state, tries FROM inbox_event") == [{"state": "PROCESSED", "tries": 0}]


async def test_a_reader_that_is_overtaken_reads_again(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    order, link, _ = await open_checkout(kit)
    gate = Gate()
    read = kit.shop.stripe.read_session
    monkeypatch.setattr(kit.shop.stripe, "read_session", gate.after(read))
    early = asyncio.create_task(kit.shop.settle_session(GUEST, link.session_id))
    await gate.is_reached.wait()
    await pay_by_debit(kit, link.url, SEPA_OK)
    await kit.shop.settle_session(GUEST, link.session_id)
    assert (await kit.order(order.id)).state == OrderState.PROCESSING
    gate.is_open.set()
    settlement = await early
    assert settlement is not None
    assert (settlement.order.state, settlement.is_stale) == (OrderState.PROCESSING, False)
    assert [row["to_state"] for row in await rows(kit, "SELECT to_state FROM order_history ORDER BY id")] == [
        "PENDING",
        "PROCESSING",
    ]
    assert await kit.count("SELECT ticket_taken FROM payment") == 3


async def test_a_reader_with_a_higher_ticket_but_an_older_answer_reads_again(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, link, _ = await open_checkout(kit)
    first_gate, second_gate = Gate(), Gate()
    read = kit.shop.stripe.read_session
    # The first reader takes its ticket and is held before it reads; the second reads at once and is held afterwards.
    monkeypatch.setattr(kit.shop.stripe, "read_session", first_gate.before(read))
    low_ticket = asyncio.create_task(kit.shop.settle_session(GUEST, link.session_id))
    await first_gate.is_reached.wait()
    monkeypatch.setattr(kit.shop.stripe, "read_session", second_gate.after(read))
    high_ticket = asyncio.create_task(kit.shop.settle_session(GUEST, link.session_id))
    await second_gate.is_reached.wait()
    await pay_by_debit(kit, link.url, SEPA_FAILS)
    first_gate.is_open.set()
    newer = await low_ticket
    assert newer is not None
    assert newer.order.state == OrderState.PROCESSING
    second_gate.is_open.set()
    older = await high_ticket
    assert older is not None
    assert older.order.state == OrderState.PROCESSING
    assert await kit.count("SELECT count(*) FROM order_history WHERE to_state = 'PENDING'") == 1
    await let_bank(kit, link.session_id, "fail")
    settlement = await kit.shop.settle_session(GUEST, link.session_id)
    assert settlement is not None
    assert settlement.order.state == OrderState.PENDING
    assert (await kit.order(order.id)).state == OrderState.PENDING
    assert await broken_rules(kit) == {}


async def test_an_event_whose_read_was_overtaken_is_read_again_without_spending_a_try(
    kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, link, _ = await open_checkout(kit)
    await pay_by_debit(kit, link.url, SEPA_OK)
    await kit.deliver((await kit.events("payment_intent.processing"))[0])
    gate = Gate()
    read = kit.shop.stripe.read_session
    monkeypatch.setattr(kit.shop.stripe, "read_session", gate.after(read))
    slow = asyncio.create_task(kit.process())
    await gate.is_reached.wait()
    await kit.shop.settle_session(GUEST, link.session_id)
    gate.is_open.set()
    assert await slow == 1
    assert await rows(kit, "SELECT state, reason, tries FROM inbox_event") == [
        {"state": "RETRYING", "reason": "StaleRead", "tries": 0}
    ]
    clock.advance(seconds=4)
    assert await kit.process() == 1
    assert await rows(kit, "SELECT state, tries FROM inbox_event") == [{"state": "PROCESSED", "tries": 0}]


async def operation_of(kit: Kit, order_id: OrderId, kind: str) -> Operation:
    """The newest operation of a kind."""
    found = await kit.one(
        Operation,
        "SELECT * FROM operation WHERE order_id = %(id)s AND kind = %(kind)s ORDER BY attempt DESC LIMIT 1",
        id=order_id,
        kind=kind,
    )
    assert found is not None
    return found


async def test_an_answer_that_comes_after_the_outcome_is_known_changes_nothing(kit: Kit) -> None:
    order, _, _ = await open_checkout(kit)
    operation = await operation_of(kit, order.id, "create_session")
    audit = await kit.count("SELECT count(*) FROM audit_row")
    for answer in (Unknown("no_answer"), Failed("refused", "bad", "no"), Done({"id": "cs_other"})):
        async with kit.shop.database.transaction() as tx:
            assert await record_answer(tx, kit.shop.clock, WORKER, operation, answer) is False
    assert await operation_of(kit, order.id, "create_session") == operation
    assert await kit.count("SELECT count(*) FROM audit_row") == audit


async def test_a_sender_that_was_replaced_meanwhile_finds_the_same_session(
    kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await kit.place(await kit.add_product())
    gate = Gate()
    from vivr.checkout.start_checkout import send_operation  # noqa: PLC0415 - the original, before it is replaced

    monkeypatch.setattr("vivr.checkout.start_checkout.send_operation", gate.after(send_operation))
    slow = asyncio.create_task(kit.shop.start_checkout(GUEST, order.id))
    await gate.is_reached.wait()
    clock.advance(seconds=LEASE.total_seconds() + 1)
    shop = kit.shop
    assert await recover_operations(shop.database, shop.stripe, clock, shop.seals, WORKER) == 1
    quick = await kit.shop.start_checkout(GUEST, order.id)
    gate.is_open.set()
    assert await slow == quick
    assert await calls(kit, "POST /v1/checkout/sessions") == (2, 1)
    assert await kit.count("SELECT count(*) FROM audit_row WHERE action = 'operation.succeeded'") == 2
    assert await broken_rules(kit) == {}


async def test_a_session_that_turns_up_after_it_was_given_up_is_not_shown_to_the_buyer(
    kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await kit.place(await kit.add_product())
    gate = Gate()
    from vivr.checkout.start_checkout import send_operation  # noqa: PLC0415 - the original, before it is replaced

    with monkeypatch.context() as patched:
        patched.setattr("vivr.checkout.start_checkout.send_operation", gate.after(send_operation))
        slow = asyncio.create_task(kit.shop.start_checkout(GUEST, order.id))
        await gate.is_reached.wait()
    clock.advance(seconds=LEASE.total_seconds() + 1)

    async def refuse(*_: object, **__: object) -> Failed:
        return Failed("refused", "parameter_invalid", "As if Stripe had refused the repeat.")

    with monkeypatch.context() as patched:
        patched.setattr(Stripe, "send", refuse)
        shop = kit.shop
        assert await recover_operations(shop.database, shop.stripe, clock, shop.seals, WORKER) == 1
    second = await kit.shop.start_checkout(GUEST, order.id)
    gate.is_open.set()
    with pytest.raises(Unavailable):
        await slow
    assert await kit.shop.start_checkout(GUEST, order.id) == second
    # Whoever pays the unseen one all the same has it held.
    for session in (await kit.api("GET", "/v1/checkout/sessions"))["data"]:
        await kit.pay(session["url"])
    await kit.shop.settle_session(GUEST, second.session_id)
    await kit.deliver_all()
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert [row["kind"] for row in await rows(kit, "SELECT kind FROM money_exception")] == ["twice"]


async def test_the_expirer_leaves_an_order_alone_that_was_given_more_time_meanwhile(
    kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await kit.place(await kit.add_product())
    clock.advance(minutes=61)
    link = await kit.shop.start_checkout(GUEST, order.id)

    async def overdue_a_moment_ago(tx: Tx, **_: object) -> list[OrderId]:
        del tx
        return [order.id]

    monkeypatch.setattr("vivr.checkout.expire_orders.overdue_orders", overdue_a_moment_ago)
    shop = kit.shop
    assert await expire_orders(shop.database, shop.stripe, clock, shop.seals, WORKER) == 0
    assert await kit.shop.start_checkout(GUEST, order.id) == link
    session = await kit.api("GET", f"/v1/checkout/sessions/{link.session_id}")
    assert session["status"] == "open"


async def test_the_expirer_never_shortens_the_time_that_a_new_session_gave(
    kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await kit.place(await kit.add_product())
    clock.advance(minutes=61)

    async def begin_meanwhile(*_: object, **__: object) -> object:
        await kit.shop.start_checkout(GUEST, order.id)
        raise Unavailable("checkout_being_made")

    monkeypatch.setattr("vivr.checkout.expire_orders.cancel_order", begin_meanwhile)
    shop = kit.shop
    await expire_orders(shop.database, shop.stripe, clock, shop.seals, WORKER)
    left = (await kit.order(order.id)).deadline_at - clock.now()
    assert left.total_seconds() == 55 * 60


async def test_an_open_way_to_pay_a_paid_order_is_closed(kit: Kit, clock: SetClock) -> None:
    order, first, _ = await open_checkout(kit)
    await run(kit, "UPDATE payment SET state = 'CANCELLED'")
    second = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(first.url)
    await kit.shop.settle_session(GUEST, first.session_id)
    assert (await kit.order(order.id)).state == OrderState.PAID
    shop = kit.shop
    await arm(kit, "reset", "POST /v1/checkout/sessions/*/expire")
    assert await expire_orders(shop.database, shop.stripe, clock, shop.seals, WORKER) == 0
    clock.advance(seconds=5)
    await recover_operations(shop.database, shop.stripe, clock, shop.seals, WORKER)
    assert await expire_orders(shop.database, shop.stripe, clock, shop.seals, WORKER) == 1
    session: Session = await kit.shop.stripe.read_session(second.session_id)
    assert session.status == "expired"
    assert await broken_rules(kit) == {}


async def test_a_group_of_which_one_event_was_taken_over_is_taken_back_whole_and_done_again(
    kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, link, product = await open_checkout(kit)
    await kit.pay(link.url)
    for event in await kit.events("checkout.session.completed", "payment_intent.succeeded"):
        await kit.deliver(event)
    gate = Gate()
    monkeypatch.setattr(PaymentTarget, "read", gate.after(PaymentTarget.read))
    slow = asyncio.create_task(kit.process())
    await gate.is_reached.wait()
    clock.advance(seconds=61)
    shop = kit.shop
    scope, intent = await shop.account.scope(), (await kit.events("payment_intent.succeeded"))[0]
    taken = await find_event(shop.database, scope, intent["id"])
    await ignore_event(shop.database, clock, WORKER, taken, "It is a test.")
    gate.is_open.set()
    # The worker's transaction is taken back whole, and its next turn does what is left.
    assert await slow == 3
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await rows(kit, "SELECT type, state, fence FROM inbox_event ORDER BY type") == [
        {"type": "checkout.session.completed", "state": "PROCESSED", "fence": 2},
        {"type": "payment_intent.succeeded", "state": "IGNORED", "fence": 2},
    ]
    assert await kit.stock(product) == (9, 0)
    assert await broken_rules(kit) == {}


async def test_a_customer_that_is_recorded_while_another_one_looks_for_it_is_the_only_one(
    kit: Kit, second: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await kit.place(await kit.add_product())
    await second.shop.account.scope()
    sending, recorded, looking = Gate(), Gate(), Gate()
    module = "vivr.checkout.ensure_customer"
    from vivr.checkout import ensure_customer  # noqa: PLC0415 - the originals, before they are replaced

    monkeypatch.setattr(f"{module}.send_operation", sending.before(ensure_customer.send_operation))
    monkeypatch.setattr(f"{module}.record_customer", recorded.after(ensure_customer.record_customer))
    maker = asyncio.create_task(kit.shop.start_checkout(GUEST, order.id))
    await sending.is_reached.wait()
    monkeypatch.setattr(f"{module}.find_customer", looking.after(ensure_customer.find_customer))
    looker = asyncio.create_task(second.shop.start_checkout(GUEST, order.id))
    await looking.is_reached.wait()
    sending.is_open.set()
    await recorded.is_reached.wait()
    # The looker has seen no customer, and goes on when there is one.
    looking.is_open.set()
    with pytest.raises(Unavailable, match="checkout_being_made"):
        await looker
    recorded.is_open.set()
    link = await maker
    assert await second.shop.start_checkout(GUEST, order.id) == link
    assert await calls(kit, "POST /v1/customers") == (1, 1)
