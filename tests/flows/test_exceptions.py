"""Held money goes back whole or settles an order, once, by a named word or by the rule; the books follow each cent."""

import pytest

from exception_kit import (
    SUPPORT,
    VIEWER,
    acts,
    deliver_refunds,
    doubled_money,
    held_in_ledger,
    kinds_of_mail,
    late_money,
    pay_beside,
    refunds_at_stripe,
    the_exception,
    unknown_money,
    wait_a_day,
)
from money_probe import broken_rules, deliver_about, nothing_changes, open_checkout, rows, run
from refund_kit import OTHER_STAFF, STAFF, balances, refund
from shop_kit import GUEST, WORKER, Kit, open_kit
from vivr.errors import Conflict, Forbidden, InvalidInput, NotFound
from vivr.money import Money
from vivr.money_exceptions.model import Kind
from vivr.money_exceptions.record_exception import MisfitMoney, record_exception
from vivr.operations.model import StripeScope
from vivr.orders.model import OrderState


async def test_late_money_is_given_back_whole_to_where_it_came_from(kit: Kit) -> None:
    order, product = await late_money(kit)
    held = await the_exception(kit)
    assert (held.kind, held.state, held.held) == ("late", "open", Money(2980, "EUR"))
    assert await held_in_ledger(kit) == 2980
    given = await kit.shop.give_back(SUPPORT, held.id)
    assert (given.state, given.resolution, given.resolved_by) == ("resolved", "refunded", SUPPORT.actor)
    assert [made["amount"] for made in await refunds_at_stripe(kit, held.object_id)] == [2980]
    assert await balances(kit) == {}
    assert (await kit.order(order.id)).state == OrderState.CANCELLED
    assert await kit.stock(product) == (10, 0)
    assert await acts(kit) == [
        ("recorded", "system:worker"),
        ("giving_back", SUPPORT.actor),
        ("refunded", SUPPORT.actor),
    ]
    await deliver_refunds(kit, held.object_id)
    assert await kinds_of_mail(kit) == ["money_exception_staff", "held_refunded"]
    assert await broken_rules(kit) == {}


async def test_giving_back_again_gives_back_nothing_more(kit: Kit) -> None:
    await late_money(kit)
    held = await the_exception(kit)
    first = await kit.shop.give_back(SUPPORT, held.id)
    async with nothing_changes(kit):
        assert await kit.shop.give_back(STAFF, held.id) == first
    assert len(await refunds_at_stripe(kit, held.object_id)) == 1


async def test_accepted_late_money_pays_a_new_order_from_the_frozen_lines(kit: Kit) -> None:
    cancelled, product = await late_money(kit)
    await run(kit, "UPDATE product_price SET amount_minor = 9900")
    held = await the_exception(kit)
    accepted = await kit.shop.accept_money(SUPPORT, held.id)
    assert (accepted.resolution, accepted.resolved_by) == ("accepted", SUPPORT.actor)
    assert accepted.accepted_order_id not in {None, cancelled.id}
    assert accepted.accepted_order_id is not None
    placed = await kit.order(accepted.accepted_order_id)
    assert (placed.state, placed.total_minor, placed.principal) == (OrderState.PAID, 2980, GUEST.actor)
    assert (await kit.order(cancelled.id)).state == OrderState.CANCELLED
    assert await kit.stock(product) == (9, 0)
    assert await balances(kit) == {"fx_clearing": 2980, "sales": -2075, "shipping_sales": -408, "vat_payable": -497}
    assert await rows(kit, "SELECT order_id, settles FROM payment") == [{"order_id": placed.id, "settles": True}]
    assert await rows(kit, "SELECT actor FROM order_history WHERE to_state = 'PAID'") == [{"actor": SUPPORT.actor}]
    assert await kinds_of_mail(kit) == ["money_exception_staff", "order_confirmation"]
    assert await kit.count("SELECT count(*) FROM order_contact WHERE order_id = %(id)s", id=placed.id) == 1
    assert await broken_rules(kit) == {}
    async with nothing_changes(kit):
        assert await kit.shop.accept_money(STAFF, held.id) == accepted
        with pytest.raises(Conflict, match="exception_resolved"):
            await kit.shop.give_back(STAFF, held.id)


