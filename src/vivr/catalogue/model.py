"""What the catalogue is to the rest of the shop: an entry is one page, a product is one sellable unit on it.

Pure: shapes, the cursor of the list, and the addresses of a picture's sizes. Prices include VAT.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from vivr.catalogue.descriptions import plain_text
from vivr.ids import ProductId
from vivr.money import Money

BASE_LOCALE: Final = "fr"
LOCALES: Final = ("fr", "en")

MEDIA_PATH: Final = "/media/"
MEDIA_FOLDER: Final = "media"
"""The folder of pictures inside VIVR_DATA."""

DERIVED_WIDTHS: Final = (400, 800)
"""Widths in pixels of the smaller copies kept beside a picture that is wider than them."""


class ImageUrls(NamedTuple):
    """Where a browser finds a picture: its own address, and smaller copies by width in pixels."""

    src: str
    widths: Mapping[int, str]

    @property
    def srcset(self) -> str:
        """The text of an HTML ``srcset`` attribute; empty where there is only one size."""
        return ", ".join(f"{url} {width}w" for width, url in sorted(self.widths.items()))


def derived_file(file: str, width: int) -> str:
    """The name of the smaller copy of a picture: ``ab12.jpg`` at 400 is ``ab12-400.webp``."""
    return f"{PurePosixPath(file).stem}-{width}.webp"


def derived_widths(file: str, width: int) -> list[int]:
    """The widths of the smaller copies of a picture ``width`` pixels wide; a drawing (SVG) needs none."""
    return [] if file.endswith(".svg") else [smaller for smaller in DERIVED_WIDTHS if smaller < width]


def image_urls(file: str, width: int) -> ImageUrls:
    """The addresses of a stored picture.

    Args:
        file: its name in the media folder.
        width: its width in pixels, which is also its own place in the ``srcset``.
    """
    smaller = {small: MEDIA_PATH + derived_file(file, small) for small in derived_widths(file, width)}
    widths = {**smaller, width: MEDIA_PATH + file} if smaller else {}
    return ImageUrls(src=MEDIA_PATH + file, widths=widths)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueImage:
    """A picture that is here: its file in the media folder, its size in pixels, and what it shows."""

    position: int
    file: str
    alt: str
    width: int
    height: int

    @property
    def urls(self) -> ImageUrls:
        """Where a browser finds it."""
        return image_urls(self.file, self.width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One sellable unit.

    ``options`` maps an option's name to this product's value, in the page's order and language. ``price`` and
    ``compare_at`` include VAT. ``available`` counts units that nobody has reserved; it is 0 while not ``sellable``.
    """

    product_id: ProductId
    sku: str
    handle: str
    title: str
    options: Mapping[str, str]
    price: Money
    compare_at: Money | None
    available: int
    tax_rate_bp: int
    image: CatalogueImage | None
    active: bool
    published: bool

    @property
    def sellable(self) -> bool:
        """Whether it is offered at all, in stock or not."""
        return self.active and self.published

    @property
    def full_title(self) -> str:
        """The page's title with the options, as an order line names it: ``Bol en grès, Bleu nuit``."""
        return ", ".join((self.title, *self.options.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One page: the products that share a handle. ``description_html`` is sanitised."""

    handle: str
    title: str
    description_html: str
    vendor: str
    kind: str
    tags: Sequence[str]
    option_names: Sequence[str]
    images: Sequence[CatalogueImage]
    products: Sequence[Product]

    @property
    def description_text(self) -> str:
        """The description without markup."""
        return plain_text(self.description_html)

    @property
    def price_from(self) -> Money:
        """The lowest price on the page."""
        return min(product.price for product in self.products)

    @property
    def available(self) -> int:
        """Units of all products that can be sold now."""
        return sum(product.available for product in self.products)


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list and where the next part begins; ``next_cursor`` is None on the last one."""

    items: Sequence[CatalogueEntry]
    next_cursor: str | None


class Cursor(NamedTuple):
    """The place after an entry, in the list's order."""

    position: int
    handle: str


LIST_START: Final = Cursor(-1, "")


def cursor_text(cursor: Cursor) -> str:
    """Write a cursor as opaque text that is safe in a URL."""
    return urlsafe_b64encode(json.dumps(cursor, ensure_ascii=False).encode()).decode().rstrip("=")


def read_cursor(text: str) -> Cursor | None:
    """Read what ``cursor_text`` wrote; None where it did not."""
    try:
        content: object = json.loads(urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    match content:
        case [int(position), str(handle)] if 0 <= position < 2**31 and handle and "\0" not in handle:
            return Cursor(position, handle)
        case _:
            return None
