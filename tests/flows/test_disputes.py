"""Disputes from end to end: won, lost, in parts, turned, beside refunds, and on money that settles no order."""

from itertools import permutations

import pytest

from books_kit import books
from books_kit import standing as books_standing
from dispute_kit import (
    DISPUTE_EVENTS,
    bank,
    charge_of,
    decide,
    dispute_charge,
    dispute_sums,
    disputes_at_stripe,
    stored,
)
from money_probe import (
    broken_rules,
    calls,
    cancel_here_alone,
    control,
    named_intent,
    nothing_changes,
    open_checkout,
    pay_by_debit,
    pay_intent,
    reason_of,
    rows,
    standing,
)
from refund_kit import balances, paid_order, payment_sums, refund, refund_at_stripe
from shop_kit import Kit
from vivr.errors import Conflict, Refusal
from vivr.orders.model import OrderState
from vivr.refunds.model import RefundState, Wish

SOLD = {"sales": -2075, "shipping_sales": -408, "vat_payable": -497}
SALE = {**SOLD, "fx_clearing": 2980}
DISPUTED_DEBIT = "DE35370400440532013002"


async def test_a_dispute_holds_the_order_until_it_is_won(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    dispute = await dispute_charge(kit, await charge_of(kit, order.id))
    held = await kit.order(order.id)
    assert (held.state, held.state_before) == (OrderState.DISPUTED, OrderState.PAID)
    known = await stored(kit, dispute)
    assert (known.state, known.is_withdrawn, known.order_id) == ("needs_response", True, order.id)
    assert known.due_at is not None
    assert await dispute_sums(kit, order.id) == (2980, 0)
    assert await balances(kit) == {**SOLD, "disputed_funds": 2980}
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="payment_disputed"):
            await refund(kit, order.id)
    await decide(kit, dispute, "win")
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await dispute_sums(kit, order.id) == (0, 0)
    assert await balances(kit) == SALE
    async with nothing_changes(kit):
        await kit.deliver_all()
    await refund(kit, order.id)
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    assert await broken_rules(kit) == {}


async def test_a_lost_dispute_is_a_loss_and_one_that_turns_is_none(kit: Kit) -> None:
    order, product = await paid_order(kit)
    dispute = await dispute_charge(kit, await charge_of(kit, order.id))
    await decide(kit, dispute, "lose")
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    assert await dispute_sums(kit, order.id) == (0, 2980)
    assert await balances(kit) == {**SOLD, "dispute_losses": 2980}
    assert await broken_rules(kit) == {}
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="refund_nothing_left"):
            await refund(kit, order.id)
    await decide(kit, dispute, "reverse")
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await dispute_sums(kit, order.id) == (0, 0)
    assert await balances(kit) == SALE
    assert await kit.stock(product) == (9, 0)
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("acts", [["win"], ["lose", "reverse"]], ids="-".join)
async def test_what_a_bank_keeps_of_what_it_gives_back_is_lost(kit: Kit, acts: list[str]) -> None:
    order, _ = await paid_order(kit)
    dispute = await dispute_charge(kit, await charge_of(kit, order.id))
    for act in acts[:-1]:
        await decide(kit, dispute, act)
    await decide(kit, dispute, acts[-1], amount=2000)
    known = await stored(kit, dispute)
    assert (known.state, known.is_reinstated, known.kept_minor, known.loss_minor) == ("won", True, 980, 980)
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await dispute_sums(kit, order.id) == (0, 980)
    assert await balances(kit) == {**SOLD, "fx_clearing": 2000, "dispute_losses": 980}
    async with nothing_changes(kit):
        await kit.deliver_all()
        with pytest.raises(Refusal, match="refund_over_remaining"):
            await refund(kit, order.id, Wish(amount_minor=2001))
    # Stripe's balance says the same: nothing is left that waits for its movement.
    await control(kit, "POST", "clock", {"advance_s": 10})
    await books(kit)
    assert "fx_clearing EUR" not in await books_standing(kit)
    assert await broken_rules(kit) == {}


