"""What `vivr doctor --money` prints on a real shop, and how it exits."""

import asyncio
import json
from pathlib import Path

import psycopg
import pytest

from refund_kit import STAFF, paid_order, refund
from shop_kit import SHOP_ID, WEBHOOK_SECRET, Kit
from vivr.audit.seal_chain import seal_chain
from vivr.cli.main import run
from vivr.refunds.model import Wish


@pytest.fixture
def shell(kit: Kit, database_url: str, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that holds this test's shop, in English."""
    settings = kit.shop.settings
    assert settings.stripe_api_base is not None
    for name, value in {
        "SHOP_ID": SHOP_ID,
        "SECRET_KEY": "00112233445566778899aabbccddeeff" * 2,
        "STRIPE_SECRET_KEY": settings.stripe_secret_key.reveal(),
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "STRIPE_API_BASE": settings.stripe_api_base,
        "DATABASE_URL": database_url,
        "LC_ALL": "en",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


async def command(*arguments: str) -> int:
    """Run one command line beside this test's event loop."""
    return await asyncio.to_thread(run, list(arguments))


async def refunded_in_part(kit: Kit) -> str:
    """An order of 29.80 of which 10.00 went back; its id."""
    order, _ = await paid_order(kit)
    await refund(kit, order.id, Wish(amount_minor=1000), STAFF)
    await kit.deliver_all()
    await seal_chain(kit.shop.database)
    return order.id


async def plant(database_url: str, fault: str) -> None:
    """Change something as only somebody who may do everything can."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(fault.encode())


async def test_the_doctor_finds_honest_books_well(
    kit: Kit, shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del shell
    await refunded_in_part(kit)
    assert await command("doctor", "--money") == 0
    said = capsys.readouterr().out
    assert said.count("✓") == 10
    assert "I10" in said
    assert await command("doctor", "--money", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["ok"], shown["timelines"], len(shown["invariants"])) == (True, {}, 10)


async def test_the_doctor_prints_what_breaks_a_promise_and_the_life_of_its_order(
    kit: Kit, database_url: str, shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del shell
    order_id = await refunded_in_part(kit)
    await plant(database_url, "UPDATE payment SET refunded_minor = 999")
    assert await command("doctor", "--money", "--json") == 1
    shown = json.loads(capsys.readouterr().out)
    (broken,) = [one for one in shown["invariants"] if not one["holds"]]
    (rule,) = broken["broken"]
    assert (broken["code"], rule["rule"]) == ("I3", "A payment's sums are those of its refunds.")
    assert [(breach["order_id"], breach["detail"]) for breach in rule["breaches"]] == [
        (order_id, "refunded=999 pending=0")
    ]
    kinds = {item["kind"] for item in shown["timelines"][order_id]}
    assert kinds >= {"history", "operation", "event", "payment", "ledger", "email", "audit"}
    assert await command("doctor", "--money") == 1
    said = capsys.readouterr().out
    assert said.count("✗") == 1
    assert order_id in said
    assert "refunded=999 pending=0" in said


async def test_the_doctor_that_finds_no_database_starts_none_and_exits_2(
    shell: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.delenv("DATABASE_URL")
    shell.setenv("VIVR_DATA", str(tmp_path / "data"))
    assert await command("doctor", "--money") == 2
    assert "DATABASE_URL" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
