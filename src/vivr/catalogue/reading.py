"""Reading the catalogue for pages, the JSON routes, the basket and the placing of an order.

All functions take a locale (``fr`` or ``en``; what is not translated is shown in French) and a currency: what has no
price in it is not on offer.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from vivr.catalogue import store
from vivr.catalogue.model import (
    LIST_START,
    CatalogueEntry,
    CatalogueImage,
    Cursor,
    Page,
    Product,
    cursor_text,
    read_cursor,
)
from vivr.catalogue.store import EntryRow, ImageRow, ProductRow
from vivr.database import Tx
from vivr.errors import InvalidInput
from vivr.ids import ProductId
from vivr.money import Money


async def list_entries(tx: Tx, *, locale: str, currency: str, after: str | None, limit: int) -> Page:
    """A part of the list of published entries that have an active product with a price.

    Args:
        tx: a transaction.
        locale: ``fr`` or ``en``.
        currency: upper-case ISO 4217.
        after: ``next_cursor`` of the part before, or None for the first one.
        limit: entries at most.

    Raises:
        InvalidInput: ``after`` is no cursor (``cursor_malformed``).
    """
    start = LIST_START if after is None else read_cursor(after)
    if start is None:
        raise InvalidInput({"after": "cursor_malformed"})
    rows = await store.list_entries(
        tx,
        locale=locale,
        currency=currency,
        after_position=start.position,
        after_handle=start.handle,
        # One more tells whether there is a next part.
        limit=limit + 1,
    )
    shown = rows[:limit]
    next_cursor = cursor_text(Cursor(shown[-1].position, shown[-1].handle)) if len(rows) > limit and shown else None
    entries = await _with_products(tx, shown, locale=locale, currency=currency)
    # A product may have left an entry between the two statements.
    return Page([entry for entry in entries if entry.products], next_cursor)


async def find_entry(tx: Tx, *, handle: str, locale: str, currency: str) -> CatalogueEntry | None:
    """The published entry with a handle, or None; None too where nothing on it is on offer in the currency."""
    row = await store.find_entry(tx, handle=handle, locale=locale)
    if row is None:
        return None
    entries = await _with_products(tx, [row], locale=locale, currency=currency)
    return entries[0] if entries[0].products else None


async def find_products(
    tx: Tx, product_ids: Iterable[ProductId], *, currency: str, locale: str
) -> dict[ProductId, Product]:
    """Products by id, whether they are on offer or not (see ``Product.sellable``).

    Ids that do not exist, or have no price in the currency, are missing from the answer. A product without a picture
    of its own carries the first one of its page.
    """
    rows = await store.find_products(tx, product_ids, locale=locale, currency=currency)
    return {row.id: _product(row, currency) for row in rows}


async def _with_products(tx: Tx, rows: Sequence[EntryRow], *, locale: str, currency: str) -> list[CatalogueEntry]:
    handles = [row.handle for row in rows]
    images: defaultdict[str, list[CatalogueImage]] = defaultdict(list)
    for image in await store.list_images(tx, handles):
        images[image.handle].append(_image(image))
    products: defaultdict[str, list[Product]] = defaultdict(list)
    for product in await store.list_products(tx, handles, locale=locale, currency=currency):
        products[product.handle].append(_product(product, currency))
    return [
        CatalogueEntry(
            handle=row.handle,
            title=row.title,
            description_html=row.description_html,
            vendor=row.vendor,
            kind=row.kind,
            tags=row.tags,
            option_names=row.option_names,
            images=images[row.handle],
            products=products[row.handle],
        )
        for row in rows
    ]


def _image(row: ImageRow) -> CatalogueImage:
    return CatalogueImage(position=row.position, file=row.file, alt=row.alt, width=row.width, height=row.height)


def _product(row: ProductRow, currency: str) -> Product:
    # A value without a name, which an import never leaves, is still shown.
    pairs = zip_longest(row.option_names, row.options, fillvalue="")
    available = row.stock_on_hand - row.stock_reserved if row.active and row.published else 0
    compare_at = None if row.compare_at_minor is None else Money(row.compare_at_minor, currency)
    return Product(
        product_id=row.id,
        sku=row.sku,
        handle=row.handle,
        title=row.title,
        options={name: value for name, value in pairs if value},
        price=Money(row.amount_minor, currency),
        compare_at=compare_at,
        available=available,
        tax_rate_bp=row.tax_rate_bp,
        image=_own_image(row),
        active=row.active,
        published=row.published,
    )


def _own_image(row: ProductRow) -> CatalogueImage | None:
    if row.image_file is None:
        return None
    assert row.image_position is not None
    assert row.image_width is not None
    assert row.image_height is not None
    return CatalogueImage(
        position=row.image_position,
        file=row.image_file,
        alt=row.image_alt or "",
        width=row.image_width,
        height=row.image_height,
    )
