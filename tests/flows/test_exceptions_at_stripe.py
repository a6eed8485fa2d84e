"""What Stripe does to held money is followed, whoever asked for it: released, refunded, refused, failed, captured."""

import pytest

from dispute_kit import decide, dispute_charge
from exception_kit import (
    SUPPORT,
    deliver_refunds,
    held_in_ledger,
    held_money,
    kinds_of_mail,
    late_money,
    pay_beside,
    refunds_at_stripe,
    the_exception,
    unknown_money,
    wait_a_day,
)
from money_probe import broken_rules, control, deliver_about, open_checkout, run
from refund_kit import PENDING_REFUND, STAFF, balances
from shop_kit import WORKER, Kit
from vivr.errors import Conflict, Refusal


async def test_what_is_only_authorised_is_released_and_nothing_was_taken(kit: Kit) -> None:
    order, _, _ = await open_checkout(kit)
    intent_id = await pay_beside(kit, order, capture_method="manual")
    held = await the_exception(kit)
    assert (held.captured, await held_in_ledger(kit)) == (False, 0)
    with pytest.raises(Conflict, match="accept_not_captured"):
        await kit.shop.accept_money(SUPPORT, held.id)
    released = await kit.shop.give_back(SUPPORT, held.id)
    assert (released.state, released.resolution) == ("resolved", "released")
    assert (await kit.api("GET", f"/v1/payment_intents/{intent_id}"))["status"] == "canceled"
    await deliver_about(kit, intent_id)
    assert await the_exception(kit) == released
    assert await kit.count("SELECT count(*) FROM ledger_entry") == 0


async def test_a_release_in_the_dashboard_resolves_what_was_authorised(kit: Kit) -> None:
    order, _, _ = await open_checkout(kit)
    intent_id = await pay_beside(kit, order, capture_method="manual")
    await kit.api("POST", f"/v1/payment_intents/{intent_id}/cancel")
    await deliver_about(kit, intent_id)
    held = await the_exception(kit)
    assert (held.state, held.resolution, held.resolved_by) == ("resolved", "released", "stripe")


async def test_the_rule_releases_late_money_that_is_only_authorised(kit: Kit) -> None:
    order, _, _ = await open_checkout(kit)
    intent_id = await pay_beside(kit, order, capture_method="manual")
    await run(kit, "UPDATE money_exception SET kind = 'late'")
    await wait_a_day(kit)
    assert await kit.shop.apply_exception_rule(WORKER) == 1
    assert (await the_exception(kit)).resolution == "released"
    assert (await kit.api("GET", f"/v1/payment_intents/{intent_id}"))["status"] == "canceled"


@pytest.mark.parametrize("beside", [False, True])
async def test_held_money_that_is_lost_in_a_dispute_is_not_given_back_as_well(kit: Kit, *, beside: bool) -> None:
    held = await held_money(kit, beside=beside)
    assert held.charge_id is not None
    dispute = await dispute_charge(kit, held.charge_id)
    with pytest.raises((Conflict, Refusal)):
        await kit.shop.give_back(SUPPORT, held.id)
    assert (await the_exception(kit)).state == "open"
    await decide(kit, dispute, "lose")
    lost = await the_exception(kit)
    assert (lost.resolution, lost.resolved_by, await held_in_ledger(kit)) == ("lost", "stripe", 0)
    with pytest.raises(Conflict, match="exception_resolved"):
        await kit.shop.give_back(SUPPORT, held.id)
    assert await broken_rules(kit) == {}


async def test_what_was_authorised_and_then_captured_in_part_is_held_as_what_was_captured(kit: Kit) -> None:
    order, _, _ = await open_checkout(kit)
    intent_id = await pay_beside(kit, order, capture_method="manual", amount="700")
    await kit.api("POST", f"/v1/payment_intents/{intent_id}/capture", {"amount_to_capture": "600"})
    await deliver_about(kit, intent_id)
    held = await the_exception(kit)
    assert (held.captured, held.amount_minor, await held_in_ledger(kit)) == (True, 600, 600)
    await kit.shop.give_back(SUPPORT, held.id)
    assert [made["amount"] for made in await refunds_at_stripe(kit, intent_id)] == [600]
    assert await balances(kit) == {}


