"""How templates write amounts, times and other values: one table of filters for each language."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from babel import Locale
from babel.dates import format_datetime, get_timezone

from vivr.money import Money, format_money, format_rate
from vivr.web.errors import field_sentence
from vivr.web.storefront.shelf import choices_in_short, has_several_prices, price_before

_SHOWN_ZONE: Final = get_timezone("Europe/Paris")


def filters_of(locale: str) -> dict[str, Callable[..., Any]]:
    """The filters of templates in a language, by name."""

    def money(amount: Money) -> str:
        return format_money(amount, locale)

    def minor(amount_minor: int, currency: str) -> str:
        return format_money(Money(amount_minor, currency), locale)

    def day(at: datetime) -> str:
        return _shown(at, "d MMMM y", locale)

    def clock(at: datetime) -> str:
        return _shown(at, "HH:mm", locale)

    def moment(at: datetime) -> str:
        # Staff compares times to the second.
        return _shown(at, "dd/MM/y HH:mm:ss", locale)

    def field_problem(code: str) -> str:
        return field_sentence(code, locale)

    def territory(code: str) -> str:
        return country_name(code, locale)

    def percent(rate_bp: int) -> str:
        return format_rate(rate_bp, locale) + ("\u202f%" if locale == "fr" else "%")

    return {
        "money": money,
        "minor": minor,
        "day": day,
        "clock": clock,
        "moment": moment,
        "percent": percent,
        "territory": territory,
        "field_sentence": field_problem,
        "compact_json": compact_json,
        "has_several_prices": has_several_prices,
        "price_before": price_before,
        "choices": choices_in_short,
    }


def compact_json(value: object) -> str:
    """JSON as a browser's ``JSON.stringify`` writes it, because a script compares the two texts."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def country_name(code: str, locale: str) -> str:
    """A country's name in a language; its code where the language has none."""
    territories: Any = Locale(locale).territories
    return str(territories.get(code, code))


def _shown(at: datetime, form: str, locale: str) -> str:
    return format_datetime(at, form, tzinfo=_SHOWN_ZONE, locale=locale)
