"""How one setting is declared: the words in which ``table`` is written."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any, Final, TypeVar

from vivr.currencies import CHARGEABLE_CODES, Currency, currency_facts
from vivr.money import AmountTextError, Money, check_chargeable, major_text, parse_major
from vivr.settings.parsers import Unreadable

T = TypeVar("T")

Environment = Mapping[str, str]
"""Variables by name, stripped, without the empty ones."""

CURRENCY_SETTING: Final = "PAYMENT_CURRENCY"
CURRENCY_UNSET: Final = "EUR"
_SPECIFICATION: Final = "setting"


class NotJudged(Exception):  # noqa: N818 - never leaves the reading
    """A value can't be read because of another setting, whose problem is already listed."""


@dataclass(frozen=True, slots=True)
class Specification:
    """One row of the table.

    ``unset`` is the text that stands for an absent variable, or makes it from the others; with None the value is None.
    """

    name: str
    read: Callable[[str, Environment], Any]
    unset: str | Callable[[Environment], str] | None
    meaning: str
    cure_if_missing: str | None


def setting(name: str, read: Callable[[str], T], meaning: str, *, unset: str | Callable[[Environment], str]) -> T:
    """Declare a setting that has a value when the variable is absent."""
    return _declare(name, lambda text, _: read(text), meaning, unset=unset)


def required_setting(name: str, read: Callable[[str], T], meaning: str, *, cure: str) -> T:
    """Declare a setting without which nothing starts; the cure says where its value comes from."""
    return _declare(name, lambda text, _: read(text), meaning, cure_if_missing=cure)


def optional_setting(name: str, read: Callable[[str], T], meaning: str) -> T | None:
    """Declare a setting that is None when the variable is absent."""
    return _declare(name, lambda text, _: read(text), meaning)


def charge_setting(name: str, meaning: str, *, unset: Callable[[Currency], int]) -> Money:
    """Declare an amount in PAYMENT_CURRENCY that Stripe must be able to charge."""

    def text_when_unset(environment: Environment) -> str:
        facts = currency_facts(_known_currency(environment) or CURRENCY_UNSET)
        return major_text(Money(unset(facts), facts.code))

    return _declare(name, _read_charge, meaning, unset=text_when_unset)


def amount_setting(name: str, meaning: str, *, unset: str) -> Money:
    """Declare an amount in PAYMENT_CURRENCY, zero or more."""
    return _declare(name, _read_amount, meaning, unset=unset)


def optional_amount_setting(name: str, meaning: str) -> Money | None:
    """Declare an amount in PAYMENT_CURRENCY, zero or more, that is None when the variable is absent."""
    return _declare(name, _read_amount, meaning)


def specification_of(metadata: Mapping[str, Any]) -> Specification | None:
    """Get the row back from a dataclass field's metadata, if the field is a setting."""
    return metadata.get(_SPECIFICATION)


def _declare(
    name: str,
    read: Callable[[str, Environment], Any],
    meaning: str,
    *,
    unset: str | Callable[[Environment], str] | None = None,
    cure_if_missing: str | None = None,
) -> Any:
    specification = Specification(name, read, unset, meaning, cure_if_missing)
    return field(default=MISSING, metadata={_SPECIFICATION: specification})


def _known_currency(environment: Environment) -> str | None:
    code = environment.get(CURRENCY_SETTING, CURRENCY_UNSET).upper()
    return code if code in CHARGEABLE_CODES else None


def _read_amount(text: str, environment: Environment) -> Money:
    currency = _known_currency(environment)
    try:
        money = parse_major(text, currency or CURRENCY_UNSET)
    except AmountTextError as error:
        if currency is None and error.code != "amount_malformed":
            raise NotJudged from None
        raise Unreadable(
            f"is refused: {error}", "write it in major units with a dot, without a currency sign"
        ) from None
    if money.amount_minor < 0:
        raise Unreadable("is below zero", "write zero or more")
    if currency is None:
        raise NotJudged
    return money


def _read_charge(text: str, environment: Environment) -> Money:
    money = _read_amount(text, environment)
    facts = currency_facts(money.currency)
    low, high = (
        major_text(Money(limit, facts.code)) for limit in (facts.minimum_charge_minor, facts.maximum_charge_minor)
    )
    if check_chargeable(money) is not None:
        raise Unreadable("is not an amount that Stripe charges", f"use {low} to {high} {facts.code}")
    return money
