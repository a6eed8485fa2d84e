"""From the environment to ``Settings``, or to the list of everything that is wrong with it."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, Final

from vivr.settings.declaration import Environment, NotJudged, Specification, specification_of
from vivr.settings.parsers import Unreadable
from vivr.settings.rules import broken_rules
from vivr.settings.table import Settings
from vivr.settings.values import Problem, SettingsError

SPECIFICATIONS: Final = tuple(
    (field.name, specification)
    for field in fields(Settings)
    if (specification := specification_of(field.metadata)) is not None
)
"""The table's rows by field name, in the table's order."""

_NAMES: Final = tuple(specification.name for _, specification in SPECIFICATIONS)

# A misspelt setting would silently have its default. These beginnings are ours or Stripe's; no other program is hit.
_GUARDED_PREFIXES: Final = ("STRIPE_", "PAYMENT_", "VIVR_", "SHIPPING_", "RATE_LIMIT_", "FRAUD_")
# What other programs read under those beginnings: the Stripe CLI and our own tests.
_FOREIGN_NAMES: Final = frozenset(("STRIPE_CLI_TELEMETRY_OPTOUT", "STRIPE_DEVICE_NAME", "VIVR_TEST_DATABASE_URL"))
# Names that other shops use, too far from ours for a comparison of letters.
_OTHER_SHOPS_NAMES: Final = {
    "STRIPE_API_KEY": "STRIPE_SECRET_KEY",
    "STRIPE_KEY": "STRIPE_SECRET_KEY",
    "STRIPE_ENDPOINT_SECRET": "STRIPE_WEBHOOK_SECRET",
    "STRIPE_PUBLIC_KEY": "STRIPE_PUBLISHABLE_KEY",
}


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read and judge every setting at once.

    Spaces around a value don't count and an empty value is an absent one, as in ``.env`` files and container tools.

    Raises:
        SettingsError: with every problem found, never only the first, and never a value.
    """
    present = {name: text.strip() for name, text in environment.items() if text.strip()}
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field_name, specification in SPECIFICATIONS:
        try:
            values[field_name] = _value(specification, present)
        except NotJudged:
            continue
        except Unreadable as unreadable:
            # A value made from another variable fails with it; the problem is named once, where it was written.
            if specification.name in present or specification.cure_if_missing is not None:
                problems.append(Problem(specification.name, unreadable.problem, unreadable.cure))
    problems.extend(broken_rules(values))
    problems.extend(_unknown_names(present))
    if problems:
        raise SettingsError(tuple(problems))
    return Settings(provided=frozenset(name for name in _NAMES if name in present), **values)


def _value(specification: Specification, present: Environment) -> Any:
    text = present.get(specification.name)
    if text is not None:
        return specification.read(text, present)
    if specification.cure_if_missing is not None:
        raise Unreadable("is missing", specification.cure_if_missing)
    if specification.unset is None:
        return None
    unset = specification.unset if isinstance(specification.unset, str) else specification.unset(present)
    return specification.read(unset, present)


def _unknown_names(present: Environment) -> Iterator[Problem]:
    for name in sorted(present):
        if name in _NAMES or name in _FOREIGN_NAMES or not name.startswith(_GUARDED_PREFIXES):
            continue
        close = get_close_matches(name, _NAMES, n=1, cutoff=0.8)
        meant = _OTHER_SHOPS_NAMES.get(name) or (close[0] if close else None)
        yield Problem(name, "is no setting of VIVR", f"did you mean {meant}?" if meant else "remove it")
