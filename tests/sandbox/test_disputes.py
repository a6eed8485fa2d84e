"""Disputes: who opens them, how they end, what they take from the balance, and in which order it is told."""

from typing import Any

import pytest

from sandbox.dispute_shapes import DISPUTE, DISPUTE_MOVEMENT
from sandbox.harness import Shop
from sandbox.paid import DAY_S, later, pay, raw, refusal, send, told
from sandbox.shapes import differences

FRAUD = "pm_card_createDispute"
INQUIRY = "pm_card_createDisputeInquiry"
TEXT = "evidence[uncategorized_text]"


def disputed(shop: Shop, method: str = FRAUD) -> dict[str, Any]:
    """The one dispute of a new payment."""
    charge = pay(shop, method)
    (dispute,) = raw(shop, f"disputes?charge={charge['id']}")["data"]
    return dispute


def again(shop: Shop, dispute: dict[str, Any]) -> dict[str, Any]:
    return raw(shop, f"disputes/{dispute['id']}")


def moved(dispute: dict[str, Any]) -> list[tuple[str, int, int, int]]:
    return [
        (row["reporting_category"], row["amount"], row["fee"], row["net"]) for row in dispute["balance_transactions"]
    ]


@pytest.mark.parametrize(
    ("method", "reason", "code", "case", "status"),
    [
        (FRAUD, "fraudulent", "10.4", "chargeback", "needs_response"),
        ("pm_card_createDisputeProductNotReceived", "product_not_received", "13.1", "chargeback", "needs_response"),
        (INQUIRY, "fraudulent", "10", "inquiry", "warning_needs_response"),
        ("pm_card_createCe3EligibleDispute", "fraudulent", "10.4", "chargeback", "needs_response"),
        ("pm_card_createComplianceDispute", "noncompliant", None, "compliance", "needs_response"),
    ],
)
def test_a_test_card_opens_its_dispute(
    shop: Shop, method: str, reason: str, code: str | None, case: str, status: str
) -> None:
    dispute = disputed(shop, method)
    assert differences(dispute, DISPUTE) == []
    card = dispute["payment_method_details"]["card"]
    assert (dispute["reason"], card["network_reason_code"], card["case_type"], dispute["status"]) == (
        reason,
        code,
        case,
        status,
    )
    charge = raw(shop, f"charges/{dispute['charge']}")
    assert (charge["disputed"], charge["dispute"], charge["paid"], charge["refunded"]) == (
        True,
        dispute["id"],
        True,
        False,
    )


def test_one_card_opens_several_disputes_that_share_the_amount(shop: Shop) -> None:
    charge = pay(shop, "pm_card_createMultipleDisputes")
    disputes = raw(shop, f"disputes?charge={charge['id']}")["data"]
    assert [dispute["amount"] for dispute in disputes] == [1500, 1500]
    assert {dispute["reason"] for dispute in disputes} == {"fraudulent", "product_not_received"}


def test_a_chargeback_is_told_between_the_charge_and_the_payment(shop: Shop) -> None:
    disputed(shop)
    assert shop.events() == [
        "payment_intent.created",
        "charge.succeeded",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "payment_intent.succeeded",
    ]


def test_with_manual_capture_the_dispute_waits_for_the_capture(shop: Shop) -> None:
    charge = pay(shop, FRAUD, capture_method="manual")
    assert raw(shop, "disputes")["data"] == []
    send(shop, f"payment_intents/{charge['payment_intent']}/capture", amount_to_capture="1200")
    assert [dispute["amount"] for dispute in raw(shop, "disputes")["data"]] == [1200]
    assert shop.events()[-4:] == [
        "charge.captured",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "payment_intent.succeeded",
    ]


