"""Sentences in the customer's language: gettext catalogues, English as the key and French complete.

A domain is one catalogue: ``vivr`` for errors, e-mails and the command line, ``storefront`` for pages. The ``.po``
files are the source; a compiled ``.mo`` beside one is used if it is there, and otherwise the catalogue is compiled in
memory, so that no build step is needed.
"""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES: Final = ("fr", "en")
DEFAULT_LOCALE: Final = "fr"


@cache
def translator(locale: str, domain: str = "vivr") -> NullTranslations:
    """The catalogue of a language; ``gettext`` and ``ngettext`` of the answer translate.

    Args:
        locale: ``fr`` or ``en``; English needs no catalogue, because its sentences are the keys.
        domain: the catalogue's name.
    """
    folder = files("vivr") / "locale" / locale / "LC_MESSAGES"
    compiled = folder / f"{domain}.mo"
    if compiled.is_file():
        return GNUTranslations(BytesIO(compiled.read_bytes()))
    source = folder / f"{domain}.po"
    if not source.is_file():
        return NullTranslations()
    buffer = BytesIO()
    write_mo(buffer, read_po(BytesIO(source.read_bytes()), locale=locale, domain=domain))
    buffer.seek(0)
    return GNUTranslations(buffer)


def preferred_locale(accept_language: str | None) -> str:
    """The language to answer in by ``Accept-Language`` (RFC 9110, 12.5.4); French where it names none of ours.

    Only the first ten wishes count; a wish of weight 0 is none.
    """
    wishes: list[tuple[float, int, str]] = []
    for place, part in enumerate((accept_language or "").split(",")[:10]):
        tag, _, parameters = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language in LOCALES:
            wishes.append((-_weight(parameters), place, language))
    best = min(wishes, default=(0.0, 0, DEFAULT_LOCALE))
    return best[2] if best[0] < 0 else DEFAULT_LOCALE


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