async def test_an_accepted_order_is_refunded_like_any_other(kit: Kit) -> None:
    await late_money(kit)
    accepted = await kit.shop.accept_money(SUPPORT, (await the_exception(kit)).id)
    assert accepted.accepted_order_id is not None
    await refund(kit, accepted.accepted_order_id)
    await deliver_refunds(kit, accepted.object_id)
    assert (await kit.order(accepted.accepted_order_id)).state == OrderState.REFUNDED
    assert (await the_exception(kit)).resolution == "accepted"
    assert await balances(kit) == {}
    assert await broken_rules(kit) == {}


async def test_late_money_for_goods_that_are_gone_is_oversold_and_stock_never_goes_below_zero(kit: Kit) -> None:
    order, link, product = await open_checkout(kit, stock=1)
    await run(
        kit,
        """
        WITH freed AS (UPDATE stock_reservation SET state = 'FREED'), ended AS (UPDATE payment SET state = 'CANCELLED'),
        given AS (UPDATE product SET stock_reserved = 0, stock_on_hand = 0),
        moved AS (UPDATE orders SET state = 'CANCELLED' RETURNING id)
        INSERT INTO order_history (order_id, from_state, to_state, reason, actor, request_id, at)
        SELECT id, 'PENDING', 'CANCELLED', 'as if', 'system:test', 'req_test', now() FROM moved
        """,
    )
    await kit.pay(link.url)
    await kit.deliver_all()
    held = await the_exception(kit)
    assert (held.kind, held.order_id) == ("oversold", order.id)
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="insufficient_stock"):
            await kit.shop.accept_money(SUPPORT, held.id)
    await run(kit, "UPDATE product SET stock_on_hand = 1")
    await kit.shop.accept_money(SUPPORT, held.id)
    assert await kit.stock(product) == (0, 0)
    assert await broken_rules(kit) == {}


async def test_the_second_of_two_payments_can_only_go_back(kit: Kit) -> None:
    order, _ = await doubled_money(kit)
    held = await the_exception(kit)
    assert held.kind == "twice"
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="accept_twice"):
            await kit.shop.accept_money(SUPPORT, held.id)
    await kit.shop.give_back(SUPPORT, held.id)
    assert await rows(kit, "SELECT reason FROM refund") == [{"reason": "duplicate"}]
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await held_in_ledger(kit) == 0
    assert await broken_rules(kit) == {}


async def test_the_rule_gives_late_and_doubled_money_back_after_its_delay_and_not_before(kit: Kit) -> None:
    await doubled_money(kit)
    held = await the_exception(kit)
    assert await kit.shop.apply_exception_rule(WORKER) == 0
    await wait_a_day(kit)
    assert await kit.shop.apply_exception_rule(WORKER) == 1
    assert await kit.shop.apply_exception_rule(WORKER) == 0
    given = await the_exception(kit)
    assert (given.resolution, given.resolved_by) == ("refunded", WORKER.actor)
    assert [made["amount"] for made in await refunds_at_stripe(kit, held.object_id)] == [2980]
    assert ("giving_back", WORKER.actor) in await acts(kit)
    assert await broken_rules(kit) == {}


async def test_the_rule_never_gives_back_what_is_not_late_or_doubled(kit: Kit) -> None:
    intent_id = await unknown_money(kit)
    order, _, _ = await open_checkout(kit)
    await pay_beside(kit, order)
    await pay_beside(kit, order, amount="700")
    await wait_a_day(kit)
    assert await kit.shop.apply_exception_rule(WORKER) == 0
    assert await refunds_at_stripe(kit, intent_id) == []
    assert await kit.count("SELECT count(*) FROM money_exception WHERE state = 'open'") == 3