def test_a_chargeback_takes_the_amount_and_a_fee(shop: Shop) -> None:
    dispute = disputed(shop)
    (entry,) = dispute["balance_transactions"]
    assert differences(entry, DISPUTE_MOVEMENT) == []
    assert (entry["id"], entry["source"]) == (dispute["balance_transaction"], dispute["id"])
    assert (entry["type"], entry["reporting_category"], entry["status"]) == ("adjustment", "dispute", "available")
    assert (entry["amount"], entry["fee"], entry["net"]) == (-3000, 1500, -4500)
    assert entry["description"] == f"Chargeback withdrawal for {dispute['charge']}"
    assert [(part["description"], part["amount"]) for part in entry["fee_details"]] == [("Dispute fee", 1500)]
    assert raw(shop, f"balance_transactions/{entry['id']}") == entry
    assert raw(shop, f"balance_transactions?source={dispute['id']}")["data"] == []


def test_the_answer_is_due_at_the_end_of_the_eighth_day(shop: Shop) -> None:
    dispute = disputed(shop)
    due: int = dispute["evidence_details"]["due_by"]
    assert (due + 1) % DAY_S == 0
    assert 8 * DAY_S <= due - dispute["created"] < 9 * DAY_S


def test_a_disputed_charge_cannot_be_refunded(shop: Shop) -> None:
    dispute = disputed(shop)
    assert refusal(shop, "refunds", charge=dispute["charge"]) == (
        400,
        "charge_disputed",
        None,
        f"Charge {dispute['charge']} has been charged back; cannot issue a refund.",
    )
    assert raw(shop, "refunds")["data"] == []


@pytest.mark.parametrize(
    ("text", "status", "events", "moves"),
    [
        (
            "winning_evidence",
            "won",
            ["charge.dispute.funds_reinstated", "charge.dispute.closed"],
            [("dispute", -3000, 1500, -4500), ("dispute_reversal", 3000, 0, 3000)],
        ),
        ("losing_evidence", "lost", ["charge.dispute.closed"], [("dispute", -3000, 1500, -4500)]),
    ],
)
def test_the_text_of_the_evidence_decides(
    shop: Shop, text: str, status: str, events: list[str], moves: list[tuple[str, int, int, int]]
) -> None:
    dispute = disputed(shop)
    answered = send(shop, f"disputes/{dispute['id']}", **{TEXT: text})
    details = answered["evidence_details"]
    assert (answered["status"], details["has_evidence"], details["submission_count"]) == ("under_review", True, 1)
    assert shop.events()[-2:] == ["charge.dispute.updated", "charge.updated"]
    later(shop, 6)
    ended = again(shop, dispute)
    assert (ended["status"], moved(ended)) == (status, moves)
    assert [name for name in shop.events() if "dispute" in name][3:] == events
    charge = raw(shop, f"charges/{dispute['charge']}")
    assert (charge["disputed"], ended["is_charge_refundable"]) == (True, status == "won")
    later(shop, 30 * DAY_S)
    assert again(shop, dispute)["status"] == status


def test_a_won_charge_can_be_refunded_again(shop: Shop) -> None:
    dispute = disputed(shop)
    shop.control("POST", f"bank/{dispute['id']}/win")
    assert send(shop, "refunds", charge=dispute["charge"])["amount"] == 3000


def test_other_evidence_leaves_the_decision_to_the_bank(shop: Shop) -> None:
    dispute = disputed(shop)
    send(shop, f"disputes/{dispute['id']}", **{"evidence[product_description]": "Un bol", "submit": "true"})
    later(shop, 20 * DAY_S)
    assert again(shop, dispute)["status"] == "under_review"
    assert shop.control("POST", f"bank/{dispute['id']}/lose")["status"] == "lost"


def test_staged_evidence_is_not_sent(shop: Shop) -> None:
    dispute = disputed(shop)
    staged = send(shop, f"disputes/{dispute['id']}", **{TEXT: "winning_evidence", "submit": "false"})
    assert (staged["status"], staged["evidence"]["uncategorized_text"]) == ("needs_response", "winning_evidence")
    assert (staged["evidence_details"]["has_evidence"], staged["evidence_details"]["submission_count"]) == (True, 0)
    later(shop, 60)
    assert again(shop, dispute)["status"] == "needs_response"
    assert send(shop, f"disputes/{dispute['id']}", submit="true")["status"] == "under_review"
    later(shop, 6)
    assert again(shop, dispute)["status"] == "won"


