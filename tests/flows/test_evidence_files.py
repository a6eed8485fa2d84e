"""The files of an answer to a dispute: composed from the order's records, replaced by staff's own, and sent once."""

import io
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from dispute_kit import charge_of, decide, dispute_charge, stored
from flows.fault_kit import AFTER, recover_until_rest
from money_probe import arm, broken_rules, calls, nothing_changes, rows
from refund_kit import STAFF, paid_order
from shop_kit import WORKER, Kit
from vivr.caller import Caller
from vivr.clock import SetClock
from vivr.disputes.attach_file import ShownFile, remove_file, show_file
from vivr.disputes.model import Dispute, Slot
from vivr.disputes.send_file import record_file
from vivr.errors import Conflict, Forbidden, NotFound, Refusal
from vivr.ids import DisputeId, RequestId
from vivr.operations.model import Outcome
from vivr.operations.read_operations import newest_operations
from vivr.stripe_gateway.answers import Failed

FILES = "POST /v1/files"
SUPPORT = Caller("staff:per_su", "support", RequestId("req_support"))
VIEWER = Caller("staff:per_vi", "viewer", RequestId("req_viewer"))
COMPOSED = {"receipt", "shipping_documentation", "uncategorized_file"}


pytestmark = pytest.mark.set_clock(STRIPE_MAX_RETRIES="0")


async def disputed(kit: Kit) -> Dispute:
    """The dispute of a paid order."""
    order, _ = await paid_order(kit)
    return await stored(kit, await dispute_charge(kit, await charge_of(kit, order.id)))


def picture(colour: str = "white") -> bytes:
    """A PNG."""
    drawn = io.BytesIO()
    Image.new("RGB", (20, 20), colour).save(drawn, "PNG")
    return drawn.getvalue()


async def attached(kit: Kit, dispute: Dispute) -> dict[str, str]:
    """The files that the dispute has at Stripe, by place."""
    found = await kit.api("GET", f"/v1/disputes/{dispute.stripe_id}")
    return {slot: found["evidence"][slot] for slot in Slot if found["evidence"][slot]}


async def files_at_stripe(kit: Kit) -> dict[str, str]:
    """Names of all uploaded files by id."""
    listed = await kit.api("GET", "/v1/files?purpose=dispute_evidence&limit=100")
    return {found["id"]: found["filename"] for found in listed["data"]}


async def shown_file(kit: Kit, dispute: Dispute, slot: Slot) -> ShownFile:
    """What stands in a place."""
    return await show_file(kit.shop.database, kit.shop.seals, kit.shop.sender, dispute.id, slot)


async def text_of(kit: Kit, dispute: Dispute, slot: Slot) -> str:
    """What the document in a place says."""
    shown = await shown_file(kit, dispute, slot)
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(shown.content)).pages)


async def test_the_packet_is_composed_from_the_records_and_sent_once(kit: Kit) -> None:
    dispute = await disputed(kit)
    await kit.shop.save_evidence(SUPPORT, dispute.id, {"shipping_carrier": "La Poste"}, submit=False)
    assert await files_at_stripe(kit) == {}
    await kit.shop.save_evidence(SUPPORT, dispute.id, {"shipping_carrier": "La Poste"}, submit=True)
    sent = await attached(kit, dispute)
    assert set(sent) == COMPOSED
    names = await files_at_stripe(kit)
    assert set(names) == set(sent.values())
    assert all(names[sent[slot]].startswith(f"{slot}-opr_") and names[sent[slot]].endswith(".pdf") for slot in sent)
    written = await rows(kit, "SELECT outcome, request_sealed FROM operation WHERE kind = 'upload_evidence'")
    assert written == [{"outcome": "succeeded", "request_sealed": None}] * 3
    assert await broken_rules(kit) == {}