async def test_the_rule_can_be_told_to_hold_and_waits_while_the_money_is_disputed(
    kit: Kit, database_url: str, sandbox_url: str
) -> None:
    await late_money(kit)
    await wait_a_day(kit)
    async with open_kit(database_url, sandbox_url, EXCEPTION_POLICY="hold") as holding:
        assert await holding.shop.apply_exception_rule(WORKER) == 0
    await run(kit, "UPDATE payment SET disputed_minor = 2980")
    assert await kit.shop.apply_exception_rule(WORKER) == 1
    held = await the_exception(kit)
    assert (held.state, held.rule_tries) == ("open", 1)
    with pytest.raises(Conflict, match="payment_disputed"):
        await kit.shop.give_back(SUPPORT, held.id)
    with pytest.raises(Conflict, match="accept_partly_returned"):
        await kit.shop.accept_money(SUPPORT, held.id)
    assert await kit.shop.apply_exception_rule(WORKER) == 0


async def test_money_of_an_unknown_order_is_given_back_by_a_named_word_alone(kit: Kit) -> None:
    intent_id = await unknown_money(kit)
    held = await the_exception(kit)
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="accept_unknown_order"):
            await kit.shop.accept_money(SUPPORT, held.id)
    given = await kit.shop.give_back(SUPPORT, held.id)
    assert (given.state, given.resolution, given.resolved_by) == ("resolved", "refunded", SUPPORT.actor)
    assert [made["amount"] for made in await refunds_at_stripe(kit, intent_id)] == [2980]
    assert await rows(kit, "SELECT kind, intent, outcome FROM operation WHERE intent LIKE 'exception%%'") == [
        {"kind": "refund_held", "intent": f"exception:{held.id}:1", "outcome": "succeeded"}
    ]
    await deliver_refunds(kit, intent_id)
    assert await balances(kit) == {}
    assert await kit.count("SELECT count(*) FROM ledger_entry WHERE kind = 'refund'") == 1
    assert await broken_rules(kit) == {}


async def test_the_right_sum_that_came_another_way_pays_its_order_by_a_named_word(kit: Kit) -> None:
    order, link, product = await open_checkout(kit)
    intent_id = await pay_beside(kit, order)
    held = await the_exception(kit)
    accepted = await kit.shop.accept_money(SUPPORT, held.id)
    assert (accepted.resolution, accepted.accepted_order_id) == ("accepted", order.id)
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await kit.stock(product) == (9, 0)
    assert await broken_rules(kit) == {}
    await deliver_about(kit, intent_id)
    await kit.pay(link.url)
    await kit.deliver_all()
    kinds = await rows(kit, "SELECT kind, state FROM money_exception ORDER BY created_at")
    assert kinds == [{"kind": "stray", "state": "resolved"}, {"kind": "twice", "state": "open"}]
    await kit.api("POST", "/v1/refunds", {"payment_intent": intent_id})
    await deliver_refunds(kit, intent_id)
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    assert await broken_rules(kit) == {}


async def test_another_sum_is_never_accepted(kit: Kit) -> None:
    order, _, _ = await open_checkout(kit)
    await pay_beside(kit, order, amount="2979")
    held = await the_exception(kit)
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="accept_wrong_amount"):
            await kit.shop.accept_money(SUPPORT, held.id)


