"""All SQL that an import runs: one lock, five readings, and a statement for each kind of row to write.

Rows travel as one JSON document a statement: thousands of them are one round trip, and arrays inside a row stay arrays.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Json

from vivr.catalogue.content import (
    EntryContent,
    EntryTextContent,
    ImageContent,
    Picture,
    ProductContent,
    ProductTextContent,
    StoredCatalogue,
)
from vivr.database import Sql, Tx
from vivr.ids import ProductId

_IMPORT_LOCK: Final = 0x56495643  # an advisory lock's number only has to be ours


@dataclass(frozen=True, slots=True)
class _Locked:
    locked: bool


LOCK_IMPORTS = Sql(
    name="catalogue.lock_imports",
    purpose="let one import work at a time; another one is told so at once",
    text="SELECT pg_try_advisory_xact_lock(%(lock)s) AS locked",
)


async def lock_imports(tx: Tx) -> bool:
    """Whether this transaction is the only import until it ends."""
    row = await tx.row(LOCK_IMPORTS, _Locked, lock=_IMPORT_LOCK)
    return row is not None and row.locked


LOCK_PRODUCTS = Sql(
    name="catalogue.lock_products",
    purpose="read the products that a file names, or whose entries it names, locked in id order like any order does",
    text="""
    WITH locked AS MATERIALIZED (
        SELECT id, sku, handle, position, options, active, tax_rate_bp, grams, image_position, stock_on_hand,
            stock_reserved
        FROM product WHERE sku = ANY(%(skus)s::text[]) OR handle = ANY(%(handles)s::text[])
        ORDER BY id FOR NO KEY UPDATE
    )
    SELECT locked.*, price.amount_minor, price.compare_at_minor
    FROM locked LEFT JOIN product_price AS price ON price.product_id = locked.id AND price.currency = %(currency)s
    ORDER BY locked.id
    """,
)
READ_ENTRIES = Sql(
    name="catalogue.read_entries",
    purpose="the entries that a file names",
    text="""
    SELECT handle, position, title, description_html, vendor, kind, tags, option_names, published
    FROM catalogue_entry WHERE handle = ANY(%(handles)s::text[])
    """,
)
READ_ENTRY_TEXTS = Sql(
    name="catalogue.read_entry_texts",
    purpose="their texts in other languages",
    text="""
    SELECT handle, locale, title, description_html, option_names
    FROM catalogue_entry_text WHERE handle = ANY(%(handles)s::text[])
    """,
)
READ_IMAGES = Sql(
    name="catalogue.read_images",
    purpose="their pictures, fetched or not",
    text="""
    SELECT handle, position, file, source, alt, width, height
    FROM catalogue_image WHERE handle = ANY(%(handles)s::text[]) ORDER BY handle, position
    """,
)
READ_PRODUCT_TEXTS = Sql(
    name="catalogue.read_product_texts",
    purpose="option values in other languages",
    text="SELECT product_id, locale, options FROM product_text WHERE product_id = ANY(%(product_ids)s::text[])",
)


async def read_stored(tx: Tx, *, handles: Sequence[str], skus: Sequence[str], currency: str) -> StoredCatalogue:
    """What is stored of a file's entries and products; the products stay locked until the transaction ends."""
    products = await tx.rows(LOCK_PRODUCTS, ProductContent, skus=skus, handles=handles, currency=currency)
    entries = await tx.rows(READ_ENTRIES, EntryContent, handles=handles)
    entry_texts = await tx.rows(READ_ENTRY_TEXTS, EntryTextContent, handles=handles)
    images: dict[str, list[ImageContent]] = {}
    for image in await tx.rows(READ_IMAGES, ImageContent, handles=handles):
        images.setdefault(image.handle, []).append(image)
    ids = [product.id for product in products]
    product_texts = await tx.rows(READ_PRODUCT_TEXTS, ProductTextContent, product_ids=ids)
    return StoredCatalogue(
        entries={entry.handle: entry for entry in entries},
        entry_texts={(text.handle, text.locale): text for text in entry_texts},
        images=images,
        products={product.sku: product for product in products},
        product_texts={(text.product_id, text.locale): text for text in product_texts},
    )