def test_metadata_alone_sends_nothing(shop: Shop) -> None:
    dispute = disputed(shop)
    changed = send(shop, f"disputes/{dispute['id']}", **{"metadata[case]": "7"})
    assert (changed["status"], changed["metadata"]) == ("needs_response", {"case": "7"})
    assert told(shop, "charge.dispute.updated")[0]["previous_attributes"] == {"metadata": {}}


def test_who_does_not_answer_in_time_loses(shop: Shop) -> None:
    dispute = disputed(shop)
    due: int = dispute["evidence_details"]["due_by"]
    shop.control("POST", "clock", {"set": due})
    assert again(shop, dispute)["status"] == "needs_response"
    later(shop, 2)
    lost = again(shop, dispute)
    assert (lost["status"], lost["evidence_details"]["past_due"]) == ("lost", True)
    assert shop.events()[-1] == "charge.dispute.closed"


def test_closing_accepts_the_loss_at_once(shop: Shop) -> None:
    dispute = disputed(shop)
    assert send(shop, f"disputes/{dispute['id']}/close")["status"] == "lost"
    assert shop.events()[-2:] == ["charge.dispute.closed", "charge.updated"]
    closed = (400, None, None, "This dispute is already closed")
    assert refusal(shop, f"disputes/{dispute['id']}/close") == closed
    assert refusal(shop, f"disputes/{dispute['id']}", **{TEXT: "winning_evidence"}) == closed
    later(shop, 20 * DAY_S)
    assert moved(again(shop, dispute)) == [("dispute", -3000, 1500, -4500)]


def test_an_inquiry_moves_no_money_and_leaves_the_charge_refundable(shop: Shop) -> None:
    dispute = disputed(shop, INQUIRY)
    assert (moved(dispute), dispute["balance_transaction"], dispute["is_charge_refundable"]) == ([], None, True)
    assert "charge.dispute.funds_withdrawn" not in shop.events()
    assert send(shop, "refunds", charge=dispute["charge"])["status"] == "succeeded"


def test_an_inquiry_can_escalate_to_a_chargeback(shop: Shop) -> None:
    dispute = disputed(shop, INQUIRY)
    answered = send(shop, f"disputes/{dispute['id']}", **{TEXT: "escalate_inquiry_evidence"})
    assert answered["status"] == "warning_under_review"
    later(shop, 6)
    escalated = again(shop, dispute)
    assert (escalated["status"], moved(escalated)) == ("needs_response", [("dispute", -3000, 1500, -4500)])
    assert escalated["payment_method_details"]["card"]["case_type"] == "chargeback"
    assert (
        shop.events()[-2:] == ["charge.dispute.updated", "charge.dispute.funds_withdrawn"]
        or "charge.updated" in (shop.events()[-1])
    )
    later(shop, 9 * DAY_S)
    assert again(shop, dispute)["status"] == "lost"


@pytest.mark.parametrize("text", ["winning_evidence", "losing_evidence"])
def test_an_answered_inquiry_is_closed_without_a_chargeback(shop: Shop, text: str) -> None:
    dispute = disputed(shop, INQUIRY)
    send(shop, f"disputes/{dispute['id']}", **{TEXT: text})
    later(shop, 6)
    closed = again(shop, dispute)
    assert (closed["status"], moved(closed)) == ("warning_closed", [])


def test_an_unanswered_inquiry_is_closed_after_120_days(shop: Shop) -> None:
    dispute = disputed(shop, INQUIRY)
    later(shop, 119 * DAY_S)
    seen = again(shop, dispute)
    assert (seen["status"], seen["evidence_details"]["past_due"]) == ("warning_needs_response", True)
    later(shop, DAY_S + 1)
    assert again(shop, dispute)["status"] == "warning_closed"


