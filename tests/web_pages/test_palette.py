"""The colours of both themes keep WCAG 2.2 AA: 4.5 to 1 for text, 3 to 1 for edges that must be seen."""

import re
from importlib.resources import files

import pytest

STYLES = (files("vivr") / "static" / "styles" / "base.css").read_text("utf-8")
THEMES = {"light": 0, "dark": 1}

TEXT = [
    ("ink", "paper"), ("ink", "surface"), ("ink", "tile"), ("soft", "paper"), ("soft", "surface"), ("soft", "tile"),
    ("accent", "paper"), ("accent", "surface"), ("on-accent", "accent"), ("on-accent", "accent-deep"),
    ("good", "good-wash"), ("warn", "warn-wash"), ("bad", "bad-wash"), ("bad", "paper"), ("bad", "surface"),
    ("ink", "good-wash"), ("ink", "warn-wash"), ("ink", "bad-wash"), ("ink", "accent-wash"), ("paper", "ink"),
]  # fmt: skip
EDGES = [("edge", "paper"), ("edge", "surface"), ("accent", "paper"), ("good", "paper"), ("bad", "surface")]


def colours(theme: str) -> dict[str, str]:
    """Name -> hexadecimal colour of a theme."""
    block = re.findall(r":root \{(.*?)\}", STYLES, re.DOTALL)[THEMES[theme]]
    found = re.findall(r"--([a-z-]+): #([0-9a-f]{3,6});", block)
    return {name: value if len(value) == 6 else "".join(digit * 2 for digit in value) for name, value in found}


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The ratio between the lighter and the darker colour."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_is_21_to_1() -> None:
    assert contrast("000000", "ffffff") == pytest.approx(21.0)


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read(theme: str) -> None:
    named = colours(theme)
    weak = {(text, ground): contrast(named[text], named[ground]) for text, ground in TEXT}
    assert {pair: round(ratio, 2) for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_edges_of_fields_can_be_seen(theme: str) -> None:
    named = colours(theme)
    weak = {(line, ground): contrast(named[line], named[ground]) for line, ground in EDGES}
    assert {pair: round(ratio, 2) for pair, ratio in weak.items() if ratio < 3} == {}
