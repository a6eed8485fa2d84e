"""All SQL that reads the catalogue for the shop, and the guarded statements that move stock.

The statements of the import stand in ``import_store``. Every list of products is locked in id order, so that two
baskets with the same products never wait for each other in a circle; the lock leaves references from new basket and
order lines free (FOR NO KEY UPDATE).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vivr.database import Sql, Tx
from vivr.ids import ProductId


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry in one language; untranslated texts are the French ones."""

    handle: str
    position: int
    title: str
    description_html: str
    vendor: str
    kind: str
    tags: list[str]
    option_names: list[str]


@dataclass(frozen=True, slots=True)
class ImageRow:
    """A picture whose file is here."""

    handle: str
    position: int
    file: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product in one language with its price in one currency, and the picture that shows it, if any."""

    id: ProductId
    sku: str
    handle: str
    title: str
    published: bool
    option_names: list[str]
    options: list[str]
    active: bool
    tax_rate_bp: int
    stock_on_hand: int
    stock_reserved: int
    amount_minor: int
    compare_at_minor: int | None
    image_position: int | None
    image_file: str | None
    image_alt: str | None
    image_width: int | None
    image_height: int | None


LIST_ENTRIES = Sql(
    name="catalogue.list_entries",
    purpose="published entries with something on offer in a currency, in the shop's order, after a place in it",
    text="""
    SELECT entry.handle, entry.position, COALESCE(translated.title, entry.title) AS title,
        COALESCE(translated.description_html, entry.description_html) AS description_html,
        entry.vendor, entry.kind, entry.tags, COALESCE(translated.option_names, entry.option_names) AS option_names
    FROM catalogue_entry AS entry
    LEFT JOIN catalogue_entry_text AS translated
        ON translated.handle = entry.handle AND translated.locale = %(locale)s
    WHERE entry.published
        AND (entry.position, entry.handle) > (%(after_position)s::integer, %(after_handle)s::text)
        AND EXISTS (
            SELECT FROM product JOIN product_price AS price ON price.product_id = product.id
            WHERE product.handle = entry.handle AND product.active AND price.currency = %(currency)s)
    ORDER BY entry.position, entry.handle
    LIMIT %(limit)s
    """,
)


async def list_entries(
    tx: Tx, *, locale: str, currency: str, after_position: int, after_handle: str, limit: int
) -> list[EntryRow]:
    """Entries after a place in the list, at most ``limit``."""
    return await tx.rows(
        LIST_ENTRIES,
        EntryRow,
        locale=locale,
        currency=currency,
        after_position=after_position,
        after_handle=after_handle,
        limit=limit,
    )


FIND_ENTRY = Sql(
    name="catalogue.find_entry",
    purpose="one published entry",
    text="""
    SELECT entry.handle, entry.position, COALESCE(translated.title, entry.title) AS title,
        COALESCE(translated.description_html, entry.description_html) AS description_html,
        entry.vendor, entry.kind, entry.tags, COALESCE(translated.option_names, entry.option_names) AS option_names
    FROM catalogue_entry AS entry
    LEFT JOIN catalogue_entry_text AS translated
        ON translated.handle = entry.handle AND translated.locale = %(locale)s
    WHERE entry.published AND entry.handle = %(handle)s
    """,
)


async def find_entry(tx: Tx, *, handle: str, locale: str) -> EntryRow | None:
    """The published entry with a handle."""
    return await tx.row(FIND_ENTRY, EntryRow, handle=handle, locale=locale)


LIST_IMAGES = Sql(
    name="catalogue.list_images",
    purpose="the pictures of some entries that are here, in order",
    text="""
    SELECT handle, position, file, alt, width, height FROM catalogue_image
    WHERE handle = ANY(%(handles)s::text[]) AND file IS NOT NULL
    ORDER BY handle, position
    """,
)


async def list_images(tx: Tx, handles: Iterable[str]) -> list[ImageRow]:
    """The pictures of some entries that are here."""
    return await tx.rows(LIST_IMAGES, ImageRow, handles=list(handles))


LIST_PRODUCTS = Sql(
    name="catalogue.list_products",
    purpose="the active products of some entries with a price in a currency, in the page's order",
    text="""
    SELECT product.id, product.sku, product.handle, COALESCE(entry_text.title, entry.title) AS title, entry.published,
        COALESCE(entry_text.option_names, entry.option_names) AS option_names,
        COALESCE(product_text.options, product.options) AS options,
        product.active, product.tax_rate_bp, product.stock_on_hand, product.stock_reserved,
        price.amount_minor, price.compare_at_minor, image.position AS image_position, image.file AS image_file,
        image.alt AS image_alt, image.width AS image_width, image.height AS image_height
    FROM product
    JOIN catalogue_entry AS entry ON entry.handle = product.handle
    JOIN product_price AS price ON price.product_id = product.id AND price.currency = %(currency)s
    LEFT JOIN catalogue_entry_text AS entry_text
        ON entry_text.handle = entry.handle AND entry_text.locale = %(locale)s
    LEFT JOIN product_text ON product_text.product_id = product.id AND product_text.locale = %(locale)s
    LEFT JOIN catalogue_image AS image
        ON image.handle = product.handle AND image.position = product.image_position AND image.file IS NOT NULL
    WHERE product.handle = ANY(%(handles)s::text[]) AND product.active
    ORDER BY product.handle, product.position, product.id
    """,
)


async def list_products(tx: Tx, handles: Iterable[str], *, locale: str, currency: str) -> list[ProductRow]:
    """The active products of some entries."""
    return await tx.rows(LIST_PRODUCTS, ProductRow, handles=list(handles), locale=locale, currency=currency)


FIND_PRODUCTS = Sql(
    name="catalogue.find_products",
    purpose="products by id with a price in a currency, on offer or not",
    text="""
    SELECT product.id, product.sku, product.handle, COALESCE(entry_text.title, entry.title) AS title, entry.published,
        COALESCE(entry_text.option_names, entry.option_names) AS option_names,
        COALESCE(product_text.options, product.options) AS options,
        product.active, product.tax_rate_bp, product.stock_on_hand, product.stock_reserved,
        price.amount_minor, price.compare_at_minor, image.position AS image_position, image.file AS image_file,
        image.alt AS image_alt, image.width AS image_width, image.height AS image_height
    FROM product
    JOIN catalogue_entry AS entry ON entry.handle = product.handle
    JOIN product_price AS price ON price.product_id = product.id AND price.currency = %(currency)s
    LEFT JOIN catalogue_entry_text AS entry_text
        ON entry_text.handle = entry.handle AND entry_text.locale = %(locale)s
    LEFT JOIN product_text ON product_text.product_id = product.id AND product_text.locale = %(locale)s
    LEFT JOIN LATERAL (
        -- Its own picture, or else the page's first one: a basket shows something.
        SELECT position, file, alt, width, height FROM catalogue_image
        WHERE catalogue_image.handle = product.handle AND file IS NOT NULL
        ORDER BY catalogue_image.position <> product.image_position, catalogue_image.position
        LIMIT 1
    ) AS image ON true
    WHERE product.id = ANY(%(product_ids)s::text[])
    """,
)


async def find_products(tx: Tx, product_ids: Iterable[ProductId], *, locale: str, currency: str) -> list[ProductRow]:
    """Products by id; one without a price in the currency is not among them."""
    return await tx.rows(FIND_PRODUCTS, ProductRow, product_ids=list(product_ids), locale=locale, currency=currency)


@dataclass(frozen=True, slots=True)
class _Moved:
    id: ProductId


RESERVE_STOCK = Sql(
    name="catalogue.reserve_stock",
    purpose="hold units for an order, of each active product that has enough of them",
    text="""
    WITH wanted AS (
        SELECT * FROM unnest(%(product_ids)s::text[], %(quantities)s::integer[]) AS wanted (id, quantity)
    ), locked AS MATERIALIZED (
        SELECT product.id FROM product JOIN wanted USING (id) ORDER BY product.id FOR NO KEY UPDATE OF product
    )
    UPDATE product SET stock_reserved = product.stock_reserved + wanted.quantity
    FROM locked JOIN wanted USING (id)
    WHERE product.id = locked.id AND product.active
        AND product.stock_on_hand - product.stock_reserved >= wanted.quantity
    RETURNING product.id
    """,
)


async def reserve_stock(tx: Tx, quantities: Mapping[ProductId, int]) -> set[ProductId]:
    """The products whose units are held now; the others had too few, are not active or do not exist."""
    return await _move_stock(tx, RESERVE_STOCK, quantities)


PRODUCTS_IN_STOCK = Sql(
    name="catalogue.products_in_stock",
    purpose="which active products have so many free units now; nothing is held",
    text="""
    SELECT product.id FROM product
    JOIN unnest(%(product_ids)s::text[], %(quantities)s::integer[]) AS wanted (id, quantity) USING (id)
    WHERE product.active AND product.stock_on_hand - product.stock_reserved >= wanted.quantity
    """,
)


async def products_in_stock(tx: Tx, quantities: Mapping[ProductId, int]) -> set[ProductId]:
    """The active products that have so many free units now."""
    return await _move_stock(tx, PRODUCTS_IN_STOCK, quantities)


TAKE_STOCK = Sql(
    name="catalogue.take_stock",
    purpose="turn held units into sold ones: they leave the shelf",
    text="""
    WITH wanted AS (
        SELECT * FROM unnest(%(product_ids)s::text[], %(quantities)s::integer[]) AS wanted (id, quantity)
    ), locked AS MATERIALIZED (
        SELECT product.id FROM product JOIN wanted USING (id) ORDER BY product.id FOR NO KEY UPDATE OF product
    )
    UPDATE product SET stock_on_hand = product.stock_on_hand - wanted.quantity,
        stock_reserved = product.stock_reserved - wanted.quantity
    FROM locked JOIN wanted USING (id)
    WHERE product.id = locked.id
    RETURNING product.id
    """,
)


async def take_stock(tx: Tx, quantities: Mapping[ProductId, int]) -> set[ProductId]:
    """The products whose held units are sold now; the database refuses more than are held."""
    return await _move_stock(tx, TAKE_STOCK, quantities)


FREE_STOCK = Sql(
    name="catalogue.free_stock",
    purpose="give held units back to the shelf",
    text="""
    WITH wanted AS (
        SELECT * FROM unnest(%(product_ids)s::text[], %(quantities)s::integer[]) AS wanted (id, quantity)
    ), locked AS MATERIALIZED (
        SELECT product.id FROM product JOIN wanted USING (id) ORDER BY product.id FOR NO KEY UPDATE OF product
    )
    UPDATE product SET stock_reserved = product.stock_reserved - wanted.quantity
    FROM locked JOIN wanted USING (id)
    WHERE product.id = locked.id
    RETURNING product.id
    """,
)


async def free_stock(tx: Tx, quantities: Mapping[ProductId, int]) -> set[ProductId]:
    """The products whose held units can be sold again; the database refuses more than are held."""
    return await _move_stock(tx, FREE_STOCK, quantities)


RETURN_STOCK = Sql(
    name="catalogue.return_stock",
    purpose="put sold units that came back onto the shelf",
    text="""
    WITH wanted AS (
        SELECT * FROM unnest(%(product_ids)s::text[], %(quantities)s::integer[]) AS wanted (id, quantity)
    ), locked AS MATERIALIZED (
        SELECT product.id FROM product JOIN wanted USING (id) ORDER BY product.id FOR NO KEY UPDATE OF product
    )
    UPDATE product SET stock_on_hand = product.stock_on_hand + wanted.quantity
    FROM locked JOIN wanted USING (id)
    WHERE product.id = locked.id
    RETURNING product.id
    """,
)


async def return_stock(tx: Tx, quantities: Mapping[ProductId, int]) -> set[ProductId]:
    """The products whose units stand on the shelf again."""
    return await _move_stock(tx, RETURN_STOCK, quantities)


async def _move_stock(tx: Tx, sql: Sql, quantities: Mapping[ProductId, int]) -> set[ProductId]:
    moved = await tx.rows(sql, _Moved, product_ids=list(quantities), quantities=list(quantities.values()))
    return {row.id for row in moved}