async def test_documents_say_what_the_records_say(kit: Kit) -> None:
    dispute = await disputed(kit)
    receipt = await text_of(kit, dispute, Slot.RECEIPT)
    assert "Anna Martin" in receipt
    assert "1 × bol: 24.90 EUR" in receipt
    assert "Total, VAT included: 29.80 EUR" in receipt
    assert "payment of 29.80 EUR" in receipt
    for slot in (Slot.REFUND_POLICY, Slot.CUSTOMER_COMMUNICATION):
        with pytest.raises(NotFound, match="evidence_file_not_found"):
            await text_of(kit, dispute, slot)
    written = {"shipping_tracking_number": "8Q1234", "refund_policy_disclosure": "Shown before the payment."}
    await kit.shop.save_evidence(SUPPORT, dispute.id, written, submit=False)
    delivery = await text_of(kit, dispute, Slot.SHIPPING_DOCUMENTATION)
    assert "69001 Lyon" in delivery
    assert "Tracking number: 8Q1234" in delivery
    assert "order paid (payment_captured)" in await text_of(kit, dispute, Slot.UNCATEGORIZED_FILE)
    assert "Shown before the payment." in await text_of(kit, dispute, Slot.REFUND_POLICY)
    sent = "UPDATE email_message SET state = 'sent', sent_at = now() WHERE kind = 'order_confirmation' RETURNING id"
    assert len(await rows(kit, sent)) == 1
    letters = await text_of(kit, dispute, Slot.CUSTOMER_COMMUNICATION)
    assert "To: anna@example.com" in letters
    assert "1 × bol" in letters
    # The bank gets no key to the order's page.
    assert "?cle=withheld" in letters


async def test_staffs_file_takes_a_place_and_gives_it_back(kit: Kit, clock: SetClock) -> None:
    dispute = await disputed(kit)
    for colour in ("red", "white"):
        await kit.shop.attach_file(SUPPORT, dispute.id, Slot.RECEIPT, picture(colour))
    await kit.shop.attach_file(SUPPORT, dispute.id, Slot.CUSTOMER_SIGNATURE, picture())
    found = await rows(kit, "SELECT slot, kind, pages FROM dispute_file ORDER BY slot")
    assert found == [{"slot": slot, "kind": "png", "pages": 1} for slot in ("customer_signature", "receipt")]
    shown = await shown_file(kit, dispute, Slot.RECEIPT)
    assert (shown.name, shown.content) == ("receipt.png", picture())
    await remove_file(kit.shop.database, clock, SUPPORT, dispute.id, Slot.CUSTOMER_SIGNATURE)
    async with nothing_changes(kit):
        with pytest.raises(NotFound, match="evidence_file_not_found"):
            await remove_file(kit.shop.database, clock, SUPPORT, dispute.id, Slot.CUSTOMER_SIGNATURE)
    # What was taken away is not sent a second time when it comes back.
    await kit.shop.attach_file(SUPPORT, dispute.id, Slot.CUSTOMER_SIGNATURE, picture())
    assert (await calls(kit, FILES))[0] == 3
    await kit.shop.save_evidence(SUPPORT, dispute.id, {"leave_out_shipping_documentation": "1"}, submit=True)
    sent, names = await attached(kit, dispute), await files_at_stripe(kit)
    assert set(sent) == {"receipt", "customer_signature", "uncategorized_file"}
    assert {names[sent[slot]].rpartition(".")[2] for slot in ("receipt", "customer_signature")} == {"png"}
    assert await broken_rules(kit) == {}


@pytest.mark.parametrize("hours", [0, 21])
@pytest.mark.parametrize("fault", AFTER, ids=str)
async def test_a_file_whose_answer_was_lost_is_attached_once(
    kit: Kit, clock: SetClock, fault: dict[str, Any], hours: int
) -> None:
    dispute = await disputed(kit)
    await arm(kit, route=FILES, **fault)
    with pytest.raises(Conflict, match="evidence_file_on_its_way"):
        await kit.shop.save_evidence(SUPPORT, dispute.id, {}, submit=True)
    assert (await stored(kit, dispute.stripe_id)).submissions == 0
    assert await kit.count("SELECT count(*) FROM operation WHERE kind = 'submit_evidence'") == 0
    # After the key's life the file is found by its name.
    clock.advance(hours=hours)
    await recover_until_rest(kit, clock)
    await kit.shop.save_evidence(SUPPORT, dispute.id, {}, submit=True)
    assert set(await attached(kit, dispute)) == COMPOSED
    assert (await calls(kit, FILES))[1] == len(COMPOSED)
    assert set((await attached(kit, dispute)).values()) == set(await files_at_stripe(kit))
    assert await broken_rules(kit) == {}


