"""Money: an exact integer of minor units and a currency; parsing, showing, sharing out, and what Stripe would refuse.

``amount_minor`` has one meaning everywhere: the integer that Stripe has on its wire. 24.90 EUR is 2490, 500 JPY is 500,
1.230 KWD is 1230, and 5 ISK is 500 because Stripe sends ISK and UGX with two decimals that must be 00. No float ever
stands for money; ``Decimal`` appears only where text is parsed or shown.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, Self

from babel.numbers import format_currency, format_decimal, get_currency_precision

from vivr.currencies import Currency, currency_facts

ChargeRefusal = Literal["amount_not_whole", "amount_below_minimum", "amount_above_maximum"]
"""Why Stripe would refuse to charge an amount, in order of precedence."""

TextRefusal = Literal["amount_malformed", "amount_too_precise", "amount_not_whole"]
"""Why a text is no amount in a currency, in order of precedence."""

# Plain digits with at most one dot. Fifteen digits before the dot keep every amount inside a PostgreSQL bigint.
_MAJOR_TEXT: Final = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]+))?", re.ASCII)


class CurrencyMismatch(ValueError):  # noqa: N818 - the rule's own word; an Error suffix would add nothing
    """Two amounts of different currencies met in one calculation or comparison."""


class AmountTextError(ValueError):
    """A text that is no exact amount in its currency; ``code`` says why and never quotes the text."""

    def __init__(self, code: TextRefusal, message: str) -> None:
        super().__init__(message)
        self.code: TextRefusal = code


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in Stripe's wire minor units and an upper-case ISO 4217 currency code.

    Equal only if both fields are equal; ordered, added and subtracted only within one currency (``CurrencyMismatch``).

    Raises:
        TypeError: the amount is not an ``int`` (a ``bool`` or a ``float`` is none).
        ValueError: the currency is not three upper-case letters.
    """

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise TypeError(f"amount_minor must be an int, not {type(self.amount_minor).__name__}")
        currency_facts(self.currency)

    def __add__(self, other: Self) -> "Money":
        return Money(self.amount_minor + self._minor_of(other), self.currency)

    def __sub__(self, other: Self) -> "Money":
        return Money(self.amount_minor - self._minor_of(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(self.amount_minor * quantity, self.currency)

    def __lt__(self, other: Self) -> bool:
        return self.amount_minor < self._minor_of(other)

    def __le__(self, other: Self) -> bool:
        return self.amount_minor <= self._minor_of(other)

    def __gt__(self, other: Self) -> bool:
        return self.amount_minor > self._minor_of(other)

    def __ge__(self, other: Self) -> bool:
        return self.amount_minor >= self._minor_of(other)

    @property
    def is_zero(self) -> bool:
        """Whether nothing is left."""
        return self.amount_minor == 0

    def _minor_of(self, other: Self) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} meets {other.currency}")
        return other.amount_minor


def sum_money(amounts: Iterable[Money], currency: str) -> Money:
    """Add up amounts of one currency; the currency is named so that the sum of nothing is zero of it.

    Raises:
        CurrencyMismatch: an amount has another currency.
    """
    total = Money(0, currency)
    for amount in amounts:
        total += amount
    return total


def parse_major(text: str, currency: str) -> Money:
    """Read an amount in major units, exactly: ``"24.90"`` in EUR is 2490 minor units.

    Only ASCII digits, one dot and a leading minus are taken: no exponent, no thousands separator, no comma, no spaces,
    and no more decimals than the currency has on Stripe's wire (not even zeros, which could be a thousands group).

    Raises:
        AmountTextError: ``amount_malformed``, ``amount_too_precise``, or ``amount_not_whole`` where Stripe wants the
            last decimals to be zero (ISK, UGX, and the third decimal of BHD, JOD, KWD, OMR, TND).
    """
    facts = currency_facts(currency)
    match = _MAJOR_TEXT.fullmatch(text)
    if match is None:
        raise AmountTextError("amount_malformed", "not a plain decimal amount, such as 24 or 24.90")
    sign, whole, fraction = match[1], match[2], match[3] or ""
    if len(fraction) > facts.exponent:
        raise AmountTextError("amount_too_precise", f"{currency} has {facts.exponent} decimals at most")
    amount_minor = int(sign + whole + fraction.ljust(facts.exponent, "0"))
    if amount_minor % facts.step_minor != 0:
        raise AmountTextError("amount_not_whole", f"{currency} goes in steps of {_step_text(facts)}")
    return Money(amount_minor, currency)


def major_text(money: Money) -> str:
    """Write an amount in major units with all its wire decimals, for forms, CSV and JSON: ``"24.90"``, ``"-0.05"``."""
    exponent = currency_facts(money.currency).exponent
    sign = "-" if money.amount_minor < 0 else ""
    digits = str(abs(money.amount_minor)).rjust(exponent + 1, "0")
    return f"{sign}{digits}" if exponent == 0 else f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"


def format_money(money: Money, locale: str) -> str:
    """Show an amount as a language writes it: ``24,90 €`` in fr (with no-break spaces), ``€24.90`` in en.

    The number of decimals is the currency's own in the locale data; an amount that this would round is shown in full
    instead, because a hidden fraction makes a sum look wrong.
    """
    value = Decimal(major_text(money))
    readable_digits = get_currency_precision(money.currency)
    is_exact = value == round(value, readable_digits)
    return format_currency(value, money.currency, locale=locale, currency_digits=is_exact)


def format_rate(rate_bp: int, locale: str) -> str:
    """Show hundredths of a percent as a language writes a percentage, without its sign: ``5,5`` for 550 in fr."""
    return format_decimal(Decimal(rate_bp).scaleb(-2), format="#,##0.##", locale=locale)


def allocate(total: Money, weights: Sequence[int]) -> list[Money]:
    """Share a total out in proportion to weights, by largest remainder; equal remainders go to the earlier position.

    The parts sum to the total exactly, keep its sign, and a weight of zero gets nothing. A total that Stripe can charge
    is shared in steps that Stripe can charge (100 minor units in ISK), so that each part may be a line of a session.

    Raises:
        ValueError: there is no weight, a weight is negative, or all are zero.
    """
    weight_sum = sum(weights)
    if weight_sum <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative and not all zero")
    step_minor = currency_facts(total.currency).step_minor
    unit_minor = step_minor if total.amount_minor % step_minor == 0 else 1
    sign = -1 if total.amount_minor < 0 else 1
    units = abs(total.amount_minor) // unit_minor

    shares = [units * weight // weight_sum for weight in weights]
    remainders = [units * weight % weight_sum for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda position: (-remainders[position], position))
    for position in by_remainder[: units - sum(shares)]:
        shares[position] += 1
    return [Money(sign * share * unit_minor, total.currency) for share in shares]


def round_half_up(numerator: int, denominator: int) -> int:
    """Divide integers and round the half away from zero, as ``ROUND_HALF_UP`` does: 5/2 is 3, -5/2 is -3.

    Raises:
        ValueError: the denominator is not positive.
    """
    if denominator <= 0:
        raise ValueError("the denominator must be positive")
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -magnitude if numerator < 0 else magnitude


def check_chargeable(money: Money) -> ChargeRefusal | None:
    """Say why Stripe would refuse to charge this amount, or None; zero is below every minimum."""
    facts = currency_facts(money.currency)
    if money.amount_minor % facts.step_minor != 0:
        return "amount_not_whole"
    if money.amount_minor < facts.minimum_charge_minor:
        return "amount_below_minimum"
    if money.amount_minor > facts.maximum_charge_minor:
        return "amount_above_maximum"
    return None


def minimum_charge(currency: str) -> Money:
    """The smallest amount that Stripe charges in a currency."""
    return Money(currency_facts(currency).minimum_charge_minor, currency)


def _step_text(facts: Currency) -> str:
    return major_text(Money(facts.step_minor, facts.code))
