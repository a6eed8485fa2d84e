"""The language of the command line: by LC_ALL, LC_MESSAGES or LANG; French when unknown."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Final

from vivr.translate import DEFAULT_LOCALE, LOCALES, translator

DOMAIN: Final = "commands"
"""The catalogue of the command line and the demo: ``locale/fr/LC_MESSAGES/commands.po``."""


def locale_of(environment: Mapping[str, str]) -> str:
    """``fr`` or ``en``: the first variable that is set decides, and what is neither is French."""
    wish = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    language = wish[:2].lower()
    return language if language in LOCALES else DEFAULT_LOCALE


@cache
def own_locale() -> str:
    """The language of the person at the terminal."""
    return locale_of(os.environ)


def translate(text: str) -> str:
    """A sentence in the terminal's language, where the catalogue knows it; braces in it mean nothing."""
    return translator(own_locale(), DOMAIN).gettext(text)


def say(text: str, /, **values: object) -> str:
    """A sentence in the language of the person at the terminal.

    Args:
        text: the English sentence, with ``{name}`` where a value goes.
        values: the values by name.
    """
    return translate(text).format(**values)
