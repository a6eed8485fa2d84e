"""The command line speaks the terminal's language, and French has every sentence."""

import ast
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import vivr
from vivr.catalogue.findings import SENTENCES
from vivr.cli.language import locale_of
from vivr.invariants.check_money import CHAIN_RULE, INVARIANTS
from vivr.ledger.model import MEANINGS
from vivr.settings import settings_reference

SOURCE = Path(vivr.__file__).parent
SAME_IN_BOTH = {"pages"}


def french() -> dict[str, str]:
    file = files("vivr") / "locale" / "fr" / "LC_MESSAGES" / "commands.po"
    with file.open("rb") as opened:
        return {str(message.id): str(message.string) for message in read_po(opened) if message.id}


def spoken_sentences() -> Iterator[str]:
    """What the code and the mailbox's templates say, and what they pass on from elsewhere."""
    for path in [*(SOURCE / "cli").glob("*.py"), *(SOURCE / "demo").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"say", "translate"}:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield str(first.value)
    for path in (SOURCE / "templates" / "mailbox").glob("*.html"):
        yield from re.findall(r'say\("([^"]+)"\)', path.read_text("utf-8"))
    yield from SENTENCES.values()
    for invariant in INVARIANTS:
        yield invariant.sentence
        yield from (rule.purpose for rule in invariant.rules)
    yield CHAIN_RULE
    yield from MEANINGS.values()
    for setting in settings_reference():
        yield setting.meaning


def test_every_sentence_is_translated() -> None:
    known = french()
    spoken = set(spoken_sentences())
    assert len(spoken) > 200
    assert sorted(sentence for sentence in spoken if not known.get(sentence)) == []


def test_translations_have_the_same_places_for_values() -> None:
    places = re.compile(r"\{(\w+)\}")
    wrong = [key for key, text in french().items() if sorted(places.findall(key)) != sorted(places.findall(text))]
    assert wrong == []


@pytest.mark.parametrize(
    ("environment", "locale"),
    [
        ({}, "fr"),
        ({"LANG": "C.UTF-8"}, "fr"),
        ({"LANG": "de_DE.UTF-8"}, "fr"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_FR", "LC_ALL": "en_US"}, "en"),
        ({"LANG": "en_US", "LC_ALL": "", "LC_MESSAGES": "fr_BE"}, "fr"),
    ],
)
def test_language_follows_the_locale_and_is_french_where_unknown(environment: dict[str, str], locale: str) -> None:
    assert locale_of(environment) == locale
