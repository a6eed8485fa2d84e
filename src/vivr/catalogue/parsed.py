"""What a product file says, in our words and before anything stored is known.

A value of None means that the file has no such column: what is stored stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vivr.catalogue.findings import Finding
from vivr.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedImage:
    """A picture: its position from 1 without gaps, and an http address or a path beside the file."""

    line: int
    position: int
    source: str
    alt: str

    @property
    def is_remote(self) -> bool:
        """Whether it has to be fetched."""
        return is_remote(self.source)


def is_remote(source: str) -> bool:
    """Whether a picture's source is an http address."""
    return source.lower().startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedProduct:
    """One sellable unit; ``quantity`` is what can be sold now, ``image_position`` points into the entry's pictures."""

    line: int
    sku: str
    sku_made: bool
    options: Sequence[str] | None
    price: Money
    compare_at: Money | None
    grams: int | None
    quantity: int | None
    taxable: bool
    image_position: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEntry:
    """One page with its products, in the file's order."""

    line: int
    handle: str
    title: str
    description_html: str | None
    vendor: str | None
    kind: str | None
    tags: Sequence[str] | None
    published: bool | None
    option_names: Sequence[str] | None
    images: Sequence[ParsedImage] | None
    products: Sequence[ParsedProduct]


@dataclass(frozen=True, slots=True)
class ParsedCatalogue:
    """A whole file. With a problem it must not be imported; ``image_column`` is the header above the pictures."""

    entries: Sequence[ParsedEntry]
    problems: Sequence[Finding]
    notices: Sequence[Finding]
    image_column: str = ""

    @property
    def products(self) -> list[ParsedProduct]:
        """The products of all entries."""
        return [product for entry in self.entries for product in entry.products]
