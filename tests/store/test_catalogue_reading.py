"""Reading the catalogue on a real PostgreSQL: what is on offer, in which language and currency, in which order."""

import re
from typing import LiteralString

import psycopg
import pytest

from vivr.catalogue import import_store, store
from vivr.catalogue.model import CatalogueEntry, CatalogueImage
from vivr.catalogue.reading import find_entry, find_products, list_entries
from vivr.database import Database, Sql
from vivr.errors import InvalidInput
from vivr.ids import ProductId
from vivr.money import Money

SHELF: LiteralString = """
    INSERT INTO catalogue_entry VALUES
        ('bol', 0, 'Bol en grès', '<p>Un bol</p>', 'Morvan', 'Vaisselle', '{grès,table}', '{Couleur}', true,
            now(), now()),
        ('mug', 1, 'Mug', '', '', '', '{}', '{}', true, now(), now()),
        ('brouillon', 2, 'Brouillon', '', '', '', '{}', '{}', false, now(), now()),
        ('sans-produit', 3, 'Sans produit', '', '', '', '{}', '{}', true, now(), now()),
        ('sans-prix', 4, 'Sans prix', '', '', '', '{}', '{}', true, now(), now()),
        ('vase', 5, 'Vase', '', '', '', '{}', '{}', true, now(), now());
    INSERT INTO catalogue_entry_text VALUES ('bol', 'en', 'Stoneware bowl', '<p>A bowl</p>', '{Colour}'),
        ('vase', 'en', NULL, '<p>A vase</p>', '{}');
    INSERT INTO catalogue_image VALUES
        ('bol', 1, NULL, 'https://images.example/bol.jpg', 'Pas encore là', NULL, NULL),
        ('bol', 2, 'bleu.jpg', 'bleu.jpg', 'Bol bleu', 900, 600),
        ('bol', 3, 'creme.jpg', 'creme.jpg', 'Bol crème', 300, 200);
    INSERT INTO product (id, sku, handle, position, options, active, tax_rate_bp, grams, image_position,
        stock_on_hand, stock_reserved, updated_at)
    VALUES ('prd_bleu', 'BOL-BLE', 'bol', 1, '{Bleu nuit}', true, 2000, 500, 2, 9, 2, now()),
        ('prd_creme', 'BOL-CRM', 'bol', 0, '{Crème}', true, 550, 500, 1, 1, 1, now()),
        ('prd_vert', 'BOL-VRT', 'bol', 2, '{Vert}', false, 2000, 500, 3, 5, 0, now()),
        ('prd_mug', 'MUG', 'mug', 0, '{}', true, 2000, 500, NULL, 5, 0, now()),
        ('prd_brouillon', 'BROUILLON', 'brouillon', 0, '{}', true, 2000, 500, NULL, 5, 0, now()),
        ('prd_inactif', 'INACTIF', 'sans-produit', 0, '{}', false, 2000, 500, NULL, 5, 0, now()),
        ('prd_dollar', 'DOLLAR', 'sans-prix', 0, '{}', true, 2000, 500, NULL, 5, 0, now()),
        ('prd_vase', 'VASE', 'vase', 0, '{}', true, 2000, 500, NULL, 5, 0, now());
    INSERT INTO product_text VALUES ('prd_bleu', 'en', '{Midnight blue}');
    INSERT INTO product_price SELECT id, 'EUR', 1490, NULL FROM product WHERE id <> 'prd_dollar';
    UPDATE product_price SET compare_at_minor = 1990 WHERE product_id = 'prd_bleu';
    INSERT INTO product_price VALUES ('prd_dollar', 'USD', 1700, NULL), ('prd_bleu', 'USD', 1800, NULL);
"""


@pytest.fixture(autouse=True)
def _shelf(database_url: str) -> None:  # pyright: ignore[reportUnusedFunction]
    with psycopg.connect(database_url) as connection:
        connection.execute(SHELF)


async def bowl(database: Database, locale: str, currency: str = "EUR") -> CatalogueEntry:
    async with database.transaction() as tx:
        found = await find_entry(tx, handle="bol", locale=locale, currency=currency)
    assert found is not None
    return found


async def handles(database: Database, *, limit: int, after: str | None = None) -> tuple[list[str], str | None]:
    async with database.transaction() as tx:
        page = await list_entries(tx, locale="fr", currency="EUR", after=after, limit=limit)
    return [entry.handle for entry in page.items], page.next_cursor


async def test_list_shows_what_is_on_offer_in_the_shops_order(database: Database) -> None:
    assert await handles(database, limit=10) == (["bol", "mug", "vase"], None)


async def test_list_goes_on_where_its_cursor_says(database: Database) -> None:
    first, cursor = await handles(database, limit=2)
    assert first == ["bol", "mug"]
    assert cursor is not None
    assert await handles(database, limit=2, after=cursor) == (["vase"], None)
    assert await handles(database, limit=3) == (["bol", "mug", "vase"], None)


