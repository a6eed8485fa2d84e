"""Answers to disputes: the packet from the order's records, saved, sent once, accepted; and what is lost on the way."""

from datetime import timedelta
from typing import Any

import pytest

from dispute_kit import charge_of, dispute_charge, stored
from flows.fault_kit import AFTER, recover_until_rest
from money_probe import arm, broken_rules, calls, nothing_changes, rows
from refund_kit import STAFF, paid_order
from shop_kit import WORKER, Kit
from vivr.caller import Caller
from vivr.clock import SetClock
from vivr.disputes.model import Dispute
from vivr.disputes.watch_deadlines import watch_deadlines
from vivr.errors import Conflict, Forbidden, InvalidInput, NotFound
from vivr.ids import DisputeId, RequestId
from vivr.orders.model import Order, OrderState

UPDATE = "POST /v1/disputes/{id}"
CLOSE = "POST /v1/disputes/{id}/close"
SUPPORT = Caller("staff:per_su", "support", RequestId("req_support"))
VIEWER = Caller("staff:per_vi", "viewer", RequestId("req_viewer"))


pytestmark = pytest.mark.set_clock(STRIPE_MAX_RETRIES="0")


async def disputed(kit: Kit) -> tuple[Order, Dispute]:
    """A paid order that is disputed."""
    order, _ = await paid_order(kit)
    return order, await stored(kit, await dispute_charge(kit, await charge_of(kit, order.id)))


async def at_stripe(kit: Kit, dispute: Dispute) -> dict[str, Any]:
    """The dispute as Stripe has it."""
    return await kit.api("GET", f"/v1/disputes/{dispute.stripe_id}")


async def test_evidence_is_composed_saved_and_sent_once(kit: Kit) -> None:
    order, dispute = await disputed(kit)
    await kit.shop.save_evidence(SUPPORT, dispute.id, {"shipping_carrier": "La Poste"}, submit=False)
    found = await at_stripe(kit, dispute)
    assert (found["status"], found["evidence_details"]["submission_count"]) == ("needs_response", 0)
    evidence = found["evidence"]
    assert evidence["shipping_carrier"] == "La Poste"
    assert (evidence["customer_name"], evidence["customer_email_address"]) == ("Anna Martin", "anna@example.com")
    assert "69001 Lyon" in evidence["shipping_address"]
    assert evidence["product_description"].startswith("1 × bol: 24.90 EUR")
    assert "order paid (payment_captured)" in evidence["uncategorized_text"]
    assert order.shown_number in evidence["uncategorized_text"]
    await kit.shop.save_evidence(SUPPORT, dispute.id, {"shipping_carrier": "DHL"}, submit=False)
    await kit.shop.save_evidence(SUPPORT, dispute.id, {"shipping_carrier": "DHL"}, submit=True)
    found = await at_stripe(kit, dispute)
    assert (found["status"], found["evidence_details"]["submission_count"]) == ("under_review", 1)
    assert found["evidence"]["shipping_carrier"] == "DHL"
    known = await stored(kit, dispute.stripe_id)
    assert (known.state, known.submissions, known.alert_at) == ("under_review", 1, None)
    async with nothing_changes(kit):
        for submit in (True, False):
            with pytest.raises(Conflict, match="evidence_already_submitted"):
                await kit.shop.save_evidence(SUPPORT, dispute.id, {}, submit=submit)
        with pytest.raises(Conflict, match="evidence_already_submitted"):
            await kit.shop.accept_dispute(STAFF, dispute.id)
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("fault", AFTER, ids=str)
async def test_evidence_whose_answer_was_lost_is_sent_once(kit: Kit, clock: SetClock, fault: dict[str, Any]) -> None:
    _, dispute = await disputed(kit)
    await arm(kit, route="POST /v1/disputes/*", **fault)
    await kit.shop.save_evidence(SUPPORT, dispute.id, {"uncategorized_text": "Once."}, submit=True)
    for act in (
        kit.shop.save_evidence(SUPPORT, dispute.id, {}, submit=True),
        kit.shop.save_evidence(SUPPORT, dispute.id, {}, submit=False),
        kit.shop.accept_dispute(STAFF, dispute.id),
    ):
        with pytest.raises(Conflict, match=r"operation_in_progress|evidence_already_submitted"):
            await act
    await recover_until_rest(kit, clock)
    await kit.deliver_all()
    found = await at_stripe(kit, dispute)
    assert (found["status"], found["evidence_details"]["submission_count"]) == ("under_review", 1)
    assert (await calls(kit, UPDATE))[1] == 1
    assert await rows(kit, "SELECT outcome FROM operation WHERE kind = 'submit_evidence'") == [{"outcome": "succeeded"}]
    assert await broken_rules(kit) == {}


