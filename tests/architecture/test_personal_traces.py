"""Rule 11 at run time: ``personal_traces`` looks through logs and databases of a whole test run; it is not blind."""

import logging
from pathlib import Path

import psycopg
import pytest
import structlog

from cluster import Databases
from personal_traces import ALLOWED_COLUMNS, VISITOR, Traces, traces
from shop_kit import CONTACT


@pytest.mark.parametrize(
    "text",
    [
        "order.placed to anna@example.com",
        "postgresql://vivr:hush@db.internal.fr/vivr",
        f"request.done from {VISITOR}",
        "request.done from 2001:db8::7",
        "called +33 6 12 34 56 78",
        "called +33612345678",
        "paid with 4242 4242 4242 4242",
        "paid with 5555555555554444",
        "paid with 378282246310005",
        "debit of DE89370400440532013000",
        "debit of FR14 2004 1010 0505 0001 3M02 606",
        "key sk_test_4eC39HqLyjWDarjt",
        "pi_1_secret_abcdef123",
        f"to {CONTACT.address.name}",
        f"to {CONTACT.address.line1}",
        "by Mozilla/5.0 (X11; Linux x86_64)",
    ],
)
def test_what_tells_who_somebody_is_is_found(text: str) -> None:
    assert list(traces(text)) != []


@pytest.mark.parametrize(
    "text",
    [
        '{"order": "ord_01m84tap46mtsbzc6fsgjv23kg", "at": "2026-11-23T18:22:41.123456Z", "event": "order.placed"}',
        "Uvicorn running on http://127.0.0.1:8000 and 0.0.0.0:8000",
        "4242424242424241 is no card, and 1732384961123 a moment",
        "cs_test_a1F0Yd1CY4PnVzGn1oWgSeOTBeo9V41FcR49BdxRH5aafYhnWsNdKAoD1a",
        "DE00370400440532013000 is no account",
        "psycopg 3.3.9, Python 3.11.7",
    ],
)
def test_ids_times_and_versions_pass(text: str) -> None:
    assert list(traces(text)) == []


def test_a_log_line_of_either_library_is_looked_through(personal_traces: Traces) -> None:
    structlog.stdlib.get_logger("vivr.test").info("order.placed", to="anna@example.com")
    logging.getLogger("vivr.test").warning("written to %s", "bert@mail.fr")
    first, *others = personal_traces.new_complaints()
    assert first.startswith("log: somebody of the tests (@example.)")
    assert [complaint.partition(" in ")[0] for complaint in others] == [
        "log: an e-mail address (anna@example.com)",
        "log of vivr.test: an e-mail address (bert@mail.fr)",
    ]


def test_a_database_is_looked_through_before_it_is_emptied(databases: Databases, personal_traces: Traces) -> None:
    with databases.lend() as url, psycopg.connect(url, autocommit=True) as opened:
        opened.execute(
            "INSERT INTO audit_row (at, actor, role, action, object_type, object_id, outcome, request_id) "
            "VALUES (now(), 'anna@example.com', 'system', 'test.done', 'test', '1', 'done', 'req_1')"
        )
        opened.execute(
            "INSERT INTO client_request (principal, route, key, subject_id, fields, status, lease_until, created_at, "
            "expires_at, answer_sealed) "
            "VALUES ('p', 'r', 'k', 's', '{}', 201, now(), now(), now(), 'to Anna Martin'::bytea)"
        )
    assert sorted(complaint.partition(" in ")[0] for complaint in personal_traces.new_complaints()) == [
        "table audit_row.actor: an e-mail address (anna@example.com)",
        "table audit_row.actor: somebody of the tests (@example.)",
        "table client_request.answer_sealed: somebody of the tests (Anna Martin)",
    ]


def test_the_log_files_of_processes_are_looked_through(tmp_path: Path) -> None:
    found = Traces(tmp_path)
    for name in ("web.log", "sandbox.log"):
        (tmp_path / name).write_text(f"request.done\nfrom {VISITOR}\n", "utf-8")
    found.look_at_files()
    for file in tmp_path.iterdir():
        file.unlink()  # the whole run's look comes at its end
    assert found.new_complaints() == [f"web.log: an IP address ({VISITOR}) in 'from {VISITOR}'"]


def test_columns_that_may_hold_what_came_are_there(schema: psycopg.Connection) -> None:
    rows = schema.execute("SELECT table_name, column_name FROM information_schema.columns").fetchall()
    assert set(ALLOWED_COLUMNS) <= {tuple(row) for row in rows}
