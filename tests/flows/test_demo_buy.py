"""The whole demo: one command up, purchases with different cards, a mail in the mailbox, one signal down."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.demo_kit import DemoProcess
from sandbox.judged import Records
from vivr.cli.main import run

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def demo() -> Generator[DemoProcess]:
    """A demo that runs for all tests of this file."""
    with tempfile.TemporaryDirectory(prefix="vivr-demo-") as made:
        running = DemoProcess(Path(made) / ".vivr")
        running.start()
        try:
            running.wait_until_said("Ready in")
            yield running
        finally:
            assert running.stop() == 0


@pytest.fixture
def shell(demo: DemoProcess, monkeypatch: pytest.MonkeyPatch) -> DemoProcess:
    """The demo, with this process's environment pointing at it."""
    monkeypatch.setenv("VIVR_DATA", str(demo.data))
    return demo


def buy(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Buy in this process: the exit code and the JSON."""
    code = run(["demo", "buy", "--json", *arguments])
    said = capsys.readouterr()
    assert code == 0, said.err
    return code, json.loads(said.out)


def kinds(bought: dict[str, Any]) -> set[str]:
    return {item["kind"] for item in bought["timeline"]}


def test_success_ends_paid_with_a_ledger_entry_that_sums_to_zero(
    shell: DemoProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    del shell
    _, bought = buy(capsys, "--locale", "fr")
    assert sorted(bought) == ["currency", "number", "orderId", "paymentStatus", "status", "timeline", "total"]
    assert (bought["status"], bought["paymentStatus"], bought["currency"]) == ("PAID", "CAPTURED", "EUR")
    assert bought["orderId"].startswith("ord_")
    assert kinds(bought) == {"history", "operation", "event", "payment", "ledger", "email", "audit"}
    (entry,) = [item["text"] for item in bought["timeline"] if item["kind"] == "ledger"]
    assert "(sum 0)" in entry
    assert all(sorted(item) == ["at", "id", "kind", "text"] for item in bought["timeline"])


def test_what_the_demos_stripe_answers_and_delivers_is_judged(
    shell: DemoProcess, capsys: pytest.CaptureFixture[str], stripe_records: Records
) -> None:
    buy(capsys)
    lines = stripe_records.of_process(shell.pid("sandbox"))
    assert {"POST /v1/customers", "POST /v1/checkout/sessions"} <= {line.get("route") for line in lines}
    assert "checkout.session.completed" in {line["event"]["type"] for line in lines if "event" in line}


def test_declined_card_leaves_the_order_open_with_its_message_and_stock_reserved(
    shell: DemoProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    del shell
    _, bought = buy(capsys, "--card", "4000000000000002", "--locale", "en")
    assert (bought["status"], bought["paymentStatus"]) == ("PENDING", "REQUIRES_PAYMENT")
    assert bought["declineMessage"] == "Your card was declined."
    assert "ledger" not in kinds(bought)


def test_3ds_card_passes_through_the_challenge(shell: DemoProcess, capsys: pytest.CaptureFixture[str]) -> None:
    del shell
    _, bought = buy(capsys, "--card", "4000 0027 6000 3184")
    assert bought["status"] == "PAID"
    assert any(item["text"].startswith("payment_intent.requires_action") for item in bought["timeline"])


def test_lost_webhooks_do_not_lose_the_payment(shell: DemoProcess, capsys: pytest.CaptureFixture[str]) -> None:
    del shell
    _, bought = buy(capsys, "--lose-webhook")
    assert bought["status"] == "PAID"
    assert "event" not in kinds(bought)


def test_timeline_is_printed_for_people(shell: DemoProcess, capsys: pytest.CaptureFixture[str]) -> None:
    del shell
    assert run(["demo", "buy", "--card", "4000008400001629", "--locale", "en"]) == 0
    said = capsys.readouterr()
    assert "PENDING" in said.out
    assert "Your card was declined." in said.out
    assert "create_session #1: succeeded" in said.out


def test_card_that_is_no_test_card_is_refused_on_the_hosted_page(
    shell: DemoProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    del shell
    assert run(["demo", "buy", "--json", "--card", "4111111111111111"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "4111111111111111" in said.err
    assert run(["demo", "buy", "--card", "42"]) == 2
    assert run(["demo", "buy", "--locale", "de"]) == 2


def test_confirmation_arrives_in_the_mailbox_with_a_link_that_opens_the_order(
    shell: DemoProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    _, bought = buy(capsys, "--locale", "en")
    mailbox = f"http://127.0.0.1:{shell.ports[2]}"
    with httpx.Client(trust_env=False, base_url=mailbox, headers={"accept-language": "en"}) as client:
        deadline = time.monotonic() + 20
        found: list[dict[str, str]] = []
        while not found and time.monotonic() < deadline:
            found = [mail for mail in client.get("/mails.json").json() if bought["number"] in mail["subject"]]
        (mail,) = found
        assert mail["subject"] == f"Your order {bought['number']} is confirmed"
        assert mail["recipient"] == "camille@example.com"
        assert mail["subject"] in client.get("/").text
        assert "Plain text" in client.get(f"/mail/{mail['key']}").text
        body = client.get(f"/mail/{mail['key']}/body")
        assert "sandbox" in body.headers["content-security-policy"]
        assert client.get("/mail/../demo.env").status_code == 404
        assert client.get("/", headers={"host": "evil.example"}).status_code == 400
        assert client.post("/empty", headers={"origin": "http://evil.example"}).status_code == 403
        link = next(word for word in mail["text"].split() if "/commande/" in word)
        assert httpx.get(link.partition("?")[0], trust_env=False).status_code == 404
        page = client.get(link, follow_redirects=True)
        assert page.status_code == 200
        assert bought["number"] in page.text


def test_other_commands_take_the_running_demos_settings(
    shell: DemoProcess, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECRET_KEY", "SHOP_ID", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert run(["doctor", "--json"]) == 0
    said = capsys.readouterr()
    assert str(shell.data) in said.err
    assert json.loads(said.out)["ok"] is True


def test_production_commands_never_take_the_demos_settings(shell: DemoProcess) -> None:
    command = [sys.executable, "-m", "vivr.cli.main", "worker"]
    ended = subprocess.run(command, env={**shell.variables}, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "SECRET_KEY" in ended.stderr


def test_without_a_running_demo_it_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VIVR_DATA", str(tmp_path))
    assert run(["demo", "buy"]) == 1
    assert "make run" in capsys.readouterr().err
