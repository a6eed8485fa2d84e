"""The balance, payouts and what they consist of."""

from typing import Any

import pytest

from sandbox.harness import Shop
from sandbox.paid import DAY_S, later, pay, raw, refusal, send
from sandbox.shapes import Table, differences

AT_ONCE = "pm_card_bypassPending"
# 3000 less 1.5 % and 25.
NET = 2930
_OFTEN_NULL = (
    "application_fee application_fee_amount failure_balance_transaction failure_code failure_message original_payout "
    "payout_method reversed_by statement_descriptor trace_id description"
)
PAYOUT: Table = {
    **dict.fromkeys(_OFTEN_NULL.split(), "any"),
    **dict.fromkeys(["id", "object", "balance_transaction", "currency", "destination", "method"], "str"),
    **dict.fromkeys(["reconciliation_status", "source_type", "status", "type"], "str"),
    **dict.fromkeys(["amount", "arrival_date", "created"], "int"),
    "automatic": "bool",
    "livemode": "bool",
    "metadata": "dict",
}


def balance(shop: Shop) -> tuple[int, int]:
    """What is available and what is pending, in euros."""
    seen = raw(shop, "balance")
    return seen["available"][0]["amount"], seen["pending"][0]["amount"]


def earned(shop: Shop) -> dict[str, Any]:
    """A payment whose money is available."""
    charge = pay(shop, AT_ONCE)
    later(shop, 3)
    return raw(shop, f"charges/{charge['id']}")


def paid_out(shop: Shop) -> dict[str, Any]:
    (payout,) = shop.control("POST", "payouts")["payouts"]
    return payout


def test_money_is_pending_for_seven_days(shop: Shop) -> None:
    assert balance(shop) == (0, 0)
    pay(shop)
    later(shop, 3)
    assert balance(shop) == (0, NET)
    later(shop, 7 * DAY_S + 1)
    assert balance(shop) == (NET, 0)


def test_one_card_pays_money_that_is_available_at_once(shop: Shop) -> None:
    charge = earned(shop)
    entry = raw(shop, f"balance_transactions/{charge['balance_transaction']}")
    assert (entry["status"], entry["available_on"] <= entry["created"], balance(shop)) == ("available", True, (NET, 0))


def test_a_chargeback_is_in_the_balance_at_once(shop: Shop) -> None:
    charge = earned(shop)
    shop.control("POST", f"bank/{charge['id']}/dispute")
    assert balance(shop) == (NET - 4500, 0)


def test_an_automatic_payout_names_what_it_consists_of(shop: Shop) -> None:
    charge = earned(shop)
    payout = paid_out(shop)
    assert differences(payout, PAYOUT) == []
    assert (payout["amount"], payout["automatic"], payout["status"]) == (NET, True, "pending")
    assert (payout["reconciliation_status"], balance(shop)) == ("in_progress", (0, 0))
    later(shop, 61)
    assert raw(shop, f"payouts/{payout['id']}")["reconciliation_status"] == "completed"
    rows = raw(shop, f"balance_transactions?payout={payout['id']}")["data"]
    assert [(row["type"], row["net"], row["source"]) for row in rows] == [
        ("payout", -NET, payout["id"]),
        ("charge", NET, charge["id"]),
    ]
    assert sum(row["net"] for row in rows) == 0
    assert shop.control("POST", "payouts") == {"payouts": []}


def test_a_payout_arrives_on_its_day(shop: Shop) -> None:
    earned(shop)
    payout = paid_out(shop)
    assert payout["arrival_date"] % DAY_S == 0
    shop.control("POST", "clock", {"set": payout["arrival_date"] + 1})
    assert raw(shop, f"payouts/{payout['id']}")["status"] == "paid"
    told = [name for name in shop.events() if name.startswith("payout")]
    assert sorted(told[1:3]) == ["payout.reconciliation_completed", "payout.updated"]
    assert (told[0], told[3:]) == ("payout.created", ["payout.paid"])


