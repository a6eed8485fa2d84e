"""Refunds while Stripe fails, while another refund is on its way, and of money that no payment of ours brought."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows.fault_kit import AFTER, BEFORE, STORED, at_stripe, recover, recover_until_rest
from money_probe import (
    arm,
    broken_rules,
    calls,
    disarm,
    events_about,
    named_intent,
    nothing_changes,
    open_checkout,
    pay_intent,
    reason_of,
    rows,
    run,
)
from refund_kit import (
    OTHER_STAFF,
    STAFF,
    asked,
    balances,
    paid_order,
    payment_sums,
    refund,
    refund_at_stripe,
    refund_row,
)
from shop_kit import GUEST, WORKER, Kit, open_kit
from vivr.caller import Caller
from vivr.clock import SetClock
from vivr.errors import Conflict, Forbidden, NotFound, Refusal
from vivr.ids import OrderId, PaymentId, RequestId
from vivr.orders.model import OrderState
from vivr.refunds.apply_refunds import apply_refunds
from vivr.refunds.model import Reason, RefundState, Wish, WishedUnits
from vivr.stripe_gateway.answers import Failed, StripeMisconfigured

REFUNDS = "POST /v1/refunds"
REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed", "charge.refunded")
SUPPORT = Caller("staff:per_su", "support", RequestId("req_support"))


@pytest.fixture
def clock() -> SetClock:
    """The shop's clock; the sandbox has its own, so both begin at the true time."""
    return SetClock(datetime.now(UTC))


@pytest.fixture
async def kit(database_url: str, sandbox_url: str, clock: SetClock) -> AsyncGenerator[Kit]:
    """A shop whose client does not repeat calls by itself, with the limit and the policy set."""
    settings = {"REFUND_APPROVAL_AMOUNT": "20.00", "REFUND_CUSTOMER_POLICY": "execute", "STRIPE_MAX_RETRIES": "0"}
    async with open_kit(database_url, sandbox_url, clock=clock, **settings) as opened:
        yield opened


@pytest.mark.parametrize("fault", [BEFORE[0], BEFORE[2], *AFTER], ids=str)
async def test_a_refund_whose_answer_was_lost_is_made_once(kit: Kit, clock: SetClock, fault: dict[str, Any]) -> None:
    order, _ = await paid_order(kit)
    await arm(kit, route=REFUNDS, **fault)
    request = asked(kit, order.id, Wish(amount_minor=1980))
    made = await kit.shop.request_refund(STAFF, request)
    assert (made.state, await payment_sums(kit, order.id)) == (RefundState.SUBMITTED, (2980, 0, 1980))
    assert (await kit.shop.request_refund(STAFF, request)).state == RefundState.SUBMITTED
    with pytest.raises(Refusal, match="refund_over_remaining"):
        await refund(kit, order.id, Wish(amount_minor=1001))
    await recover_until_rest(kit, clock)
    assert (await refund_row(kit, made.id)).state == RefundState.SUCCEEDED
    assert (len(await at_stripe(kit, "refunds")), await payment_sums(kit, order.id)) == (1, (2980, 1980, 0))
    await kit.deliver_all(*REFUND_EVENTS)
    assert await kit.count("SELECT count(*) FROM refund") == 1
    assert await broken_rules(kit) == {}


async def test_under_the_key_of_another_account_no_write_is_judged(
    kit: Kit, clock: SetClock, database_url: str, sandbox_url: str
) -> None:
    order, _ = await paid_order(kit)
    await arm(kit, kind="lose_answer", route=REFUNDS)
    made = await refund(kit, order.id, Wish(amount_minor=1980))
    clock.advance(minutes=5)
    async with open_kit(database_url, sandbox_url, clock=clock) as stranger:
        assert await recover(stranger) == 0
    assert ((await refund_row(kit, made.id)).state, await payment_sums(kit, order.id)) == (
        RefundState.SUBMITTED,
        (2980, 0, 1980),
    )
    await recover_until_rest(kit, clock)
    assert (await refund_row(kit, made.id)).state == RefundState.SUCCEEDED
    assert (len(await at_stripe(kit, "refunds")), await payment_sums(kit, order.id)) == (1, (2980, 1980, 0))


