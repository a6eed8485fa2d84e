"""Settings shown to people: what they are, where they came from and which have no effect yet; secrets stay masked."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, cast

from vivr.money import Money, major_text
from vivr.settings.reading import SPECIFICATIONS
from vivr.settings.table import Settings

NO_EFFECT_YET: Final = frozenset(
    (
        "DATA_RETENTION_DAYS",
        "FRAUD_BLOCK_SCORE",
        "FRAUD_REVIEW_SCORE",
        "LOG_RETENTION_DAYS",
        "PCI_DSS_LEVEL",
    )
)
"""Settings that are read and judged although nothing uses them so far; strike a name out when its feature is built."""

_UNITS: Final = (("days", timedelta(days=1)), ("min", timedelta(minutes=1)), ("s", timedelta(seconds=1)))


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as it is: the variable, its masked value, where that came from, and what it means."""

    name: str
    shown: str
    source: Literal["environment", "default"]
    note: str


@dataclass(frozen=True, slots=True)
class SettingReference:
    """One setting as documented; ``unset`` is its value when unset: a text, None, or another setting's doing."""

    name: str
    unset: str | None
    is_required: bool
    meaning: str


def describe_settings(settings: Settings) -> list[SettingRow]:
    """List every setting in the table's order, for ``vivr doctor``."""
    return [
        SettingRow(
            name=specification.name,
            shown=_show(getattr(settings, field_name)),
            source="environment" if specification.name in settings.provided else "default",
            note=f"no effect yet. {specification.meaning}"
            if specification.name in NO_EFFECT_YET
            else specification.meaning,
        )
        for field_name, specification in SPECIFICATIONS
    ]


def settings_without_effect(settings: Settings) -> tuple[str, ...]:
    """Name the variables that someone set although nothing uses them so far, in the table's order."""
    return tuple(
        specification.name
        for _, specification in SPECIFICATIONS
        if specification.name in NO_EFFECT_YET and specification.name in settings.provided
    )


def settings_reference() -> list[SettingReference]:
    """List every setting for the documentation, in the table's order."""
    return [
        SettingReference(
            name=specification.name,
            unset=specification.unset if isinstance(specification.unset, str) else None,
            is_required=specification.cure_if_missing is not None,
            meaning=specification.meaning,
        )
        for _, specification in SPECIFICATIONS
    ]


def _show(value: object) -> str:
    """Write a value for people; a ``Secret`` writes its hint, also inside a list."""
    match value:
        case None | ():
            return "not set"
        case Money():
            return f"{major_text(value)} {value.currency}"
        case timedelta():
            return _show_duration(value)
        case bool():
            return str(value).lower()
        case _:
            parts = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
            return ", ".join(str(part) for part in parts)


def _show_duration(value: timedelta) -> str:
    for unit_name, unit in _UNITS:
        if not value % unit:
            return f"{value // unit} {unit_name}"
    return f"{value // timedelta(milliseconds=1)} ms"
