"""Stripe is away: the breaker opens, nothing is sent and nothing spends a try, and the shop recovers alone."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from flows.fault_kit import CUSTOMERS, SESSIONS, new_order, pay_and_check, recover, recover_until_rest
from money_probe import arm, broken_rules, calls, disarm, rows
from refund_kit import asked, paid_order, payment_sums, refund_row
from shop_kit import GUEST, WORKER, Kit
from vivr.clock import SetClock
from vivr.errors import Unavailable
from vivr.operations.model import Outcome
from vivr.payments.poll_payments import poll_payments
from vivr.refunds.model import RefundState
from vivr.stripe_gateway.answers import StripeNotAsked, StripeObjectMissing, StripeUnavailable
from vivr.stripe_gateway.breaker import CALLS_SEEN, BreakerState
from vivr.worker.run import steps_of

REFUNDS = "POST /v1/refunds"
UNSETTLED = (
    "SELECT kind, outcome, error_code, tries, absent_since FROM operation WHERE outcome <> 'succeeded' ORDER BY id"
)
INBOX = "SELECT id, state, tries, reason, fence FROM inbox_event WHERE ended_at IS NULL ORDER BY id"


class Time:
    """The clock of the breaker, set by the test."""

    def __init__(self, kit: Kit) -> None:
        self.now_s: float = 1000.0
        kit.shop.stripe._traffic._now_s = lambda: self.now_s


pytestmark = pytest.mark.set_clock(STRIPE_MAX_RETRIES="0")


@pytest.fixture
def time(kit: Kit) -> Time:
    """When the breaker thinks that it is."""
    return Time(kit)


async def open_breaker(kit: Kit) -> None:
    """As many reads that nobody answers as there were calls before, and five at least."""
    await arm(kit, "refuse", "*", count=None)
    for _ in range(CALLS_SEEN):
        if kit.shop.stripe.breaker_state is BreakerState.CLOSED:
            with pytest.raises(StripeUnavailable, match="stripe_unavailable"):
                await kit.shop.stripe.read_customer("cus_1")
    assert kit.shop.stripe.breaker_state is BreakerState.OPEN


async def come_back(kit: Kit, time: Time) -> None:
    """Stripe works again, and the breaker's rest is over."""
    await disarm(kit)
    time.now_s += 5


@pytest.mark.parametrize("kind", ["refuse", "reset", "error_before", "truncate"])
async def test_stripes_own_failures_open_the_breaker_and_it_closes_alone(kit: Kit, time: Time, kind: str) -> None:
    await kit.shop.account.scope()
    opened = REGISTRY.get_sample_value("vivr_stripe_breaker_opened_total") or 0
    await arm(kit, kind, "*", count=None)
    for _ in range(5):
        with pytest.raises(StripeUnavailable):
            await kit.shop.stripe.read_account()
    before = await calls(kit, "GET /v1/account")
    with pytest.raises(StripeNotAsked) as refused:
        await kit.shop.stripe.read_account()
    assert (refused.value.reason, refused.value.retry_after_s) == ("breaker_open", 5)
    assert await calls(kit, "GET /v1/account") == before
    assert REGISTRY.get_sample_value("vivr_stripe_breaker_opened_total") == opened + 1
    time.now_s += 5
    with pytest.raises(StripeUnavailable):
        await kit.shop.stripe.read_account()
    with pytest.raises(StripeNotAsked) as refused:
        await kit.shop.stripe.read_account()
    assert refused.value.retry_after_s == 10
    await disarm(kit)
    time.now_s += 10
    await kit.shop.stripe.read_account()
    assert kit.shop.stripe.breaker_state is BreakerState.CLOSED


async def test_whatever_stripe_answers_never_opens_it(kit: Kit, time: Time) -> None:
    del time
    for _ in range(30):
        with pytest.raises(StripeObjectMissing):
            await kit.shop.stripe.read_intent("pi_1")
    await arm(kit, "rate_limit", "*", count=30, reason="global-rate")
    for _ in range(30):
        with pytest.raises(StripeUnavailable):
            await kit.shop.stripe.read_intent("pi_1")
    assert kit.shop.stripe.breaker_state is BreakerState.CLOSED


