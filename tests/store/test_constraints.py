"""Every constraint of the schema means something to a caller, on purpose: its name decides its error code."""

import pytest

from money_rows import ask
from vivr.constraints import _OWN_CODES, error_code_of
from vivr.database import Database

NAMED = """
    SELECT conname::text AS name, contype::text AS kind, conrelid::regclass::text AS of_table
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f', 'c', 'x', 't')
    UNION ALL
    SELECT indexrelid::regclass::text, 'i', indrelid::regclass::text
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE indisunique AND relnamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
    UNION ALL
    SELECT tgname::text, 'g', tgrelid::regclass::text FROM pg_trigger
    WHERE NOT tgisinternal AND tgconstraint = 0
    """
EXPECTED = {
    "p": {"already_exists"},
    "u": {"already_exists"},
    "i": {"already_exists"},
    "f": {"reference_missing"},
    "c": {"rule_broken"},
    "t": {"entry_unbalanced"},
    "g": {"append_only"},
}
"""What a constraint of a kind means, unless it has a code of its own."""


async def test_every_constraint_has_the_code_of_its_kind_or_one_of_its_own(database: Database) -> None:
    found = await ask(database, NAMED)
    assert len(found) > 150
    wrong = {
        row["name"]: (row["kind"], error_code_of(row["name"]))
        for row in found
        if row["name"] not in _OWN_CODES and error_code_of(row["name"]) not in EXPECTED[row["kind"]]
    }
    assert wrong == {}


async def test_every_code_of_its_own_belongs_to_a_constraint_that_exists(database: Database) -> None:
    names = {row["name"] for row in await ask(database, NAMED)}
    assert set(_OWN_CODES) - names == set()


async def test_constraints_are_named_after_their_table(database: Database) -> None:
    found = [row for row in await ask(database, NAMED) if not row["of_table"].startswith("pgqueuer")]
    assert [row for row in found if not row["name"].startswith(f"{row['of_table']}_")] == []


async def test_no_two_constraints_share_a_name(database: Database) -> None:
    names = [row["name"] for row in await ask(database, NAMED)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("payment_open_once", "payment_in_progress"),
        ("payment_session_once", "already_exists"),
        ("order_line_append_only", "append_only"),
        ("operation_order_exists", "reference_missing"),
        ("orders_total_adds_up", "rule_broken"),
        ("unnamed", "rule_broken"),
        ("", "rule_broken"),
    ],
)
def test_a_name_decides_the_code(name: str, code: str) -> None:
    assert error_code_of(name) == code