async def test_an_accepted_dispute_is_lost_at_once(kit: Kit) -> None:
    order, dispute = await disputed(kit)
    for caller in (SUPPORT, VIEWER):
        async with nothing_changes(kit):
            with pytest.raises(Forbidden):
                await kit.shop.accept_dispute(caller, dispute.id)
    await kit.shop.save_evidence(SUPPORT, dispute.id, {"uncategorized_text": "A draft."}, submit=False)
    await kit.shop.accept_dispute(STAFF, dispute.id)
    assert (await stored(kit, dispute.stripe_id)).state == "lost"
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    # What staff wrote is not kept longer than it is needed.
    assert await kit.count("SELECT count(*) FROM dispute_evidence") == 0
    async with nothing_changes(kit):
        await kit.deliver_all()
        with pytest.raises(Conflict, match="dispute_not_open"):
            await kit.shop.accept_dispute(STAFF, dispute.id)
    assert await broken_rules(kit) == {}


async def test_an_acceptance_whose_answer_was_lost_is_found(kit: Kit, clock: SetClock) -> None:
    order, dispute = await disputed(kit)
    await arm(kit, route="POST /v1/disputes/*/close", **AFTER[0])
    await kit.shop.accept_dispute(STAFF, dispute.id)
    clock.advance(hours=21)
    await recover_until_rest(kit, clock)
    await kit.deliver_all()
    assert (await calls(kit, CLOSE))[1] == 1
    assert await rows(kit, "SELECT outcome FROM operation WHERE kind = 'accept_dispute'") == [{"outcome": "succeeded"}]
    assert (await kit.order(order.id)).state == OrderState.REFUNDED
    assert await broken_rules(kit) == {}


async def test_who_may_not_and_what_is_too_long_changes_nothing(kit: Kit) -> None:
    _, dispute = await disputed(kit)
    async with nothing_changes(kit):
        with pytest.raises(Forbidden):
            await kit.shop.save_evidence(VIEWER, dispute.id, {}, submit=True)
        with pytest.raises(NotFound, match="dispute_not_found"):
            await kit.shop.save_evidence(SUPPORT, DisputeId("dsp_none"), {}, submit=True)
        with pytest.raises(InvalidInput) as refused:
            await kit.shop.save_evidence(SUPPORT, dispute.id, {"uncategorized_text": "x" * 15_001}, submit=True)
    assert refused.value.fields == {"uncategorized_text": "too_long"}


async def test_staff_is_reminded_once_at_each_step_and_never_after_the_answer(kit: Kit, clock: SetClock) -> None:
    _, dispute = await disputed(kit)
    assert dispute.due_at is not None
    told: list[int] = []
    for days in (8, 7, 6, 2, 1):
        clock.time = dispute.due_at - timedelta(days=days) + timedelta(seconds=1)
        told.append(await watch_deadlines(kit.shop.database, clock, WORKER))
        assert await watch_deadlines(kit.shop.database, clock, WORKER) == 0
    assert told == [0, 1, 0, 1, 1]
    mails = await rows(kit, "SELECT subject_id FROM email_message WHERE kind = 'dispute_deadline_staff' ORDER BY id")
    assert [mail["subject_id"] for mail in mails] == [f"{dispute.id}:{days}" for days in (7, 2, 1)]
    assert await kit.count("SELECT count(*) FROM audit_row WHERE action = 'dispute.deadline_near'") == 3
