"""The controls from the shell."""

import json
from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from sandbox.harness import Shop
from stripe_sandbox.__main__ import main
from stripe_sandbox.ctl import read_field


def ctl(shop: Shop, *arguments: str) -> int:
    return main(["ctl", *arguments, "--url", shop.url, "--key", shop.key])


def test_fields_are_json_where_they_can_be() -> None:
    assert read_field("advance_s=60") == ("advance_s", 60)
    assert read_field("stored=true") == ("stored", True)
    assert read_field("route=POST /v1/a=b") == ("route", "POST /v1/a=b")
    for wrong in ("advance_s", "=60"):
        with pytest.raises(ArgumentTypeError):
            read_field(wrong)


def test_the_clock_is_moved_and_read(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert ctl(shop, "clock") == 0
    before = json.loads(capsys.readouterr().out)["now"]
    assert ctl(shop, "clock", "advance_s=3600") == 0
    assert 3600 <= json.loads(capsys.readouterr().out)["now"] - before < 3660


def test_a_scenario_file_is_played_and_cleared(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps({"faults": [{"kind": "reset"}, {"kind": "slow", "ms": 5}]}), encoding="utf-8")
    assert ctl(shop, "scenarios", "--file", str(file)) == 0
    assert [fault["kind"] for fault in shop.control("GET", "faults")["faults"]] == ["reset", "slow"]
    capsys.readouterr()
    assert ctl(shop, "faults", "--method", "DELETE") == 0
    assert json.loads(capsys.readouterr().out) == {"cleared": 2}


def test_the_bank_acts_without_fields(shop: Shop) -> None:
    form = {"amount": "1000", "currency": "eur", "payment_method": "pm_sepaDebit_success_de", "confirm": "true"}
    form |= {"payment_method_types[]": "sepa_debit"}
    intent = shop.http.post("/v1/payment_intents", data=form).json()
    assert intent["status"] == "processing"
    assert ctl(shop, f"bank/{intent['id']}/settle") == 0
    assert shop.http.get(f"/v1/payment_intents/{intent['id']}").json()["status"] == "succeeded"


def test_what_changes_something_without_fields_is_sent_all_the_same(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    for verb in ("snapshot", "restore", "payouts"):
        assert ctl(shop, verb) == 0
    assert ctl(shop, "scenarios", "story=late_success", f"on={shop.session().id}") == 0
    capsys.readouterr()
    assert ctl(shop, "log") == 0
    assert json.loads(capsys.readouterr().out)["calls"][0]["path"] == "/v1/checkout/sessions"
    assert ctl(shop, "account", "--method", "DELETE") == 0


def test_a_refusal_and_an_absent_sandbox_are_told_by_the_exit_status(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ctl(shop, "faults", "kind=earthquake") == 1
    assert "kind must be one of" in capsys.readouterr().err
    assert main(["ctl", "clock", "--url", "http://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err == "No sandbox answers at http://127.0.0.1:1: ConnectError\n"