async def test_a_refund_that_never_happened_is_proved_and_frees_its_sum(kit: Kit, clock: SetClock) -> None:
    order, _ = await paid_order(kit)
    await arm(kit, route=REFUNDS, **STORED)
    made = await refund(kit, order.id, Wish(amount_minor=1500))
    started = clock.now()
    await recover_until_rest(kit, clock)
    assert clock.now() - started > timedelta(minutes=10)
    ended = await refund_row(kit, made.id)
    assert (ended.state, ended.failure_code, ended.stripe_id) == (RefundState.FAILED, "never_happened", None)
    assert (await at_stripe(kit, "refunds"), await payment_sums(kit, order.id)) == ([], (2980, 0, 0))
    await disarm(kit)
    assert (await refund(kit, order.id, Wish(amount_minor=2000))).state == RefundState.SUCCEEDED
    assert await broken_rules(kit) == {}


async def test_a_stored_error_after_the_effect_is_read_by_list(kit: Kit, clock: SetClock) -> None:
    order, _ = await paid_order(kit)
    await arm(kit, route=REFUNDS, kind="error_after", stored=True)
    made = await refund(kit, order.id, Wish(amount_minor=1500))
    await recover_until_rest(kit, clock)
    assert (await refund_row(kit, made.id)).state == RefundState.SUCCEEDED
    assert len(await at_stripe(kit, "refunds")) == 1
    assert await broken_rules(kit) == {}


async def test_its_own_event_ends_a_refund_whose_answer_was_lost(kit: Kit, clock: SetClock) -> None:
    order, _ = await paid_order(kit)
    await arm(kit, kind="lose_answer", route=REFUNDS)
    made = await refund(kit, order.id, Wish(amount_minor=1500))
    await kit.deliver_all(*REFUND_EVENTS)
    assert (await refund_row(kit, made.id)).state == RefundState.SUCCEEDED
    async with nothing_changes(kit, but=("operations",)):
        await recover_until_rest(kit, clock)
    assert await kit.count("SELECT count(*) FROM refund") == 1


async def test_what_was_made_at_stripe_waits_for_ours_on_its_way(kit: Kit, clock: SetClock) -> None:
    order, _ = await paid_order(kit)
    await arm(kit, kind="reset", route=REFUNDS)
    ours = await refund(kit, order.id, Wish(amount_minor=2000))
    await refund_at_stripe(kit, order.id, 1500)
    await kit.deliver_all(*REFUND_EVENTS)
    assert await rows(kit, "SELECT DISTINCT state, tries FROM inbox_event WHERE type LIKE '%%refund%%'") == [
        {"state": "RETRYING", "tries": 0}
    ]
    assert await payment_sums(kit, order.id) == (2980, 0, 2000)
    await recover_until_rest(kit, clock)
    assert (await refund_row(kit, ours.id)).state == RefundState.FAILED
    await kit.process()
    assert await payment_sums(kit, order.id) == (2980, 1500, 0)
    assert await kit.count("SELECT count(*) FROM inbox_event WHERE state NOT IN ('PROCESSED', 'IGNORED')") == 0
    assert await broken_rules(kit) == {}


