"""Parts of a form: the fields of one kind, numbers, and what a page shows again when a field was wrong. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ShownForm:
    """What a form shows: the values that were typed, and the code of the rule that each wrong one breaks."""

    values: Mapping[str, str] = field(default_factory=dict[str, str])
    errors: Mapping[str, str] = field(default_factory=dict[str, str])


def fields_of(form: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The fields whose names begin with a prefix, by the rest of the name."""
    return {name.removeprefix(prefix): value.strip() for name, value in form.items() if name.startswith(prefix)}


def read_quantity(text: str) -> int | None:
    """A whole number of up to four digits, or None."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 4 else None  # noqa: PLR2004 - 1000 is the most