WRITE_ENTRIES = Sql(
    name="catalogue.write_entries",
    purpose="make or change entries",
    text="""
    INSERT INTO catalogue_entry (handle, position, title, description_html, vendor, kind, tags, option_names, published,
        created_at, updated_at)
    SELECT handle, position, title, description_html, vendor, kind, tags, option_names, published, %(at)s, %(at)s
    FROM json_to_recordset(%(rows)s::json) AS given (handle text, position integer, title text, description_html text,
        vendor text, kind text, tags text[], option_names text[], published boolean)
    ON CONFLICT (handle) DO UPDATE SET position = EXCLUDED.position, title = EXCLUDED.title,
        description_html = EXCLUDED.description_html, vendor = EXCLUDED.vendor, kind = EXCLUDED.kind,
        tags = EXCLUDED.tags, option_names = EXCLUDED.option_names, published = EXCLUDED.published,
        updated_at = EXCLUDED.updated_at
    """,
)


async def write_entries(tx: Tx, rows: Sequence[EntryContent], at: datetime) -> None:
    """Make or change entries."""
    await tx.run(WRITE_ENTRIES, rows=_json(rows), at=at)


WRITE_ENTRY_TEXTS = Sql(
    name="catalogue.write_entry_texts",
    purpose="make or change the texts of entries in other languages",
    text="""
    INSERT INTO catalogue_entry_text (handle, locale, title, description_html, option_names)
    SELECT handle, locale, title, description_html, option_names
    FROM json_to_recordset(%(rows)s::json)
        AS given (handle text, locale text, title text, description_html text, option_names text[])
    ON CONFLICT (handle, locale) DO UPDATE SET title = EXCLUDED.title,
        description_html = EXCLUDED.description_html, option_names = EXCLUDED.option_names
    """,
)


async def write_entry_texts(tx: Tx, rows: Sequence[EntryTextContent]) -> None:
    """Make or change texts of entries."""
    await tx.run(WRITE_ENTRY_TEXTS, rows=_json(rows))


DELETE_IMAGES = Sql(
    name="catalogue.delete_images",
    purpose="clear the pictures of entries whose pictures change",
    text="DELETE FROM catalogue_image WHERE handle = ANY(%(handles)s::text[])",
)
WRITE_IMAGES = Sql(
    name="catalogue.write_images",
    purpose="write the pictures of entries",
    text="""
    INSERT INTO catalogue_image (handle, position, file, source, alt, width, height)
    SELECT handle, position, file, source, alt, width, height
    FROM json_to_recordset(%(rows)s::json)
        AS given (handle text, position integer, file text, source text, alt text, width integer, height integer)
    """,
)


async def replace_images(tx: Tx, handles: Sequence[str], rows: Sequence[ImageContent]) -> None:
    """Give entries other pictures."""
    await tx.run(DELETE_IMAGES, handles=handles)
    await tx.run(WRITE_IMAGES, rows=_json(rows))


INSERT_PRODUCTS = Sql(
    name="catalogue.insert_products",
    purpose="make products; nothing of them is reserved yet",
    text="""
    INSERT INTO product (id, sku, handle, position, options, active, tax_rate_bp, grams, image_position, stock_on_hand,
        updated_at)
    SELECT id, sku, handle, position, options, active, tax_rate_bp, grams, image_position, stock_on_hand, %(at)s
    FROM json_to_recordset(%(rows)s::json) AS given (id text, sku text, handle text, position integer, options text[],
        active boolean, tax_rate_bp integer, grams integer, image_position integer, stock_on_hand integer)
    """,
)


async def insert_products(tx: Tx, rows: Sequence[ProductContent], at: datetime) -> None:
    """Make products."""
    await tx.run(INSERT_PRODUCTS, rows=_json(rows), at=at)


UPDATE_PRODUCTS = Sql(
    name="catalogue.update_products",
    purpose="change products; what can be sold is set, what is reserved is never touched",
    text="""
    UPDATE product SET handle = given.handle, position = given.position, options = given.options,
        active = given.active, tax_rate_bp = given.tax_rate_bp, grams = given.grams,
        image_position = given.image_position, updated_at = %(at)s,
        stock_on_hand = given.stock_on_hand - given.stock_reserved + product.stock_reserved
    FROM json_to_recordset(%(rows)s::json) AS given (id text, handle text, position integer, options text[],
        active boolean, tax_rate_bp integer, grams integer, image_position integer, stock_on_hand integer,
        stock_reserved integer)
    WHERE product.id = given.id
    """,
)


