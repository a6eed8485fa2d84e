"""The settings' page in docs/operations is what the code says; run this file to write it anew."""

from pathlib import Path

from vivr.invariants.check_money import INVARIANTS
from vivr.invariants.invariant import is_timed
from vivr.ledger.model import MEANINGS, LedgerAccount
from vivr.settings import settings_reference

PAGE = Path(__file__).parents[2] / "docs" / "operations" / "settings.md"

HEAD = """# Settings

Environment variables, read once at the start. A name that looks like one of these but is none is refused, and so is
every value that can't be used, all at once; `vivr doctor` shows them with the values in force. An empty value is an
absent one.
Amounts are decimals in major units of `PAYMENT_CURRENCY`. This page is written by `tests/unit/test_operations_docs.py`.

| setting | when unset | meaning |
|---|---|---|
"""


def page() -> str:
    """The page as it must be."""
    lines: list[str] = []
    for setting in settings_reference():
        unset = "**required**" if setting.is_required else f"`{setting.unset}`" if setting.unset else "–"
        lines.append(f"| `{setting.name}` | {unset} | {setting.meaning.replace('|', chr(92) + '|')} |\n")
    return HEAD + "".join(lines)


def test_settings_page_is_what_the_code_says() -> None:
    assert PAGE.read_text("utf-8") == page()


def test_the_money_page_promises_what_is_checked() -> None:
    written = PAGE.with_name("money.md").read_text("utf-8")
    promises = [f"| {one.code} | {one.sentence} |" for one in INVARIANTS]
    # I7 is about connections, whose 10 seconds nobody waits for.
    times = [f"- {rule.purpose}" for one in INVARIANTS if one.code != "I7" for rule in one.rules if is_timed(rule)]
    assert len(times) == 9
    assert [line for line in promises + times if line not in written] == []


def test_the_ledger_page_names_every_account() -> None:
    written = PAGE.with_name("ledger.md").read_text("utf-8")
    assert [f"| `{account}` | {MEANINGS[account]} |" for account in LedgerAccount] == [
        line for line in written.splitlines() if line.startswith("| `") and "vivr" not in line
    ]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
