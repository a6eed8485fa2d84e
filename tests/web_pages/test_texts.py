"""Every sentence of the pages exists in French, set as French printers set it."""

import re
from collections.abc import Iterator
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import cast

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

SOURCE = Path(str(files("vivr")))
OPTIONS = {"**.html": {"newstyle_gettext": "true", "silent": "false"}}


def asked_for() -> set[str]:
    """The sentences of all templates that people see in a browser."""
    methods = [("email/**", "ignore"), ("mailbox/**", "ignore"), ("**.html", "jinja2")]
    found = extract_from_dir(str(SOURCE / "templates"), method_map=methods, options_map=OPTIONS)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def french() -> dict[str, tuple[str, ...]]:
    """Key -> its French sentence, or its singular and plural."""
    text = (SOURCE / "locale/fr/LC_MESSAGES/storefront.po").read_bytes()
    catalogue = read_po(BytesIO(text), locale="fr")
    return {_key(message): _texts(message) for message in cast("Iterator[Message]", catalogue) if message.id}


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _texts(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def test_every_sentence_of_a_page_is_translated() -> None:
    translated = {key for key, texts in french().items() if all(texts)}
    assert asked_for() - translated == set()


def test_no_french_sentence_is_left_over() -> None:
    assert french().keys() - asked_for() == set()


def test_french_keeps_the_names_of_its_sentence() -> None:
    for key, texts in french().items():
        for text in texts:
            assert set(re.findall(r"%\((\w+)\)s", text)) <= {*re.findall(r"%\((\w+)\)s", key), "n"}, key


@pytest.mark.parametrize(
    ("rule", "mistake"),
    [
        ("a narrow no-break space stands before ; ! ?", r"(?<!\u202f)[;!?]"),
        ("a no-break space stands before : and inside guillemets", r"(?<!\u00a0):|«(?!\u00a0)|(?<!\u00a0)»"),
        ("the apostrophe is curved", r"'"),
    ],
)
def test_french_is_set_as_printers_set_it(rule: str, mistake: str) -> None:
    wrong = [text for texts in french().values() for text in texts if re.search(mistake, text)]
    assert wrong == [], rule