@pytest.mark.parametrize("beside", [False, True])
async def test_refunds_in_the_dashboard_resolve_the_exception_when_all_is_back(kit: Kit, *, beside: bool) -> None:
    intent_id = (await held_money(kit, beside=beside)).object_id
    await kit.api("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": "980"})
    await deliver_refunds(kit, intent_id)
    held = await the_exception(kit)
    assert (held.state, held.returned_minor, await held_in_ledger(kit)) == ("open", 980, 2000)
    with pytest.raises(Conflict, match="accept_partly_returned"):
        await kit.shop.accept_money(SUPPORT, held.id)
    await kit.api("POST", "/v1/refunds", {"payment_intent": intent_id})
    for _ in range(2):
        await deliver_refunds(kit, intent_id)
    held = await the_exception(kit)
    assert (held.state, held.resolution, held.resolved_by) == ("resolved", "refunded", "stripe")
    assert (held.returned_minor, await held_in_ledger(kit)) == (2980, 0)


async def test_the_rest_of_what_was_partly_refunded_in_the_dashboard_is_given_back(kit: Kit) -> None:
    order, _, _ = await open_checkout(kit)
    intent_id = await pay_beside(kit, order)
    await kit.api("POST", "/v1/refunds", {"payment_intent": intent_id, "amount": "980"})
    await deliver_refunds(kit, intent_id)
    given = await kit.shop.give_back(SUPPORT, (await the_exception(kit)).id)
    assert given.resolution == "refunded"
    assert sorted(made["amount"] for made in await refunds_at_stripe(kit, intent_id)) == [980, 2000]


@pytest.mark.parametrize("beside", [False, True])
async def test_a_refund_that_fails_later_opens_the_exception_again_and_tells_staff(kit: Kit, *, beside: bool) -> None:
    held = await held_money(kit, beside=beside)
    await kit.shop.give_back(SUPPORT, held.id)
    (made,) = await refunds_at_stripe(kit, held.object_id)
    await control(kit, "POST", f"bank/{made['id']}/fail")
    for _ in range(2):
        await deliver_refunds(kit, held.object_id)
    opened = await the_exception(kit)
    assert (opened.state, opened.returned_minor, opened.resolution) == ("open", 0, None)
    assert await held_in_ledger(kit) == 2980
    assert (await kinds_of_mail(kit)).count("money_exception_staff") == 2
    await wait_a_day(kit)
    assert await kit.shop.apply_exception_rule(WORKER) == 0
    assert (await kit.shop.give_back(STAFF, held.id)).resolution == "refunded"
    assert len(await refunds_at_stripe(kit, held.object_id)) == 2
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("beside", [False, True])
async def test_a_refund_that_stripe_refuses_leaves_the_money_held(kit: Kit, *, beside: bool) -> None:
    if beside:
        await unknown_money(kit)
    else:
        await late_money(kit)
    held = await the_exception(kit)
    await kit.api("POST", "/v1/refunds", {"payment_intent": held.object_id, "amount": "980"})
    with pytest.raises(Refusal, match="refund_refused"):
        await kit.shop.give_back(SUPPORT, held.id)
    opened = await the_exception(kit)
    assert (opened.state, opened.rounds, await held_in_ledger(kit)) == ("open", 1, 2980)
    await deliver_refunds(kit, held.object_id)
    assert (await kit.shop.give_back(SUPPORT, held.id)).resolution == "refunded"
    assert sorted(made["amount"] for made in await refunds_at_stripe(kit, held.object_id)) == [980, 2000]
    assert await broken_rules(kit) == {}


async def test_a_pending_refund_counts_as_given_back_from_the_start(kit: Kit) -> None:
    await late_money(kit, card=PENDING_REFUND)
    given = await kit.shop.give_back(SUPPORT, (await the_exception(kit)).id)
    assert (given.resolution, given.returned_minor) == ("refunded", 2980)
    assert await broken_rules(kit) == {}
