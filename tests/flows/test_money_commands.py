"""What `vivr doctor --money` prints on a real shop, and how it exits."""

import json
from pathlib import Path

import psycopg
import pytest

from books_kit import books
from command_kit import vivr
from money_probe import control
from refund_kit import STAFF, paid_order, refund
from shop_kit import Kit
from vivr.audit.seal_chain import seal_chain
from vivr.cli.language import own_locale
from vivr.refunds.model import Wish


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
    assert await vivr("doctor", "--money") == 0
    said = capsys.readouterr().out
    assert said.count("✓") == 10
    assert "I10" in said
    assert await vivr("doctor", "--money", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["ok"], shown["timelines"], len(shown["invariants"])) == (True, {}, 10)


async def test_the_doctor_prints_what_breaks_a_promise_and_the_life_of_its_order(
    kit: Kit, database_url: str, shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del shell
    order_id = await refunded_in_part(kit)
    await plant(database_url, "UPDATE payment SET refunded_minor = 999")
    capsys.readouterr()
    assert await vivr("doctor", "--money", "--json") == 1
    shown = json.loads(capsys.readouterr().out)
    (broken,) = [one for one in shown["invariants"] if not one["holds"]]
    (rule,) = broken["broken"]
    assert (broken["code"], rule["rule"]) == ("I3", "A payment's sums are those of its refunds.")
    assert [(breach["order_id"], breach["detail"]) for breach in rule["breaches"]] == [
        (order_id, "refunded=999 pending=0")
    ]
    kinds = {item["kind"] for item in shown["timelines"][order_id]}
    assert kinds >= {"history", "operation", "event", "payment", "ledger", "email", "audit"}
    assert await vivr("doctor", "--money") == 1
    said = capsys.readouterr().out
    assert said.count("✗") == 1
    assert order_id in said
    assert "refunded=999 pending=0" in said


async def test_the_doctor_that_finds_no_database_starts_none_and_exits_2(
    shell: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.delenv("DATABASE_URL")
    shell.setenv("VIVR_DATA", str(tmp_path / "data"))
    assert await vivr("doctor", "--money") == 2
    assert "DATABASE_URL" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


async def test_the_ledger_shows_its_accounts_and_entries_and_what_breaks_them(
    kit: Kit, database_url: str, shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    order_id = await refunded_in_part(kit)
    await control(kit, "POST", "clock", {"advance_s": 60})
    await books(kit)
    capsys.readouterr()
    assert await vivr("ledger", "balance", "--json") == 0
    stands = {(one["account"], one["currency"]): one["amount_minor"] for one in json.loads(capsys.readouterr().out)}
    assert sum(stands.values()) == 0
    assert stands["fx_clearing", "EUR"] == 0
    assert await vivr("ledger", "entries", "--order", order_id, "--kind", "refund", "--json") == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["kind"] == "refund"
    assert {"account": "fx_clearing", "currency": "EUR", "amount_minor": -1000} in entry["postings"]
    assert await vivr("ledger", "entries", "--kind", "refund") == 0
    assert "€10.00" in capsys.readouterr().out
    assert await vivr("ledger", "verify") == 0
    assert capsys.readouterr().out.count("✓") == 1
    shell.setenv("LC_ALL", "fr")
    own_locale.cache_clear()
    assert await vivr("ledger", "balance") == 0
    assert "Les marchandises vendues, hors TVA." in capsys.readouterr().out
    await plant(
        database_url, "UPDATE ledger_posting SET amount_minor = amount_minor - 1 WHERE ledger_account = 'sales'"
    )
    assert await vivr("ledger", "verify", "--json") == 1
    (books_verdict,) = json.loads(capsys.readouterr().out)["invariants"]
    assert (books_verdict["code"], books_verdict["holds"]) == ("I2", False)


async def test_bad_options_of_the_books_exit_2_and_say_why(
    shell: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del shell
    assert await vivr("ledger", "entries", "--limit", "0") == 2
    assert await vivr("audit", "verify", "--head", str(tmp_path / "none")) == 2
    assert "can't be read" in capsys.readouterr().err
    nonsense = tmp_path / "heads"
    nonsense.write_text('{"sequence": 1, "hash": "00", "rows": 1, "at": null}')
    assert await vivr("audit", "verify", "--head", str(nonsense)) == 2
    assert "holds no exported head" in capsys.readouterr().err
    assert await vivr("audit", "export", str(tmp_path / "none" / "heads")) == 2


async def test_a_chain_that_was_computed_anew_is_told_by_a_head_that_was_kept(
    kit: Kit, database_url: str, shell: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del shell
    kept = str(tmp_path / "heads.jsonl")
    assert await vivr("audit", "export", kept) == 0
    await refunded_in_part(kit)
    assert await vivr("audit", "export", kept) == 0
    assert await vivr("audit", "export") == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert await vivr("audit", "verify", "--head", kept, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"ok": True, "rows": rows, "heads": 2, "broken_from": None}
    await plant(database_url, "UPDATE audit_row SET actor = 'staff:per_2' WHERE id = (SELECT max(id) FROM audit_row)")
    assert await vivr("audit", "verify", "--json") == 1
    assert json.loads(capsys.readouterr().out)["broken_from"] == rows
    await plant(database_url, "DELETE FROM audit_link")
    await seal_chain(kit.shop.database)
    assert await vivr("audit", "verify") == 0
    assert await vivr("audit", "verify", "--head", kept) == 1
    assert "breaks from row 1 on" in capsys.readouterr().out