async def test_staffs_file_whose_answer_was_lost_arrives_by_itself(kit: Kit, clock: SetClock) -> None:
    dispute = await disputed(kit)
    await kit.shop.attach_file(SUPPORT, dispute.id, Slot.RECEIPT, picture("red"))
    await arm(kit, route=FILES, **AFTER[0])
    with pytest.raises(Conflict, match="evidence_file_on_its_way"):
        await kit.shop.attach_file(SUPPORT, dispute.id, Slot.RECEIPT, picture())
    for act in (
        kit.shop.attach_file(SUPPORT, dispute.id, Slot.RECEIPT, picture()),
        kit.shop.save_evidence(SUPPORT, dispute.id, {}, submit=True),
    ):
        with pytest.raises(Conflict, match="evidence_file_on_its_way"):
            await act
    await recover_until_rest(kit, clock)
    assert await kit.count("SELECT count(*) FROM dispute_file WHERE stripe_file_id IS NOT NULL") == 1
    assert (await shown_file(kit, dispute, Slot.RECEIPT)).content == picture()
    assert await broken_rules(kit) == {}


async def test_a_file_that_stripe_refuses_leaves_the_one_before(kit: Kit, clock: SetClock) -> None:
    dispute = await disputed(kit)
    await kit.shop.attach_file(SUPPORT, dispute.id, Slot.RECEIPT, picture("red"))
    await arm(kit, route=FILES, kind="error_before")
    with pytest.raises(Conflict, match="evidence_file_on_its_way"):
        await kit.shop.attach_file(SUPPORT, dispute.id, Slot.RECEIPT, picture())
    async with kit.shop.database.transaction("look") as tx:
        sending = (await newest_operations(tx, outcome=Outcome.UNKNOWN, kind=None, before=None, limit=1))[0]
    refused = Failed("refused", "invalid_file", "Invalid file.")
    await record_file(kit.shop.database, clock, WORKER, sending, refused)
    shown = await shown_file(kit, dispute, Slot.RECEIPT)
    assert shown.content == picture("red")
    assert await broken_rules(kit) == {}


async def test_what_is_kept_of_a_file_ends_with_the_dispute(kit: Kit) -> None:
    dispute = await disputed(kit)
    await kit.shop.attach_file(SUPPORT, dispute.id, Slot.RECEIPT, picture())
    await decide(kit, dispute.stripe_id, "lose")
    assert await kit.count("SELECT count(*) FROM dispute_file") == 0


async def test_what_is_no_file_for_the_bank_changes_nothing(kit: Kit, clock: SetClock) -> None:
    dispute = await disputed(kit)
    large = picture() + b"\0" * 4_900_000
    await kit.shop.attach_file(SUPPORT, dispute.id, Slot.RECEIPT, large)
    refused = {"evidence_empty": b"", "evidence_kind": b"Hello", "evidence_unreadable": b"%PDF-1.7 nothing"}
    async with nothing_changes(kit):
        for code, content in refused.items():
            with pytest.raises(Refusal, match=code):
                await kit.shop.attach_file(SUPPORT, dispute.id, Slot.REFUND_POLICY, content)
        with pytest.raises(Refusal, match="evidence_too_large"):
            await kit.shop.attach_file(SUPPORT, dispute.id, Slot.REFUND_POLICY, large)
        with pytest.raises(Forbidden):
            await kit.shop.attach_file(VIEWER, dispute.id, Slot.REFUND_POLICY, picture())
        with pytest.raises(Forbidden):
            await remove_file(kit.shop.database, clock, VIEWER, dispute.id, Slot.RECEIPT)
        with pytest.raises(NotFound, match="dispute_not_found"):
            await kit.shop.attach_file(SUPPORT, DisputeId("dsp_none"), Slot.RECEIPT, picture())
    await kit.shop.accept_dispute(STAFF, dispute.id)
    async with nothing_changes(kit):
        with pytest.raises(Conflict, match="dispute_not_open"):
            await kit.shop.attach_file(SUPPORT, dispute.id, Slot.RECEIPT, picture())
