"""How entries and products are put into words on a page. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vivr.catalogue.model import CatalogueEntry, Product
from vivr.money import Money

FEW_LEFT: Final = 5
"""From this many units on, a page says how many are left."""

_CHOICES_SHOWN_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class OptionValue:
    """One value of an option: its price where the value decides it, and whether any product with it can be bought."""

    text: str
    price: Money | None
    is_available: bool
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Option:
    """An option of an entry; ``position`` counts from 1 and names its form field ``option<position>``."""

    position: int
    name: str
    choices: Sequence[OptionValue]


def has_several_prices(entry: CatalogueEntry) -> bool:
    """Whether the price depends on what is chosen."""
    return len({product.price for product in entry.products}) > 1


def price_before(entry: CatalogueEntry) -> Money | None:
    """The earlier price, where all products share both prices."""
    pairs = {(product.price, product.compare_at) for product in entry.products}
    return next(iter(pairs))[1] if len(pairs) == 1 else None


def choices_in_short(entry: CatalogueEntry) -> str:
    """The values of the first option, ``Crème, Terracotta``; only the first few, then an ellipsis."""
    values = list(dict.fromkeys(value for product in entry.products for value in list(product.options.values())[:1]))
    shown = ", ".join(values[:_CHOICES_SHOWN_MAX])
    return f"{shown}…" if len(values) > _CHOICES_SHOWN_MAX else shown


def first_choice(entry: CatalogueEntry) -> Product:
    """The product that a page shows first: the first one that can be bought."""
    return next((product for product in entry.products if product.available > 0), entry.products[0])


def product_of_choice(entry: CatalogueEntry, chosen: Mapping[int, str]) -> Product | None:
    """The product with exactly these option values, by position from 1; None: there is no such combination."""
    wanted = [value for _, value in sorted(chosen.items())]
    return next((product for product in entry.products if list(product.options.values()) == wanted), None)


def options_of(entry: CatalogueEntry, chosen: Product) -> list[Option]:
    """The options of an entry as its form offers them."""
    names = list(dict.fromkeys(name for product in entry.products for name in product.options))
    return [Option(place, name, _values_of(entry, name, chosen)) for place, name in enumerate(names, start=1)]


def _values_of(entry: CatalogueEntry, name: str, chosen: Product) -> list[OptionValue]:
    shows_prices = has_several_prices(entry)
    values = dict.fromkeys(product.options[name] for product in entry.products if name in product.options)
    found: list[OptionValue] = []
    for value in values:
        products = [product for product in entry.products if product.options.get(name) == value]
        prices = {product.price for product in products}
        found.append(
            OptionValue(
                text=value,
                price=prices.pop() if shows_prices and len(prices) == 1 else None,
                is_available=any(product.available > 0 for product in products),
                is_chosen=chosen.options.get(name) == value,
            )
        )
    return found