async def test_money_of_another_customer_is_accepted_by_a_named_word(kit: Kit) -> None:
    order, _, _ = await open_checkout(kit)
    await pay_beside(kit, order, customer="")
    held = await the_exception(kit)
    assert held.kind == "wrong_customer"
    await kit.shop.accept_money(SUPPORT, held.id)
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("beside", [False, True])
async def test_above_the_limit_two_have_to_agree(database_url: str, sandbox_url: str, *, beside: bool) -> None:
    async with open_kit(database_url, sandbox_url, REFUND_APPROVAL_AMOUNT="20") as kit:
        intent_id = await unknown_money(kit) if beside else None
        if not beside:
            await late_money(kit)
        held = await the_exception(kit)
        await kit.shop.give_back(STAFF, held.id)
        assert await refunds_at_stripe(kit, intent_id or held.object_id) == []
        with pytest.raises(Conflict, match="refund_needs_another"):
            await kit.shop.give_back(STAFF, held.id)
        with pytest.raises(Forbidden, match="refund_needs_approver"):
            await kit.shop.give_back(SUPPORT, held.id)
        given = await kit.shop.give_back(OTHER_STAFF, held.id)
        assert given.resolution == "refunded"
        assert len(await refunds_at_stripe(kit, intent_id or held.object_id)) == 1


async def test_a_declined_second_word_opens_the_exception_again(database_url: str, sandbox_url: str) -> None:
    async with open_kit(database_url, sandbox_url, REFUND_APPROVAL_AMOUNT="20") as kit:
        await late_money(kit)
        held = await kit.shop.give_back(STAFF, (await the_exception(kit)).id)
        assert (held.state, held.refund_id is None) == ("resolving", False)
        assert held.refund_id is not None
        await kit.shop.decline_refund(OTHER_STAFF, held.refund_id)
        assert (await the_exception(kit)).state == "open"
        await kit.shop.accept_money(SUPPORT, held.id)
        assert await broken_rules(kit) == {}


async def test_nobody_decides_without_the_right_to(kit: Kit) -> None:
    await late_money(kit)
    held = await the_exception(kit)
    async with nothing_changes(kit):
        for caller in (VIEWER, GUEST):
            with pytest.raises(Forbidden):
                await kit.shop.give_back(caller, held.id)
            with pytest.raises(Forbidden):
                await kit.shop.accept_money(caller, held.id)
        with pytest.raises(Forbidden):
            await kit.shop.accept_money(WORKER, held.id)
        with pytest.raises(NotFound, match="exception_not_found"):
            await kit.shop.give_back(SUPPORT, "exc_nothing")


async def test_what_holds_no_money_is_acknowledged_with_a_reason_and_nothing_else(kit: Kit) -> None:
    misfit = MisfitMoney(
        scope=StripeScope("acct_1", livemode=False),
        object_id="ch_1",
        kind=Kind.DOUBLE_LOSS,
        brought=Money(2980, "EUR"),
        expected=None,
        order_id=None,
        payment_id=None,
        charge_id=None,
        is_captured=False,
        explanation="Refunded and lost.",
    )
    async with kit.shop.database.transaction() as tx:
        assert await record_exception(tx, WORKER, kit.shop.clock.now(), misfit)
        assert not await record_exception(tx, WORKER, kit.shop.clock.now(), misfit)
    held = await the_exception(kit)
    assert held.held == Money(0, "EUR")
    async with nothing_changes(kit):
        for act in (kit.shop.give_back, kit.shop.accept_money):
            with pytest.raises(Conflict, match="exception_nothing_held"):
                await act(SUPPORT, held.id)
        with pytest.raises(InvalidInput):
            await kit.shop.acknowledge(SUPPORT, held.id, "  ")
        with pytest.raises(Forbidden):
            await kit.shop.acknowledge(VIEWER, held.id, "seen")
    ended = await kit.shop.acknowledge(SUPPORT, held.id, " The bank keeps it. ")
    assert (ended.resolution, ended.note, ended.resolved_by) == ("acknowledged", "The bank keeps it.", SUPPORT.actor)
    with pytest.raises(Conflict, match="exception_resolved"):
        await kit.shop.acknowledge(STAFF, held.id, "again")


async def test_held_money_is_not_acknowledged_away(kit: Kit) -> None:
    await late_money(kit)
    held = await the_exception(kit)
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="exception_money_held"):
            await kit.shop.acknowledge(SUPPORT, held.id, "never mind")
