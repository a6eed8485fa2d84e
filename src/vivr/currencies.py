"""What Stripe says about each currency: digits on the wire, smallest step, smallest and largest charge.

Facts only, no arithmetic. Source: Stripe docs, "Supported currencies" (zero-decimal, three-decimal and special
cases, minimum and maximum charge amounts; the minimum table is the one of 2024).

Three things are easily confused, so they have three names here:

- the *wire exponent* is the number of decimals in the integer that Stripe takes (EUR 2, JPY 0, KWD 3; ISK and UGX 2,
  although neither has a minor unit any more);
- the *step* is what an amount on the wire must be a multiple of (EUR 1, KWD 10, ISK 100);
- the digits that people read are the locale data's business (``vivr.money.format_money``).

HUF and TWD are ordinary two-decimal currencies for charges; only manual payouts, which VIVR never makes, want
multiples of 100.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

_CODE: Final = re.compile(r"[A-Z]{3}", re.ASCII)


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


# UGX is listed as zero-decimal by Stripe, yet travels with two decimals that must be 00; so it is not in this set.
_ZERO_DECIMAL: Final = _codes("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF")
_THREE_DECIMAL: Final = _codes("BHD JOD KWD OMR TND")
_WHOLE_UNITS_SENT_WITH_TWO_DECIMALS: Final = _codes("ISK UGX")
_OTHER_TWO_DECIMAL: Final = _codes("""
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CNY COP CRC
    CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD
    KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP
    PKR PLN QAR RON RSD RUB SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS
    WST XCD XCG YER ZAR ZMW
""")

# A currency in which Stripe can't settle has no minimum of its own: the charge is converted first.
_MINIMUM_CHARGE_MINOR: Final = {
    "AED": 200,
    "AUD": 50,
    "BGN": 100,
    "BRL": 50,
    "CAD": 50,
    "CHF": 50,
    "CZK": 1500,
    "DKK": 250,
    "EUR": 50,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
    "INR": 50,
    "JPY": 50,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "NZD": 50,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "SGD": 50,
    "THB": 1000,
    "USD": 50,
}
_MAXIMUM_CHARGE_MINOR: Final = {"IDR": 999_999_999_999}
_MAXIMUM_CHARGE_MINOR_DEFAULT: Final = 99_999_999


@dataclass(frozen=True, slots=True)
class Currency:
    """One currency as Stripe treats it; amounts are wire integers, ``10 ** exponent`` of them to one major unit."""

    code: str
    exponent: int
    step_minor: int
    minimum_charge_minor: int
    maximum_charge_minor: int


CHARGEABLE_CODES: Final = _ZERO_DECIMAL | _THREE_DECIMAL | _WHOLE_UNITS_SENT_WITH_TWO_DECIMALS | _OTHER_TWO_DECIMAL
"""The currencies in which Stripe takes charges; a shop's own currency must be one of them."""


@cache
def currency_facts(code: str) -> Currency:
    """Look up a currency by its upper-case ISO 4217 code.

    A code that Stripe doesn't charge in is taken as an ordinary two-decimal currency, because it can still arrive in
    what Stripe reports to us; whether it may be *charged* is ``CHARGEABLE_CODES``'s business.

    Raises:
        ValueError: the code is not three upper-case letters.
    """
    if _CODE.fullmatch(code) is None:
        raise ValueError(f"not an upper-case ISO 4217 currency code: {code!r}")
    exponent, step_minor = _exponent_and_step(code)
    return Currency(
        code=code,
        exponent=exponent,
        step_minor=step_minor,
        minimum_charge_minor=_MINIMUM_CHARGE_MINOR.get(code, step_minor),
        maximum_charge_minor=_MAXIMUM_CHARGE_MINOR.get(code, _MAXIMUM_CHARGE_MINOR_DEFAULT),
    )


def _exponent_and_step(code: str) -> tuple[int, int]:
    if code in _ZERO_DECIMAL:
        return 0, 1
    if code in _THREE_DECIMAL:
        return 3, 10
    if code in _WHOLE_UNITS_SENT_WITH_TWO_DECIMALS:
        return 2, 100
    return 2, 1
