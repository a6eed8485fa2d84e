"""Currencies as Stripe counts them: exponents, smallest and largest charge, and how an amount is shown.

Source: Stripe docs, currencies (minimum table of 2024-04).
"""

from decimal import Decimal

from stripe_sandbox.wire.errors import invalid

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
# Sent with two decimals that must be 00, though they have no minor unit.
WHOLE_HUNDREDS = frozenset({"isk", "ugx"})
MINIMUM = {
    **dict.fromkeys(["usd", "aud", "brl", "cad", "chf", "eur", "inr", "jpy", "nzd", "sgd"], 50),
    "gbp": 30,
    "aed": 200,
    "bgn": 100,
    "czk": 1500,
    "dkk": 250,
    "hkd": 400,
    "huf": 17500,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "thb": 1000,
}
_OTHERS = (
    "afn all amd ang aoa ars awg azn bam bbd bdt bmd bnd bob bsd bwp byn bzd cdf cny cop crc cve dop dzd egp etb "
    "fjd fkp gel gip gmd gtq "
    "gyd hnl htg idr ils jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mzn nad "
    "ngn nio npr pab pen pgk "
    "php pkr qar rsd rub sar sbd scr shp sle sos srd std szl tjs top try ttd twd tzs uah uyu uzs wst xcd xcg yer "
    "zar zmw"
)
CURRENCIES = ZERO_DECIMAL | THREE_DECIMAL | WHOLE_HUNDREDS | frozenset(MINIMUM) | frozenset(_OTHERS.split())
MAXIMUM = 99_999_999
MAXIMUM_IDR = 999_999_999_999
_SYMBOLS = {"eur": "€", "usd": "$", "gbp": "£", "jpy": "¥"}


def exponent(currency: str) -> int:
    """Decimals of the currency on Stripe's wire."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def check_currency(currency: str, param: str) -> str:
    """Gives the currency in lower case, or refuses one that Stripe does not know."""
    lowered = currency.lower()
    if lowered not in CURRENCIES:
        raise invalid(
            f"Invalid currency: {lowered}. Stripe currently supports these currencies: {', '.join(sorted(CURRENCIES))}",
            param=param,
        )
    return lowered


def check_amount(amount: int, currency: str, *, param: str, noun: str = "Amount") -> None:
    """Refuses an amount that is too small, too large or not expressible in its currency."""
    least = MINIMUM.get(currency, 1)
    if amount < least:
        raise invalid(
            f"{noun} must be at least {show_amount(least, currency, 'en')} {currency}",
            code="amount_too_small",
            param=param,
        )
    most = MAXIMUM_IDR if currency == "idr" else MAXIMUM
    if amount > most:
        raise invalid(
            f"{noun} must be no more than {show_amount(most, currency, 'en')} {currency}",
            code="amount_too_large",
            param=param,
        )
    check_granularity(amount, currency, param=param)


def check_granularity(amount: int, currency: str, *, param: str) -> None:
    """Refuses digits that the currency cannot carry."""
    step = 10 if currency in THREE_DECIMAL else 100 if currency in WHOLE_HUNDREDS else 1
    if amount % step:
        raise invalid(f"Invalid amount: {amount}. Amounts in {currency} must be a multiple of {step}.", param=param)


def show_amount(amount: int, currency: str, language: str) -> str:
    """The amount as a buyer reads it: `12,34 €` in French, `€12.34` in English."""
    decimals = exponent(currency)
    whole, rest = divmod(abs(amount), 10**decimals)
    sign = "-" if amount < 0 else ""
    symbol = _SYMBOLS.get(currency, currency.upper())
    if language == "fr":
        digits = f"{whole:,}".replace(",", "\u202f") + (f",{rest:0{decimals}d}" if decimals else "")
        return f"{sign}{digits}\u00a0{symbol}"
    digits = f"{whole:,}" + (f".{rest:0{decimals}d}" if decimals else "")
    return f"{sign}{symbol}{digits}" if currency in _SYMBOLS else f"{sign}{symbol}\u00a0{digits}"


def show_unit_amount(amount: str, currency: str, language: str) -> str:
    """The price of one, which may be a part of a minor unit: `€0.00125`."""
    exact = Decimal(amount)
    if exact == int(exact):
        return show_amount(int(exact), currency, language)
    digits = f"{exact.scaleb(-exponent(currency)).normalize():f}"
    symbol = _SYMBOLS.get(currency, currency.upper())
    if language == "fr":
        return f"{digits.replace('.', ',')}\u00a0{symbol}"
    return f"{symbol}{digits}" if currency in _SYMBOLS else f"{symbol}\u00a0{digits}"
