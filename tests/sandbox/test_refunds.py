"""Refunds: full, partial, pending, failing later, canceled; their money, events and refusals."""

from typing import Any

import pytest

from sandbox.harness import Shop

PENDING = "pm_card_pendingRefund"
FAILING = "pm_card_refundFail"
DEBIT = "pm_sepaDebit_success_de"


def payment(shop: Shop, method: str = "pm_card_visa", amount: int = 3000) -> str:
    """A captured payment; gives its charge."""
    form = {"amount": str(amount), "currency": "eur", "confirm": "true", "payment_method": method}
    form |= {"return_url": "https://shop.example/back"}
    intent = shop.http.post("/v1/payment_intents", data=form).json()
    if intent["status"] == "processing":
        intent = shop.control("POST", f"bank/{intent['id']}/settle")
    return intent["latest_charge"]


def refund(shop: Shop, charge: str, **form: str) -> dict[str, Any]:
    answer = shop.http.post("/v1/refunds", data={"charge": charge, **form})
    assert answer.status_code == 200, answer.text
    return answer.json()


def raw(shop: Shop, path: str) -> dict[str, Any]:
    return shop.http.get(f"/v1/{path}").json()


def later(shop: Shop, seconds: float) -> None:
    shop.control("POST", "clock", {"advance_s": seconds})


def movements(shop: Shop, refund_id: str) -> list[tuple[str, str, int, int]]:
    """Type, category, amount and net of a refund's balance transactions, oldest first."""
    listed = raw(shop, f"balance_transactions?source={refund_id}")["data"]
    return [(row["type"], row["reporting_category"], row["amount"], row["net"]) for row in reversed(listed)]


def previous(shop: Shop, name: str) -> list[dict[str, Any]]:
    """What the events of a type say was before, newest first."""
    return [event["data"]["previous_attributes"] for event in raw(shop, f"events?type={name}")["data"]]


def refund_events(shop: Shop) -> list[str]:
    return [name for name in shop.events() if "refund" in name]


def test_a_card_refund_succeeds_at_once_and_gets_its_reference_later(shop: Shop) -> None:
    charge = payment(shop)
    made = refund(shop, charge)
    assert (made["status"], made["amount"], made["destination_details"]["card"]["reference_status"]) == (
        "succeeded",
        3000,
        "pending",
    )
    later(shop, 61)
    card = raw(shop, f"refunds/{made['id']}")["destination_details"]["card"]
    assert (card["reference_status"], len(card["reference"])) == ("available", 23)
    assert refund_events(shop) == ["refund.created", "charge.refunded", "charge.refund.updated", "refund.updated"]
    assert movements(shop, made["id"]) == [("refund", "refund", -3000, -3000)]


def test_a_part_leaves_the_charge_unrefunded_and_the_rest_refunds_it(shop: Shop) -> None:
    charge = payment(shop)
    refund(shop, charge, amount="1000")
    seen = raw(shop, f"charges/{charge}")
    assert (seen["amount_refunded"], seen["refunded"]) == (1000, False)
    assert refund(shop, charge)["amount"] == 2000
    seen = raw(shop, f"charges/{charge}")
    assert (seen["amount_refunded"], seen["refunded"], seen["status"]) == (3000, True, "succeeded")
    assert raw(shop, f"payment_intents/{seen['payment_intent']}")["status"] == "succeeded"
    assert previous(shop, "charge.refunded") == [
        {"amount_refunded": 1000, "refunded": False},
        {"amount_refunded": 0},
    ]


def test_only_the_captured_part_can_be_refunded(shop: Shop) -> None:
    form = {"amount": "3000", "currency": "eur", "confirm": "true", "payment_method": "pm_card_visa"}
    form |= {"return_url": "https://shop.example/back", "capture_method": "manual"}
    intent = shop.http.post("/v1/payment_intents", data=form).json()
    shop.client.v1.payment_intents.capture(intent["id"], params={"amount_to_capture": 1200})
    answer = shop.http.post("/v1/refunds", data={"charge": intent["latest_charge"], "amount": "1201"})
    assert answer.json()["error"]["message"] == (
        "Refund amount (€12.01) is greater than unrefunded amount on charge (€12.00)"
    )
    assert refund(shop, intent["latest_charge"])["amount"] == 1200
    assert raw(shop, f"charges/{intent['latest_charge']}")["refunded"] is True