async def test_cursor_of_a_vanished_entry_still_marks_its_place(database: Database, database_url: str) -> None:
    _, cursor = await handles(database, limit=2)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE catalogue_entry SET published = false WHERE handle = 'mug'")
    assert await handles(database, limit=2, after=cursor) == (["vase"], None)


async def test_foreign_cursor_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInput) as refused:
        await handles(database, limit=2, after="nonsense")
    assert refused.value.fields == {"after": "cursor_malformed"}


async def test_entry_in_french_has_its_active_products_in_order(database: Database) -> None:
    entry = await bowl(database, "fr")
    assert (entry.title, entry.description_html, entry.option_names) == ("Bol en grès", "<p>Un bol</p>", ["Couleur"])
    assert (entry.vendor, entry.kind, entry.tags) == ("Morvan", "Vaisselle", ["grès", "table"])
    assert [(product.sku, product.options, product.available) for product in entry.products] == [
        ("BOL-CRM", {"Couleur": "Crème"}, 0),
        ("BOL-BLE", {"Couleur": "Bleu nuit"}, 7),
    ]
    assert entry.products[0].compare_at is None
    assert (entry.products[1].price, entry.products[1].compare_at) == (Money(1490, "EUR"), Money(1990, "EUR"))
    assert [product.tax_rate_bp for product in entry.products] == [550, 2000]


async def test_entry_in_english_falls_back_to_french(database: Database) -> None:
    entry = await bowl(database, "en")
    assert (entry.title, entry.description_html, entry.option_names) == ("Stoneware bowl", "<p>A bowl</p>", ["Colour"])
    assert [product.options for product in entry.products] == [{"Colour": "Crème"}, {"Colour": "Midnight blue"}]
    assert [product.title for product in entry.products] == ["Stoneware bowl", "Stoneware bowl"]
    async with database.transaction() as tx:
        vase = await find_entry(tx, handle="vase", locale="en", currency="EUR")
    assert vase is not None
    assert (vase.title, vase.description_html) == ("Vase", "<p>A vase</p>")


async def test_picture_that_was_not_fetched_is_not_shown(database: Database) -> None:
    blue = CatalogueImage(position=2, file="bleu.jpg", alt="Bol bleu", width=900, height=600)
    cream = CatalogueImage(position=3, file="creme.jpg", alt="Bol crème", width=300, height=200)
    entry = await bowl(database, "fr")
    assert entry.images == [blue, cream]
    assert [product.image for product in entry.products] == [None, blue]


async def test_other_currency_shows_what_has_a_price_in_it(database: Database) -> None:
    entry = await bowl(database, "fr", "USD")
    assert [(product.sku, product.price) for product in entry.products] == [("BOL-BLE", Money(1800, "USD"))]


@pytest.mark.parametrize("handle", ["brouillon", "sans-produit", "sans-prix", "inconnu", ""])
async def test_what_is_not_on_offer_has_no_page(database: Database, handle: str) -> None:
    async with database.transaction() as tx:
        assert await find_entry(tx, handle=handle, locale="fr", currency="EUR") is None


async def test_products_by_id_say_whether_they_are_on_offer(database: Database) -> None:
    wanted = [ProductId(f"prd_{name}") for name in ("bleu", "vert", "brouillon", "dollar", "inconnu", "mug")]
    async with database.transaction() as tx:
        found = await find_products(tx, wanted, currency="EUR", locale="fr")
    assert {product.sku: (product.sellable, product.available) for product in found.values()} == {
        "BOL-BLE": (True, 7),
        "BOL-VRT": (False, 0),
        "BROUILLON": (False, 0),
        "MUG": (True, 5),
    }
    blue = found[ProductId("prd_bleu")]
    assert (blue.full_title, blue.handle, blue.price) == ("Bol en grès, Bleu nuit", "bol", Money(1490, "EUR"))


async def test_product_without_a_picture_of_its_own_shows_the_first_of_its_page(database: Database) -> None:
    wanted = [ProductId("prd_creme"), ProductId("prd_vert"), ProductId("prd_mug")]
    async with database.transaction() as tx:
        found = await find_products(tx, wanted, currency="EUR", locale="fr")
    files = {sku: image and image.file for sku, image in ((one.sku, one.image) for one in found.values())}
    assert files == {"BOL-CRM": "bleu.jpg", "BOL-VRT": "creme.jpg", "MUG": None}


def statements() -> list[Sql]:
    return [value for module in (store, import_store) for value in vars(module).values() if isinstance(value, Sql)]


def test_every_statement_is_understood_by_the_database(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for number, sql in enumerate(statements()):
            names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", sql.text)))
            text: str = sql.text
            for place, name in enumerate(names, start=1):
                text = text.replace(f"%({name})s", f"${place}")
            connection.execute(f"PREPARE catalogue_{number} AS {text}".encode())
    assert len({sql.name for sql in statements()}) == len(statements()) > 20