@pytest.mark.parametrize(("body", "reason", "amount"), [({}, "fraudulent", 3000), ({"amount": 700}, "fraudulent", 700)])
def test_the_bank_can_dispute_any_charge(shop: Shop, body: dict[str, Any], reason: str, amount: int) -> None:
    charge = pay(shop)
    shop.control("POST", f"bank/{charge['id']}/dispute", body)
    (dispute,) = raw(shop, f"disputes?payment_intent={charge['payment_intent']}")["data"]
    assert (dispute["reason"], dispute["amount"], dispute["status"]) == (reason, amount, "needs_response")


@pytest.mark.parametrize("body", [{"reason": "mood"}, {"amount": 3001}, {"amount": True}, {"inquiry": 1}, {"nope": 1}])
def test_a_dispute_that_cannot_be_is_refused_by_the_bank(shop: Shop, body: dict[str, Any]) -> None:
    charge = pay(shop)
    assert shop.http.post(f"/_sandbox/bank/{charge['id']}/dispute", json=body).status_code == 400
    assert raw(shop, "disputes")["data"] == []


def test_a_refund_made_seconds_before_a_chargeback_fails(shop: Shop) -> None:
    charge = pay(shop)
    refund = send(shop, "refunds", charge=charge["id"])
    shop.control("POST", f"bank/{charge['id']}/dispute")
    seen = raw(shop, f"refunds/{refund['id']}")
    assert (seen["status"], seen["failure_reason"]) == ("failed", "charge_for_pending_refund_disputed")


def test_an_older_refund_stays_and_the_money_is_lost_twice(shop: Shop) -> None:
    charge = pay(shop)
    refund = send(shop, "refunds", charge=charge["id"])
    later(shop, 10 * DAY_S)
    shop.control("POST", f"bank/{charge['id']}/dispute")
    assert raw(shop, f"refunds/{refund['id']}")["status"] == "succeeded"
    (dispute,) = raw(shop, "disputes")["data"]
    assert moved(dispute) == [("dispute", -3000, 1500, -4500)]


def test_a_disputed_debit_is_lost_without_appeal(shop: Shop) -> None:
    dispute = disputed(shop, "pm_sepaDebit_disputed_de")
    assert (dispute["status"], dispute["reason"], "payment_method_details" in dispute) == (
        "lost",
        "debit_not_authorized",
        False,
    )
    assert shop.events()[-3:] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
    ]


def test_a_dispute_that_does_not_exist_is_named(shop: Shop) -> None:
    answer = shop.http.get("/v1/disputes/du_x")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"], error["message"]) == (
        404,
        "resource_missing",
        "dispute",
        "No such dispute: 'du_x'",
    )


def test_unknown_evidence_is_refused_with_its_path(shop: Shop) -> None:
    dispute = disputed(shop)
    assert refusal(shop, f"disputes/{dispute['id']}", **{"evidence[nope]": "x"}) == (
        400,
        "parameter_unknown",
        "evidence[nope]",
        "Received unknown parameter: evidence[nope]",
    )


def test_all_evidence_together_has_150000_characters(shop: Shop) -> None:
    dispute = disputed(shop)
    form = {TEXT: "x" * 100_000, "evidence[product_description]": "y" * 50_001}
    assert refusal(shop, f"disputes/{dispute['id']}", **form)[2] == "evidence"
    assert again(shop, dispute)["status"] == "needs_response"


def test_a_dispute_is_expanded_from_its_charge_and_its_movement(shop: Shop) -> None:
    dispute = disputed(shop)
    charge = raw(shop, f"charges/{dispute['charge']}?expand[]=dispute")
    assert charge["dispute"]["id"] == dispute["id"]
    entry = raw(shop, f"balance_transactions/{dispute['balance_transaction']}?expand[]=source")
    assert entry["source"]["object"] == "dispute"
