"""The catalogue's rows as an import compares and writes them: what is stored, and what should be.

Pure. Lists stand for PostgreSQL arrays, so that a stored row and a wished one compare by ``==``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vivr.ids import ProductId


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that can be served: the name of its file in the media folder, and its size in pixels."""

    file: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryContent:
    """An entry in French."""

    handle: str
    position: int
    title: str
    description_html: str
    vendor: str
    kind: str
    tags: list[str]
    option_names: list[str]
    published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryTextContent:
    """An entry in another language; None where not translated, and option names in French then."""

    handle: str
    locale: str
    title: str | None
    description_html: str | None
    option_names: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContent:
    """A picture; without a file and a size while it was not fetched."""

    handle: str
    position: int
    file: str | None
    source: str
    alt: str
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductContent:
    """A product with its price in the import's currency (None where it has none yet)."""

    id: ProductId
    sku: str
    handle: str
    position: int
    options: list[str]
    active: bool
    tax_rate_bp: int
    grams: int
    image_position: int | None
    stock_on_hand: int
    stock_reserved: int
    amount_minor: int | None
    compare_at_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductTextContent:
    """A product's option values in another language."""

    product_id: ProductId
    locale: str
    options: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCatalogue:
    """What the database has of the entries and products that a file names, locked against other writers."""

    entries: Mapping[str, EntryContent]
    entry_texts: Mapping[tuple[str, str], EntryTextContent]
    images: Mapping[str, Sequence[ImageContent]]
    products: Mapping[str, ProductContent]
    product_texts: Mapping[tuple[ProductId, str], ProductTextContent]