async def test_a_write_that_was_never_sent_is_not_unknown_and_is_sent_later(
    kit: Kit, clock: SetClock, time: Time
) -> None:
    order = await new_order(kit)
    await kit.shop.account.scope()
    await open_breaker(kit)
    with pytest.raises(StripeUnavailable) as refused:
        await kit.shop.start_checkout(GUEST, order.id)
    assert refused.value.retry_after_s == 5
    waiting = [
        {"kind": "create_customer", "outcome": Outcome.STARTED, "error_code": None, "tries": 1, "absent_since": None}
    ]
    assert await rows(kit, UNSETTLED) == waiting
    # The worker's turns, and the customer's, send nothing and spend nothing.
    for _ in range(3):
        clock.advance(minutes=5)
        with pytest.raises(StripeNotAsked):
            await recover(kit)
        with pytest.raises(Unavailable):
            await kit.shop.start_checkout(GUEST, order.id)
    assert await rows(kit, UNSETTLED) == waiting
    assert await calls(kit, CUSTOMERS) == (0, 0)
    await come_back(kit, time)
    clock.advance(seconds=5)
    assert await recover(kit) == 1
    await pay_and_check(kit, order.id)
    assert (await calls(kit, CUSTOMERS), await calls(kit, SESSIONS)) == ((1, 1), (1, 1))


async def test_a_refund_that_was_never_sent_keeps_its_reserve_and_is_made_once(
    kit: Kit, clock: SetClock, time: Time
) -> None:
    order, _ = await paid_order(kit)
    await open_breaker(kit)
    made = await kit.shop.request_refund(WORKER, asked(kit, order.id))
    assert made.state == RefundState.SUBMITTED
    assert await payment_sums(kit, order.id) == (2980, 0, 2980)
    assert [row["outcome"] for row in await rows(kit, UNSETTLED)] == ["started"]
    await come_back(kit, time)
    await recover_until_rest(kit, clock)
    assert (await refund_row(kit, made.id)).state == RefundState.SUCCEEDED
    assert await calls(kit, REFUNDS) == (1, 1)
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize(
    ("fault", "later"),
    [
        ({"kind": "lose_answer"}, "no_answer"),
        ({"kind": "error_after"}, "status_500"),
        ({"kind": "error_before", "stored": True}, "status_500"),
    ],
)
async def test_an_unknown_that_can_not_be_repeated_or_read_now_stays_what_it_was(
    kit: Kit, clock: SetClock, time: Time, fault: dict[str, Any], later: str
) -> None:
    order, _ = await paid_order(kit)
    await arm(kit, route=REFUNDS, **fault)
    made = await kit.shop.request_refund(WORKER, asked(kit, order.id))
    before = await rows(kit, UNSETTLED)
    assert (before[0]["outcome"], before[0]["error_code"]) == ("unknown", later)
    await open_breaker(kit)
    for hours in (0, 1, 30):
        # Beyond the key's life it would be read, and can't be either.
        clock.advance(hours=hours, minutes=10)
        with pytest.raises(StripeNotAsked):
            await recover(kit)
        assert await rows(kit, UNSETTLED) == before
    await come_back(kit, time)
    await recover_until_rest(kit, clock)
    happened = fault["kind"] != "error_before"
    assert (await refund_row(kit, made.id)).state == (RefundState.SUCCEEDED if happened else RefundState.FAILED)
    assert await payment_sums(kit, order.id) == (2980, 2980 if happened else 0, 0)
    assert await broken_rules(kit) == {}


async def test_events_wait_untouched_and_are_processed_when_it_is_back(kit: Kit, clock: SetClock, time: Time) -> None:
    order = await new_order(kit)
    link = await kit.shop.start_checkout(GUEST, order.id)
    await kit.pay(link.url)
    for event in await kit.events():
        assert await kit.deliver(event) == 200
    await open_breaker(kit)
    before = await rows(kit, INBOX)
    assert len(before) >= 2
    asking = [step for step in steps_of(kit.shop) if step.asks_stripe]
    assert {"inbox", "poller", "operations", "refunds", "deadlines", "gaps"} <= {step.name for step in asking}
    # What the worker does before each of these steps: it claims nothing.
    with pytest.raises(StripeNotAsked):
        kit.shop.stripe.refuse_while_away()
    assert await rows(kit, INBOX) == before
    # A worker that had claimed them already gives them back without a try spent.
    await kit.process()
    assert {(row["state"], row["tries"]) for row in await rows(kit, INBOX)} == {("RETRYING", 0)}
    await come_back(kit, time)
    clock.advance(seconds=60)
    await kit.process()
    assert (await kit.order(order.id)).state == "PAID"
    assert await broken_rules(kit) == {}


async def test_payments_keep_their_turns_when_the_poller_meets_the_breaker(
    kit: Kit, clock: SetClock, time: Time
) -> None:
    del time
    for _ in range(3):
        await kit.shop.start_checkout(GUEST, (await new_order(kit)).id)
    await open_breaker(kit)
    clock.advance(minutes=1)
    shop = kit.shop
    first, longest = shop.settings.payment_poll_first, shop.settings.payment_poll_max
    due = "SELECT count(*) FROM payment WHERE poll_at <= %(now)s"
    with pytest.raises(StripeNotAsked):
        await poll_payments(shop.database, shop.stripe, clock, WORKER, first=first, longest=longest)
    assert await kit.count(due, now=clock.now()) == 2
