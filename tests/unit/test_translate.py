"""Languages: which one is answered in, and that French misses no sentence."""

import ast
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import vivr
from vivr import errors
from vivr.constraints import error_code_of
from vivr.money_exceptions.explain import SENTENCES as STORIES_AND_CHOICES
from vivr.translate import preferred_locale, translator
from vivr.web.error_table import ERRORS, FIELDS

SOURCE = Path(vivr.__file__).parent
CATALOGUE = SOURCE / "locale" / "fr" / "LC_MESSAGES" / "vivr.po"
SENTENCES = sorted({sentence for _, sentence in ERRORS.values()} | set(FIELDS.values()) | set(STORIES_AND_CHOICES))
# The worker's and the importer's own: they are told in logs and on the command line.
NEVER_ON_THE_WEB = {
    "address_gone",
    "import_running",
    "kind_unknown",
    "no_account",
    "no_staff_address",
    "staff_not_found",
}
KINDS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.VivrError)}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_has_a_french_one_with_the_same_details(sentence: str) -> None:
    french = translator("fr").gettext(sentence)
    assert french != sentence
    assert _names(french) == _names(sentence)


def test_the_catalogue_has_no_sentence_that_nobody_says() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="fr")
    assert {str(message.id) for message in catalogue if message.id} == set(SENTENCES)
    assert not [message.id for message in catalogue if message.fuzzy]


def test_english_sentences_are_their_own_keys() -> None:
    assert translator("en").gettext(SENTENCES[0]) == SENTENCES[0]


def test_every_code_that_is_raised_has_a_sentence() -> None:
    raised = {code for path in SOURCE.rglob("*.py") for code in _codes(path)}
    assert len(raised) > 20
    assert raised - ERRORS.keys() == NEVER_ON_THE_WEB


def test_the_codes_of_known_constraints_have_a_sentence() -> None:
    known = (
        "person_confirmed_email_once",
        "cart_line_product_exists",
        "product_reserved_within_stock",
        "payment_open_once",
    )
    assert {error_code_of(constraint) for constraint in known} <= ERRORS.keys()


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, "fr"),
        ("", "fr"),
        ("en", "en"),
        ("EN-us", "en"),
        ("fr", "fr"),
        ("de", "fr"),
        ("*", "fr"),
        ("de,en;q=0.5", "en"),
        ("en;q=0.5,fr;q=0.6", "fr"),
        ("fr;q=0.5,en;q=0.5", "fr"),
        ("en;q=0,fr;q=0.1", "fr"),
        ("en;q=0", "fr"),
        ("en;q=2", "fr"),
        ("en;q=x", "fr"),
        ("en;level=1", "en"),
        (",,;;", "fr"),
        ("de," * 10 + "en", "fr"),
    ],
)
def test_the_language_is_the_first_wish_that_we_speak(header: str | None, locale: str) -> None:
    assert preferred_locale(header) == locale


def _names(sentence: str) -> set[str]:
    return {part.partition("}")[0] for part in sentence.split("{")[1:]}


def _codes(path: Path) -> set[str]:
    """The codes of errors that a module makes with a literal text."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS and node.args:
            code = node.args[0]
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                found.add(code.value)
    return found