@pytest.mark.parametrize("paid", ["before", "after"])
def test_a_payout_may_fail_even_after_it_was_paid(shop: Shop, paid: str) -> None:
    earned(shop)
    payout = paid_out(shop)
    if paid == "after":
        shop.control("POST", f"bank/{payout['id']}/pay")
    failed = shop.control("POST", f"bank/{payout['id']}/fail")
    assert (failed["status"], failed["failure_code"], balance(shop)) == ("failed", "account_closed", (NET, 0))
    back = raw(shop, f"payouts/{payout['id']}?expand[]=failure_balance_transaction")["failure_balance_transaction"]
    assert (back["type"], back["reporting_category"], back["net"]) == ("payout_failure", "payout_reversal", NET)
    later(shop, 5 * DAY_S)
    assert raw(shop, f"payouts/{payout['id']}")["status"] == "failed"
    assert shop.events().count("payout.failed") == 1


def test_a_manual_payout_takes_an_amount_and_names_nothing(shop: Shop) -> None:
    earned(shop)
    payout = send(shop, "payouts", amount="1000", currency="eur", **{"metadata[a]": "1"})
    assert (payout["automatic"], payout["reconciliation_status"], balance(shop)) == (
        False,
        "not_applicable",
        (NET - 1000, 0),
    )
    answer = raw(shop, f"balance_transactions?payout={payout['id']}")["error"]
    assert (answer["param"], answer["message"]) == (
        "payout",
        "Balance transaction history can only be filtered on automatic transfers, not manual.",
    )
    changed = send(shop, f"payouts/{payout['id']}", **{"metadata[b]": "2"})
    assert changed["metadata"] == {"a": "1", "b": "2"}


def test_an_automatic_payout_leaves_out_what_was_paid_out_by_hand(shop: Shop) -> None:
    earned(shop)
    send(shop, "payouts", amount="1000", currency="eur")
    assert (paid_out(shop)["amount"], balance(shop)) == (NET - 1000, (0, 0))


def test_more_than_is_available_cannot_be_paid_out(shop: Shop) -> None:
    earned(shop)
    status, code, param, _ = refusal(shop, "payouts", amount=str(NET + 1), currency="eur")
    assert (status, code, param) == (400, "balance_insufficient", "amount")
    assert refusal(shop, "payouts", amount="1", currency="usd")[1] == "balance_insufficient"
    assert (raw(shop, "payouts")["data"], balance(shop)) == ([], (NET, 0))


def test_a_pending_payout_can_be_canceled(shop: Shop) -> None:
    earned(shop)
    first, second = (send(shop, "payouts", amount="100", currency="eur") for _ in range(2))
    assert send(shop, f"payouts/{first['id']}/cancel")["status"] == "canceled"
    assert (shop.events()[-1], balance(shop)) == ("payout.canceled", (NET - 100, 0))
    later(shop, 61)
    assert refusal(shop, f"payouts/{second['id']}/cancel")[0] == 400
    assert [row["id"] for row in raw(shop, "payouts?status=in_transit")["data"]] == [second["id"]]


def test_a_payout_that_does_not_exist_is_named(shop: Shop) -> None:
    error = raw(shop, "payouts/po_x")["error"]
    assert (error["code"], error["param"]) == ("resource_missing", "payout")
    error = raw(shop, "balance_transactions?payout=po_x")["error"]
    assert (error["code"], error["param"]) == ("resource_missing", "payout")


def test_money_of_another_currency_may_be_settled_in_the_accounts_own(shop: Shop) -> None:
    shop.control("POST", "settings", {"settlement": "account"})
    paid = pay(shop, AT_ONCE, 10000, currency="usd")
    later(shop, 3)
    charge = raw(shop, f"charges/{paid['id']}?expand[]=balance_transaction")
    moved = charge["balance_transaction"]
    assert (charge["currency"], moved["currency"]) == ("usd", "eur")
    assert moved["amount"] == round(10000 * moved["exchange_rate"])
    assert moved["net"] == moved["amount"] - moved["fee"] == balance(shop)[0]
    later(shop, DAY_S)
    back = send(shop, "refunds", charge=charge["id"])
    returned = raw(shop, f"balance_transactions/{back['balance_transaction']}")
    assert (returned["currency"], returned["fee"]) == ("eur", 0)
    assert returned["exchange_rate"] != moved["exchange_rate"]
    assert returned["amount"] == round(-10000 * returned["exchange_rate"])