async def test_a_wrong_key_refunds_nothing_and_is_not_the_clients_fault(
    kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, _ = await paid_order(kit)
    await arm(kit, kind="reset", route=REFUNDS)
    first = await refund(kit, order.id, Wish(amount_minor=500))

    async def refuse(*_: object, **__: object) -> Failed:
        return Failed("misconfigured", "api_key_expired", "Expired API key")

    with monkeypatch.context() as patched:
        patched.setattr(kit.shop.stripe, "send", refuse)
        with pytest.raises(StripeMisconfigured):
            await refund(kit, order.id, Wish(amount_minor=1500))
        assert await payment_sums(kit, order.id) == (2980, 0, 500)
        clock.advance(seconds=5)
        assert await recover(kit) == 1
    assert (await refund_row(kit, first.id)).state == RefundState.SUBMITTED
    await recover_until_rest(kit, clock)
    assert await payment_sums(kit, order.id) == (2980, 500, 0)
    assert await broken_rules(kit) == {}


async def test_above_the_limit_two_of_staff_agree(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    wish = await refund(kit, order.id, caller=SUPPORT)
    assert (wish.state, wish.backed_by) == (RefundState.REQUESTED, SUPPORT.actor)
    with pytest.raises(Conflict, match="refund_needs_another"):
        await kit.shop.accept_refund(SUPPORT, wish.id)
    with pytest.raises(Forbidden, match="refund_needs_approver"):
        await kit.shop.accept_refund(Caller("staff:per_so", "support", RequestId("req_1")), wish.id)
    assert await calls(kit, REFUNDS) == (0, 0)
    made = await kit.shop.accept_refund(STAFF, wish.id)
    assert (made.state, made.decided_by) == (RefundState.SUCCEEDED, STAFF.actor)
    assert await broken_rules(kit) == {}


async def test_a_customers_large_wish_needs_two_of_staff(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    wish = await refund(kit, order.id, caller=GUEST)
    backed = await kit.shop.accept_refund(STAFF, wish.id)
    assert (backed.state, backed.backed_by) == (RefundState.REQUESTED, STAFF.actor)
    with pytest.raises(Conflict, match="refund_needs_another"):
        await kit.shop.accept_refund(STAFF, wish.id)
    assert (await kit.shop.accept_refund(OTHER_STAFF, wish.id)).state == RefundState.SUCCEEDED


async def test_a_customer_refunds_at_once_only_the_whole_of_what_was_not_shipped(kit: Kit) -> None:
    product = await kit.add_product(amount=1000)
    states: list[RefundState] = []
    for wish, order_state in ((Wish(), "SHIPPED"), (Wish(amount_minor=1489), "PAID"), (Wish(), "PAID")):
        order = await kit.place(product)
        link = await kit.shop.start_checkout(GUEST, order.id)
        await kit.pay(link.url)
        await kit.shop.settle_session(GUEST, link.session_id)
        await run(kit, "UPDATE orders SET state = %(to)s WHERE id = %(id)s", id=order.id, to=order_state)
        states.append((await refund(kit, order.id, wish, GUEST)).state)
    assert states == [RefundState.REQUESTED, RefundState.REQUESTED, RefundState.SUCCEEDED]


async def test_parts_pass_no_limit(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    assert (await refund(kit, order.id, Wish(amount_minor=2000), SUPPORT)).state == RefundState.SUCCEEDED
    second = await refund(kit, order.id, Wish(amount_minor=1), SUPPORT)
    assert second.state == RefundState.REQUESTED
    with pytest.raises(Conflict, match="refund_needs_another"):
        await kit.shop.accept_refund(SUPPORT, second.id)
    assert (await kit.shop.accept_refund(STAFF, second.id)).state == RefundState.SUCCEEDED
    assert await payment_sums(kit, order.id) == (2980, 2001, 0)


async def test_a_customer_says_nothing_of_shelf_and_fraud(kit: Kit) -> None:
    order, product = await paid_order(kit)
    wish = Wish(items=(WishedUnits(product, 1, restock=True),))
    made = await refund(kit, order.id, wish, GUEST, reason=Reason.FRAUDULENT)
    assert (made.state, made.reason) == (RefundState.REQUESTED, Reason.REQUESTED_BY_CUSTOMER)
    await kit.shop.accept_refund(STAFF, made.id)
    await kit.shop.accept_refund(OTHER_STAFF, made.id)
    assert [sent["reason"] for sent in await at_stripe(kit, "refunds")] == ["requested_by_customer"]
    assert await kit.stock(product) == (9, 0)


async def test_a_refunded_order_goes_back_to_where_its_shipping_stood(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    await run(
        kit,
        """
        WITH moved AS (UPDATE orders SET state = 'SHIPPED' RETURNING id)
        INSERT INTO order_history (order_id, from_state, to_state, reason, actor, request_id, at)
        SELECT id, 'PAID', 'SHIPPED', 'as if', 'staff:per_sam', 'req_test', now() FROM moved
        """,
    )
    await refund_at_stripe(kit, order.id)
    await kit.deliver_all(*REFUND_EVENTS)
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    made = (await at_stripe(kit, "refunds"))[0]
    await kit.sandbox.post(f"/_sandbox/bank/{made['id']}/fail")
    await kit.deliver_all(*REFUND_EVENTS)
    assert (await kit.order(order.id)).state == OrderState.SHIPPED
    assert await broken_rules(kit) == {}


async def test_money_held_without_a_payment_of_its_own_goes_back_in_the_books(kit: Kit) -> None:
    order, _, _ = await open_checkout(kit)
    intent = await pay_intent(kit, await named_intent(kit, order.id))
    made = await kit.api("POST", "/v1/refunds", {"payment_intent": intent["id"]})
    await kit.deliver_all("refund.created", "charge.refunded")
    assert await balances(kit) == {}
    await kit.sandbox.post(f"/_sandbox/bank/{made['id']}/fail")
    await kit.deliver_all(*REFUND_EVENTS)
    assert await balances(kit) == {"fx_clearing": 2980, "held_for_customers": -2980}
    assert await kit.count("SELECT count(*) FROM refund") == 0
    assert (await kit.order(order.id)).state == OrderState.PENDING


async def test_a_release_of_an_authorisation_books_nothing(kit: Kit) -> None:
    order, _, _ = await open_checkout(kit)
    fields = {**await named_intent(kit, order.id), "capture_method": "manual"}
    intent = await pay_intent(kit, fields)
    await kit.api("POST", f"/v1/payment_intents/{intent['id']}/cancel")
    await kit.deliver_all("charge.refunded")
    state, said = await reason_of(kit, (await kit.events("charge.refunded"))[0]["id"])
    assert state == "PROCESSED"
    assert (said or "").endswith("Nothing was captured: this is a release, and no money goes back.")
    assert await kit.count("SELECT count(*) FROM ledger_entry WHERE kind = 'refund'") == 0
    payment = (await rows(kit, "SELECT id FROM payment"))[0]["id"]
    async with kit.shop.database.transaction() as tx:
        assert "release" in await apply_refunds(tx, kit.shop.clock, WORKER, payment, order.id, [])
    async with kit.shop.database.transaction() as tx:
        with pytest.raises(NotFound, match="payment_not_found"):
            await apply_refunds(tx, kit.shop.clock, WORKER, PaymentId("pay_none"), OrderId("ord_none"), [])


async def test_refunds_that_are_not_ours_are_ignored(kit: Kit) -> None:
    foreign = {"amount": "500", "currency": "eur", "confirm": "true", "payment_method": "pm_card_visa"}
    intent = await pay_intent(kit, {**foreign, "return_url": "http://127.0.0.1:8000/"})
    made = await kit.api("POST", "/v1/refunds", {"payment_intent": intent["id"]})
    await kit.deliver_all("refund.created")
    event = (await events_about(kit, made["id"]))[0]
    assert await reason_of(kit, event["id"]) == ("IGNORED", "It carries none of this shop's metadata.")
    for number, gone in enumerate(("re_gone", "ch_gone")):
        kind = "refund.created" if gone.startswith("re") else "charge.refunded"
        other: dict[str, Any] = {**event, "id": f"evt_gone{number}", "type": kind, "data": {"object": {"id": gone}}}
        assert await kit.deliver(other) == 200
        await kit.process()
        assert await reason_of(kit, other["id"]) == ("IGNORED", "Stripe has no such object in this account.")
    assert await kit.count("SELECT count(*) FROM refund") == 0