async def update_products(tx: Tx, rows: Sequence[ProductContent], at: datetime) -> None:
    """Change products that ``read_stored`` locked."""
    await tx.run(UPDATE_PRODUCTS, rows=_json(rows), at=at)


RETIRE_PRODUCTS = Sql(
    name="catalogue.retire_products",
    purpose="stop selling products; their stock and their orders stay",
    text="UPDATE product SET active = false, updated_at = %(at)s WHERE id = ANY(%(product_ids)s::text[])",
)


async def retire_products(tx: Tx, product_ids: Sequence[ProductId], at: datetime) -> None:
    """Stop selling products."""
    await tx.run(RETIRE_PRODUCTS, product_ids=product_ids, at=at)


WRITE_PRICES = Sql(
    name="catalogue.write_prices",
    purpose="make or change prices in one currency",
    text="""
    INSERT INTO product_price (product_id, currency, amount_minor, compare_at_minor)
    SELECT id, %(currency)s, amount_minor, compare_at_minor
    FROM json_to_recordset(%(rows)s::json) AS given (id text, amount_minor bigint, compare_at_minor bigint)
    ON CONFLICT (product_id, currency) DO UPDATE SET amount_minor = EXCLUDED.amount_minor,
        compare_at_minor = EXCLUDED.compare_at_minor
    """,
)


async def write_prices(tx: Tx, rows: Sequence[ProductContent], currency: str) -> None:
    """Make or change prices."""
    await tx.run(WRITE_PRICES, rows=_json(rows), currency=currency)


WRITE_PRODUCT_TEXTS = Sql(
    name="catalogue.write_product_texts",
    purpose="make or change option values in other languages",
    text="""
    INSERT INTO product_text (product_id, locale, options)
    SELECT product_id, locale, options
    FROM json_to_recordset(%(rows)s::json) AS given (product_id text, locale text, options text[])
    ON CONFLICT (product_id, locale) DO UPDATE SET options = EXCLUDED.options
    """,
)
DELETE_PRODUCT_TEXTS = Sql(
    name="catalogue.delete_product_texts",
    purpose="drop translations of option values that are not the product's any more",
    text="""
    DELETE FROM product_text USING unnest(%(product_ids)s::text[], %(locales)s::text[]) AS stale (product_id, locale)
    WHERE product_text.product_id = stale.product_id AND product_text.locale = stale.locale
    """,
)


async def write_product_texts(
    tx: Tx, rows: Sequence[ProductTextContent], stale: Sequence[tuple[ProductId, str]]
) -> None:
    """Make, change and drop translated option values."""
    await tx.run(WRITE_PRODUCT_TEXTS, rows=_json(rows))
    product_ids, locales = [product_id for product_id, _ in stale], [locale for _, locale in stale]
    await tx.run(DELETE_PRODUCT_TEXTS, product_ids=product_ids, locales=locales)


@dataclass(frozen=True, slots=True)
class _Source:
    source: str


LIST_UNFETCHED = Sql(
    name="catalogue.list_unfetched",
    purpose="addresses of pictures that are not here yet, each once",
    text="SELECT DISTINCT source FROM catalogue_image WHERE file IS NULL AND source ~* '^https?://' ORDER BY source",
)


async def list_unfetched(tx: Tx) -> list[str]:
    """Addresses of pictures that are not here yet."""
    return [row.source for row in await tx.rows(LIST_UNFETCHED, _Source)]


RECORD_FETCHED = Sql(
    name="catalogue.record_fetched",
    purpose="give a fetched picture to every entry that lists its address and has no file for it",
    text="""
    UPDATE catalogue_image SET file = %(file)s, width = %(width)s, height = %(height)s
    WHERE source = %(source)s AND file IS NULL
    """,
)


async def record_fetched(tx: Tx, source: str, picture: Picture) -> int:
    """Record a fetched picture; the number of places that show it now."""
    return await tx.run(RECORD_FETCHED, source=source, file=picture.file, width=picture.width, height=picture.height)


def _json(rows: Iterable[Any]) -> Json:
    return Json([asdict(row) for row in rows])