@pytest.mark.parametrize("method", [PENDING, DEBIT])
def test_a_pending_refund_succeeds_after_a_while(shop: Shop, method: str) -> None:
    charge = payment(shop, method)
    made = refund(shop, charge, amount="700")
    assert (made["status"], made["pending_reason"]) == ("pending", "processing")
    assert raw(shop, f"charges/{charge}")["amount_refunded"] == 700
    later(shop, 55)
    assert raw(shop, f"refunds/{made['id']}")["status"] == "pending"
    later(shop, 6)
    seen = raw(shop, f"refunds/{made['id']}")
    assert (seen["status"], "pending_reason" in seen) == ("succeeded", False)
    assert refund_events(shop) == ["refund.created", "charge.refunded", "charge.refund.updated", "refund.updated"]
    assert previous(shop, "refund.updated") == [{"status": "pending"}]


def test_the_refund_of_a_debit_has_the_kinds_of_a_payment(shop: Shop) -> None:
    made = refund(shop, payment(shop, DEBIT))
    assert made["id"].startswith("pyr_3")
    assert "destination_details" not in made
    assert movements(shop, made["id"]) == [("payment_refund", "refund", -3000, -3000)]


def test_a_succeeded_refund_may_fail_and_the_money_comes_back(shop: Shop) -> None:
    charge = payment(shop, FAILING)
    made = refund(shop, charge, amount="1000")
    assert made["status"] == "succeeded"
    later(shop, 61)
    seen = raw(shop, f"refunds/{made['id']}")
    assert (seen["status"], seen["failure_reason"]) == ("failed", "unknown")
    assert refund_events(shop)[2:] == ["refund.failed", "charge.refund.updated", "refund.updated"]
    assert movements(shop, made["id"]) == [
        ("refund", "refund", -1000, -1000),
        ("refund_failure", "refund_failure", 1000, 1000),
    ]
    back = raw(shop, f"refunds/{made['id']}?expand[]=failure_balance_transaction")["failure_balance_transaction"]
    assert (back["amount"], back["fee"], back["source"]) == (1000, 0, made["id"])
    assert raw(shop, f"charges/{charge}")["amount_refunded"] == 0
    assert refund(shop, charge)["amount"] == 3000


def test_a_failed_refund_may_stay_in_amount_refunded_when_the_account_says_so(shop: Shop) -> None:
    shop.control("POST", "settings", {"failed_refund": "kept"})
    charge = payment(shop, FAILING)
    refund(shop, charge)
    later(shop, 61)
    seen = raw(shop, f"charges/{charge}")
    assert (seen["amount_refunded"], seen["refunded"]) == (3000, True)
    assert refund(shop, charge)["amount"] == 3000


def test_the_bank_can_fail_a_refund_weeks_after_it_succeeded(shop: Shop) -> None:
    made = refund(shop, payment(shop))
    later(shop, 21 * 24 * 3600)
    assert shop.control("POST", f"bank/{made['id']}/fail")["status"] == "failed"
    assert refund_events(shop)[-3:] == ["refund.failed", "charge.refund.updated", "refund.updated"]
    again = shop.http.post(f"/_sandbox/bank/{made['id']}/fail")
    assert (again.status_code, again.json()["error"]) == (
        409,
        "The refund is failed, not pending or requires_action or succeeded.",
    )


def test_the_bank_can_succeed_a_pending_refund_before_its_time(shop: Shop) -> None:
    made = refund(shop, payment(shop, PENDING))
    assert shop.control("POST", f"bank/{made['id']}/succeed")["status"] == "succeeded"
    later(shop, 59)
    assert refund_events(shop).count("refund.updated") == 1


@pytest.mark.parametrize("method", ["pm_card_visa", PENDING])
def test_the_api_cannot_cancel_a_refund_that_asks_nothing_of_the_buyer(shop: Shop, method: str) -> None:
    made = refund(shop, payment(shop, method))
    answer = shop.http.post(f"/v1/refunds/{made['id']}/cancel")
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["message"], "code" in error, "param" in error) == (
        400,
        "invalid_request_error",
        "Canceling this refund is unsupported.",
        False,
        False,
    )
    assert raw(shop, f"refunds/{made['id']}")["status"] == made["status"]