async def test_two_disputes_of_one_charge_are_two_and_the_order_waits_for_both(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    charge = await charge_of(kit, order.id)
    first = await dispute_charge(kit, charge, amount=1000)
    second = await dispute_charge(kit, charge, amount=500)
    assert await dispute_sums(kit, order.id) == (1500, 0)
    await decide(kit, first, "lose")
    assert (await kit.order(order.id)).state == OrderState.DISPUTED
    assert await dispute_sums(kit, order.id) == (500, 1000)
    await decide(kit, second, "win")
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await dispute_sums(kit, order.id) == (0, 1000)
    assert await balances(kit) == {**SALE, "fx_clearing": 1980, "dispute_losses": 1000}
    # What was lost can't be given back as well.
    async with nothing_changes(kit):
        with pytest.raises(Refusal, match="refund_over_remaining"):
            await refund(kit, order.id, Wish(amount_minor=1981))
    assert await broken_rules(kit) == {}


async def test_an_inquiry_moves_nothing_until_it_becomes_a_chargeback(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    charge = await charge_of(kit, order.id)
    inquiry = await dispute_charge(kit, charge, inquiry=True)
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert (await stored(kit, inquiry)).state == "warning_needs_response"
    assert await balances(kit) == SALE
    await decide(kit, inquiry, "escalate")
    assert (await kit.order(order.id)).state == OrderState.DISPUTED
    assert await dispute_sums(kit, order.id) == (2980, 0)
    assert await broken_rules(kit) == {}


async def test_an_inquiry_that_ends_changes_nothing(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    inquiry = await dispute_charge(kit, await charge_of(kit, order.id), inquiry=True)
    await decide(kit, inquiry, "close")
    assert (await stored(kit, inquiry)).state == "warning_closed"
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await balances(kit) == SALE
    assert await broken_rules(kit) == {}


async def test_a_disputed_debit_is_lost_at_once(kit: Kit) -> None:
    order, link, _ = await open_checkout(kit)
    await pay_by_debit(kit, link.url, DISPUTED_DEBIT)
    found = await rows(kit, "SELECT session_id FROM payment")
    session = await kit.api("GET", f"/v1/checkout/sessions/{found[0]['session_id']}")
    await bank(kit, session["payment_intent"], "settle")
    await kit.deliver_all()
    charge = await charge_of(kit, order.id)
    if not await disputes_at_stripe(kit, charge):
        await dispute_charge(kit, charge)
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    assert await dispute_sums(kit, order.id) == (0, 2980)
    assert await broken_rules(kit) == {}


async def test_a_refund_and_a_lost_dispute_are_one_exception(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    charge = await charge_of(kit, order.id)
    await refund(kit, order.id, Wish(amount_minor=1000))
    # An older refund is not recalled when the chargeback comes.
    await control(kit, "POST", "clock", {"advance_s": 3600})
    dispute = await dispute_charge(kit, charge)
    await decide(kit, dispute, "lose")
    assert await dispute_sums(kit, order.id) == (0, 2980)
    assert (await payment_sums(kit, order.id))[1] == 1000
    held = await rows(kit, "SELECT kind, amount_minor, object_id, state FROM money_exception")
    assert held == [{"kind": "double_loss", "amount_minor": 1000, "object_id": charge, "state": "open"}]
    async with nothing_changes(kit):
        await kit.deliver_all()
    assert await broken_rules(kit) == {}
    # A bank that changes its mind ends it; what it takes a second time opens it again.
    await decide(kit, dispute, "reverse")
    ended = await rows(kit, "SELECT state, resolution, note FROM money_exception")
    assert [(one["state"], one["resolution"]) for one in ended] == [("resolved", "acknowledged")]
    assert "a dispute turned" in ended[0]["note"]
    assert await broken_rules(kit) == {}
    again = await dispute_charge(kit, charge, amount=2500)
    await decide(kit, again, "lose")
    held = await rows(kit, "SELECT amount_minor, state, rounds FROM money_exception")
    assert held == [{"amount_minor": 520, "state": "open", "rounds": 1}]
    assert await broken_rules(kit) == {}


async def test_a_refund_that_was_on_its_way_is_recalled_by_the_dispute(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    made = await refund(kit, order.id)
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    await dispute_charge(kit, await charge_of(kit, order.id))
    found = await rows(kit, "SELECT state, failure_code FROM refund WHERE id = %(id)s", id=made.id)
    assert found == [{"state": RefundState.FAILED, "failure_code": "charge_for_pending_refund_disputed"}]
    assert (await kit.order(order.id)).state == OrderState.DISPUTED
    assert await payment_sums(kit, order.id) == (2980, 0, 0)
    assert await broken_rules(kit) == {}


async def test_a_dispute_of_money_that_settles_no_order_moves_no_order(kit: Kit) -> None:
    order, link, _ = await open_checkout(kit)
    await cancel_here_alone(kit)
    await kit.pay(link.url)
    await kit.deliver_all()
    charge = (await rows(kit, "SELECT charge_id FROM payment"))[0]["charge_id"]
    assert await balances(kit) == {"fx_clearing": 2980, "held_for_customers": -2980}
    dispute = await dispute_charge(kit, charge)
    await decide(kit, dispute, "lose")
    assert (await kit.order(order.id)).state == OrderState.CANCELLED
    # The money was owed to its customer all along: the bank gave it back, and nothing is lost.
    assert await balances(kit) == {}
    assert await dispute_sums(kit, order.id) == (0, 2980)
    assert await broken_rules(kit) == {}
    await decide(kit, dispute, "reverse")
    assert await balances(kit) == {"fx_clearing": 2980, "held_for_customers": -2980}
    assert await broken_rules(kit) == {}


async def test_what_a_bank_keeps_of_held_money_is_owed_no_more(kit: Kit) -> None:
    _, link, _ = await open_checkout(kit)
    await cancel_here_alone(kit)
    await kit.pay(link.url)
    await kit.deliver_all()
    charge = (await rows(kit, "SELECT charge_id FROM payment"))[0]["charge_id"]
    dispute = await dispute_charge(kit, charge)
    await decide(kit, dispute, "lose")
    assert (await rows(kit, "SELECT state FROM money_exception")) == [{"state": "resolved"}]
    await decide(kit, dispute, "reverse", amount=2000)
    assert await balances(kit) == {"fx_clearing": 2000, "held_for_customers": -2000}
    # What came back is held again, for its customer.
    held = await rows(kit, "SELECT state, returned_minor FROM money_exception")
    assert held == [{"state": "open", "returned_minor": 980}]
    assert await broken_rules(kit) == {}


async def test_stray_money_that_is_given_back_and_lost_as_well_is_one_exception(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    stray = await pay_intent(kit, await named_intent(kit, order.id))
    await kit.deliver_all()
    await kit.api("POST", "/v1/refunds", {"payment_intent": stray["id"], "amount": "1000"})
    await control(kit, "POST", "clock", {"advance_s": 3600})
    dispute = await dispute_charge(kit, stray["latest_charge"], amount=stray["amount"])
    await decide(kit, dispute, "lose")
    found = "SELECT kind, amount_minor, object_id, order_id, payment_id, state FROM money_exception"
    told = {
        "kind": "double_loss",
        "amount_minor": 1000,
        "object_id": stray["latest_charge"],
        "order_id": order.id,
        "payment_id": None,
        "state": "open",
    }
    assert await rows(kit, found + " WHERE kind = 'double_loss'") == [told]
    async with nothing_changes(kit):
        await kit.deliver_all()
    assert await broken_rules(kit) == {}
    await decide(kit, dispute, "reverse")
    assert await rows(kit, found + " WHERE kind = 'double_loss'") == [told | {"state": "resolved"}]
    assert await broken_rules(kit) == {}


async def test_a_dispute_of_a_stray_payment_is_booked_without_one(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    stray = await pay_intent(kit, await named_intent(kit, order.id))
    await kit.deliver_all()
    dispute = await dispute_charge(kit, stray["latest_charge"])
    known = await stored(kit, dispute)
    assert (known.payment_id, known.order_id, known.state) == (None, order.id, "needs_response")
    await decide(kit, dispute, "lose")
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await dispute_sums(kit, order.id) == (0, 0)
    assert await balances(kit) == SALE
    await decide(kit, dispute, "reverse")
    assert await balances(kit) == {**SALE, "fx_clearing": 5960, "held_for_customers": -2980}
    assert await broken_rules(kit) == {}


async def test_a_dispute_of_somebody_elses_charge_is_none_of_ours(kit: Kit) -> None:
    intent = await pay_intent(
        kit,
        {"amount": "900", "currency": "eur", "confirm": "true", "payment_method": "pm_card_createDispute"}
        | {"return_url": "http://127.0.0.1:8000/"},
    )
    del intent
    await kit.deliver_all()
    created = (await kit.events("charge.dispute.created"))[0]
    assert await reason_of(kit, created["id"]) == ("IGNORED", "It carries none of this shop's metadata.")
    assert await kit.count("SELECT count(*) FROM dispute") == 0


async def test_all_waiting_events_of_a_dispute_are_served_by_one_read(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    charge = await charge_of(kit, order.id)
    await bank(kit, charge, "dispute")
    await bank(kit, (await disputes_at_stripe(kit, charge))[0]["id"], "lose")
    events = await kit.events(*DISPUTE_EVENTS)
    assert len(events) == 3
    for event in events:
        assert await kit.deliver(event) == 200
    before = (await calls(kit, "GET /v1/disputes"))[0]
    await kit.process()
    assert (await calls(kit, "GET /v1/disputes"))[0] - before == 1
    assert (await kit.order(order.id)).state == OrderState.REFUNDED


async def test_the_events_of_a_dispute_come_to_the_same_in_any_order(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    charge = await charge_of(kit, order.id)
    await bank(kit, charge, "dispute")
    await bank(kit, (await disputes_at_stripe(kit, charge))[0]["id"], "lose")
    await bank(kit, (await disputes_at_stripe(kit, charge))[0]["id"], "reverse")
    events = await kit.events("charge.dispute.created", "charge.dispute.funds_reinstated", "charge.dispute.closed")
    seen: list[object] = []
    for story in permutations(events[:3]):
        for event in (*story, story[0]):
            await kit.deliver(event)
            await kit.process()
        seen.append(await standing(kit))
        assert (await kit.order(order.id)).state == OrderState.PAID
    assert all(one == seen[0] for one in seen)
    assert await broken_rules(kit) == {}


async def test_a_refund_made_at_stripe_beside_a_dispute_is_one_story(kit: Kit) -> None:
    order, _ = await paid_order(kit)
    charge = await charge_of(kit, order.id)
    inquiry = await dispute_charge(kit, charge, inquiry=True)
    await refund_at_stripe(kit, order.id, 980)
    await kit.deliver_all()
    assert (await payment_sums(kit, order.id))[1] == 980
    await decide(kit, inquiry, "close")
    assert (await kit.order(order.id)).state == OrderState.PAID
    assert await broken_rules(kit) == {}