def test_a_refund_that_waits_for_the_buyer_can_be_canceled(shop: Shop) -> None:
    charge = payment(shop, DEBIT)
    made = refund(shop, charge)
    asked = shop.control("POST", f"bank/{made['id']}/ask_buyer")
    assert (asked["status"], asked["next_action"]["type"]) == ("requires_action", "display_details")
    canceled = shop.client.v1.refunds.cancel(made["id"])
    assert (canceled.status, canceled.failure_balance_transaction is not None) == ("canceled", True)
    seen = raw(shop, f"charges/{charge}")
    assert (seen["amount_refunded"], seen["refunded"]) == (0, False)
    assert [row[2] for row in movements(shop, made["id"])] == [-3000, 3000]
    later(shop, 120)
    assert raw(shop, f"refunds/{made['id']}")["status"] == "canceled"


@pytest.mark.parametrize(
    ("form", "status", "code", "param", "message"),
    [
        (
            {"charge": "", "amount": "1"},
            400,
            None,
            None,
            "One of the following params should be provided for this request: payment_intent or charge.",
        ),
        ({"charge": "ch_x"}, 404, "resource_missing", "id", "No such charge: 'ch_x'"),
        ({"charge": "", "payment_intent": "pi_x"}, 404, "resource_missing", "payment_intent", "No such payment_intent"),
        ({"amount": "0"}, 400, "parameter_invalid_integer", "amount", "This value must be greater than or equal to 1."),
        ({"amount": "abc"}, 400, "parameter_invalid_integer", "amount", "Invalid integer: abc"),
        ({"amount": "3001"}, 400, None, "amount", "Refund amount (€30.01) is greater than unrefunded amount on charge"),
        ({"nope": "1"}, 400, "parameter_unknown", "nope", "Received unknown parameter: nope"),
    ],
)
def test_a_refund_that_cannot_be_is_refused_and_moves_nothing(
    shop: Shop, form: dict[str, str], status: int, code: str | None, param: str | None, message: str
) -> None:
    charge = payment(shop)
    answer = shop.http.post("/v1/refunds", data={"charge": charge} | form)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error.get("code")) == (status, "invalid_request_error", code)
    assert (error.get("param") or "").startswith(param or "")
    assert error["message"].startswith(message)
    assert raw(shop, "refunds")["data"] == []
    assert raw(shop, f"charges/{charge}")["amount_refunded"] == 0
    assert refund_events(shop) == []


def test_a_refunded_charge_is_refused_with_its_code(shop: Shop) -> None:
    charge = payment(shop)
    refund(shop, charge)
    error = shop.http.post("/v1/refunds", data={"charge": charge}).json()["error"]
    assert (error["code"], error["message"]) == (
        "charge_already_refunded",
        f"Charge {charge} has already been refunded.",
    )


def test_metadata_of_a_refund_is_merged_and_told(shop: Shop) -> None:
    made = refund(shop, payment(shop), **{"metadata[a]": "1"})
    changed = shop.client.v1.refunds.update(made["id"], params={"metadata": {"b": "2"}})
    assert changed.to_dict()["metadata"] == {"a": "1", "b": "2"}
    assert previous(shop, "refund.updated") == [{"metadata": {"a": "1"}}]


def test_refunds_are_listed_by_charge_payment_and_time(shop: Shop) -> None:
    first, second = payment(shop), payment(shop)
    mine = [refund(shop, first, amount="100")["id"], refund(shop, first, amount="200")["id"]]
    other = refund(shop, second)
    refunds = shop.client.v1.refunds
    assert [found.id for found in refunds.list(params={"charge": first}).data] == mine[::-1]
    assert [found.id for found in refunds.list(params={"payment_intent": other["payment_intent"]}).data] == [
        other["id"]
    ]
    assert refunds.list(params={"created": {"lt": other["created"] - 60}}).data == []
    assert [row["id"] for row in raw(shop, f"charges/{first}/refunds")["data"]] == mine[::-1]
    error = raw(shop, "refunds?starting_after=re_x")["error"]
    assert (error["code"], error["param"]) == ("resource_missing", "starting_after")
