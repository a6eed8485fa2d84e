"""Importing on a real PostgreSQL: all or nothing, by SKU, and never a unit that an order holds."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from vivr.catalogue.import_file import import_file
from vivr.catalogue.import_products import CatalogueRefused, ImportReport
from vivr.catalogue.planning import Outcome
from vivr.catalogue.reading import find_entry
from vivr.catalogue.stock import reserve_stock
from vivr.clock import SetClock
from vivr.database import Database
from vivr.errors import Conflict
from vivr.ids import ProductId

HEADER = (
    "Handle,Title,Body (HTML),Tags,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Status"
)
TWO_BOWLS = f"""{HEADER}
bol,Bol,<p>Un bol</p>,grès,Couleur,Bleu,BOL-BLE,5,14.90,active
bol,,,,,Crème,BOL-CRM,2,15.90,
mug,Mug,,,,,MUG,7,9.90,active
"""
TRANSLATIONS = """Type,Identification,Field,Locale,Market,Status,Default content,Translated content
PRODUCT,bol,title,en,,,Bol,Bowl
PRODUCT_OPTION,bol,name,en,,,Couleur,Colour
PRODUCT_OPTION_VALUE,bol,name,en,,,Bleu,Blue
"""
TABLES: tuple[LiteralString, ...] = (
    "SELECT handle, position, title, description_html, tags, option_names, published FROM catalogue_entry ORDER BY 1",
    "SELECT * FROM catalogue_entry_text ORDER BY 1, 2",
    "SELECT * FROM catalogue_image ORDER BY 1, 2",
    "SELECT * FROM product ORDER BY id",
    "SELECT * FROM product_text ORDER BY 1, 2",
    "SELECT * FROM product_price ORDER BY 1, 2",
)


class Shop:
    """A database and a folder to import from."""

    def __init__(self, database: Database, clock: SetClock, url: str, folder: Path) -> None:
        self.database = database
        self.clock = clock
        self.url = url
        self.folder = folder

    async def load(
        self,
        text: str,
        *,
        translations: str | None = None,
        tax_rate_bp: int | None = None,
        dry_run: bool = False,
    ) -> ImportReport:
        """Import texts as files."""
        (self.folder / "products.csv").write_text(text)
        if translations is not None:
            (self.folder / "translations.csv").write_text(translations)
        return await import_file(
            self.database,
            self.clock,
            file=self.folder / "products.csv",
            translations_file=None if translations is None else self.folder / "translations.csv",
            media=self.folder / "media",
            currency="EUR",
            tax_rate_bp=tax_rate_bp,
            tax_rate_default_bp=2000,
            dry_run=dry_run,
        )

    def rows(self, query: LiteralString, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(query, values).fetchall()

    def everything(self) -> list[list[tuple[Any, ...]]]:
        """All that an import could change."""
        return [self.rows(table) for table in TABLES]

    def product(self, sku: str, columns: LiteralString) -> tuple[Any, ...]:
        """Some columns of one product."""
        query: LiteralString = "SELECT {} FROM product WHERE sku = %s"
        (found,) = self.rows(query.format(columns), [sku])
        return found

    def id_of(self, sku: str) -> ProductId:
        """A product's id."""
        return ProductId(str(self.product(sku, "id")[0]))


@pytest.fixture
def shop(database: Database, clock: SetClock, database_url: str, tmp_path: Path) -> Shop:
    return Shop(database, clock, database_url, tmp_path)


def counts(report: ImportReport) -> tuple[Mapping[Outcome, int], Mapping[Outcome, int]]:
    return report.entries, report.products


async def test_first_import_makes_entries_and_products(shop: Shop) -> None:
    report = await shop.load(TWO_BOWLS)
    assert counts(report) == ({"created": 2}, {"created": 3})
    async with shop.database.transaction() as tx:
        entry = await find_entry(tx, handle="bol", locale="fr", currency="EUR")
    assert entry is not None
    assert (entry.title, entry.description_html, entry.tags, entry.option_names) == (
        "Bol",
        "<p>Un bol</p>",
        ["grès"],
        ["Couleur"],
    )
    assert [
        (one.sku, one.options, one.price.amount_minor, one.available, one.tax_rate_bp) for one in entry.products
    ] == [
        ("BOL-BLE", {"Couleur": "Bleu"}, 1490, 5, 2000),
        ("BOL-CRM", {"Couleur": "Crème"}, 1590, 2, 2000),
    ]


async def test_same_file_again_changes_nothing(shop: Shop) -> None:
    await shop.load(TWO_BOWLS, translations=TRANSLATIONS)
    before = shop.everything()
    shop.clock.advance(days=1)
    assert counts(await shop.load(TWO_BOWLS, translations=TRANSLATIONS)) == ({"unchanged": 2}, {"unchanged": 3})
    assert shop.everything() == before


async def test_second_import_updates_by_sku(shop: Shop) -> None:
    await shop.load(TWO_BOWLS)
    blue = shop.id_of("BOL-BLE")
    changed = TWO_BOWLS.replace("14.90", "12.50").replace("Un bol", "Un grand bol").replace("MUG,7", "MUG,8")
    report = await shop.load(changed + "vase,Vase,,,,,VASE,1,30,active\n")
    assert counts(report) == (
        {"updated": 1, "unchanged": 1, "created": 1},
        {"updated": 2, "unchanged": 1, "created": 1},
    )
    assert shop.id_of("BOL-BLE") == blue
    assert shop.rows("SELECT amount_minor FROM product_price WHERE product_id = %s", [blue]) == [(1250,)]
    assert shop.product("MUG", "stock_on_hand, stock_reserved") == (8, 0)


async def test_reserved_stock_is_never_touched(shop: Shop) -> None:
    await shop.load(TWO_BOWLS)
    async with shop.database.transaction() as tx:
        assert len(await reserve_stock(tx, {shop.id_of("BOL-BLE"): 4, shop.id_of("MUG"): 2})) == 2
    await shop.load(TWO_BOWLS.replace("BOL-BLE,5", "BOL-BLE,0"))
    assert shop.product("BOL-BLE", "stock_on_hand, stock_reserved") == (4, 4)
    assert shop.product("MUG", "stock_on_hand, stock_reserved") == (9, 2)
    assert shop.product("BOL-CRM", "stock_on_hand, stock_reserved") == (2, 0)


async def test_import_waits_for_an_order_and_counts_what_it_holds(shop: Shop) -> None:
    await shop.load(TWO_BOWLS)
    mug = shop.id_of("MUG")
    held = asyncio.Event()

    async def place_order() -> None:
        async with shop.database.transaction() as tx:
            await reserve_stock(tx, {mug: 3})
            held.set()
            await asyncio.sleep(0.3)

    async def load() -> ImportReport:
        await held.wait()
        return await shop.load(TWO_BOWLS.replace("MUG,7", "MUG,1"))

    await asyncio.gather(place_order(), load())
    assert shop.product("MUG", "stock_on_hand, stock_reserved") == (4, 3)


async def test_two_imports_at_once_are_refused_not_mixed(shop: Shop) -> None:
    with psycopg.connect(shop.url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [0x56495643])
        with pytest.raises(Conflict) as refused:
            await shop.load(TWO_BOWLS)
    assert refused.value.code == "import_running"
    assert shop.rows("SELECT FROM product") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("9.90", "9,90"),
        ("MUG,7", "BOL-BLE,7"),
        ("mug,Mug", "mug,"),
        ("mug,Mug,,,", "mug,Mug,"),
        ("9.90,active", "9.90,?"),
    ],
)
async def test_file_that_is_wrong_anywhere_changes_nothing(shop: Shop, old: str, new: str) -> None:
    await shop.load(TWO_BOWLS)
    before = shop.everything()
    with pytest.raises(CatalogueRefused) as refused:
        await shop.load(TWO_BOWLS.replace("14.90", "99.00").replace(old, new), translations=TRANSLATIONS)
    assert [problem.line for problem in refused.value.problems] == [4]
    assert shop.everything() == before


async def test_wrong_translation_file_changes_nothing(shop: Shop) -> None:
    with pytest.raises(CatalogueRefused) as refused:
        await shop.load(TWO_BOWLS, translations="Handle,Title\nbol,Bol\n")
    assert {problem.file for problem in refused.value.problems} == {"translations"}
    assert shop.everything() == [[]] * len(TABLES)


async def test_missing_picture_changes_nothing(shop: Shop) -> None:
    text = (
        TWO_BOWLS.replace("Status\n", "Status,Image Src\n")
        .replace("active\n", "active,\n")
        .replace("90,\n", "90,,no.png\n")
    )
    with pytest.raises(CatalogueRefused) as refused:
        await shop.load(text)
    assert [(one.line, one.column, one.code) for one in refused.value.problems] == [(3, "Image Src", "image_not_found")]
    assert shop.everything() == [[]] * len(TABLES)
    assert not (shop.folder / "media").exists()


async def test_dry_run_reports_the_same_and_writes_nothing(shop: Shop) -> None:
    planned = await shop.load(TWO_BOWLS, translations=TRANSLATIONS, dry_run=True)
    assert shop.everything() == [[]] * len(TABLES)
    done = await shop.load(TWO_BOWLS, translations=TRANSLATIONS)
    assert (planned.dry_run, counts(planned), planned.notices) == (True, counts(done), done.notices)


async def test_made_sku_is_known_again(shop: Shop) -> None:
    text = TWO_BOWLS.replace("BOL-BLE", "")
    first = await shop.load(text)
    assert first.made_skus == ["bol/Bleu"]
    assert counts(await shop.load(text)) == ({"unchanged": 2}, {"unchanged": 3})


async def test_sku_moves_to_another_page_and_the_report_says_so(shop: Shop) -> None:
    await shop.load(TWO_BOWLS)
    mug = shop.id_of("MUG")
    report = await shop.load(TWO_BOWLS.replace("mug,Mug", "tasse,Tasse"))
    assert shop.product("MUG", "id, handle") == (mug, "tasse")
    assert [(notice.line, notice.code, notice.found) for notice in report.notices] == [(4, "sku_moved", "mug")]
    assert counts(report) == ({"unchanged": 1, "created": 1}, {"unchanged": 2, "updated": 1})


async def test_what_vanishes_from_the_file_is_left_alone(shop: Shop) -> None:
    await shop.load(TWO_BOWLS)
    report = await shop.load("\n".join(TWO_BOWLS.splitlines()[:2]) + "\n")
    assert counts(report) == ({"unchanged": 1}, {"unchanged": 2})
    assert [(notice.code, notice.found) for notice in report.notices] == [("product_left_alone", "BOL-CRM")]
    assert shop.rows("SELECT sku FROM product WHERE active ORDER BY sku") == [("BOL-BLE",), ("BOL-CRM",), ("MUG",)]


async def test_product_with_a_new_sku_is_not_sold_twice(shop: Shop) -> None:
    await shop.load(TWO_BOWLS)
    report = await shop.load(TWO_BOWLS.replace("BOL-BLE", "BOL-001"))
    assert report.products == {"created": 1, "unchanged": 2, "deactivated": 1}
    assert shop.product("BOL-BLE", "active, stock_on_hand") == (False, 5)
    assert [(notice.line, notice.code, notice.found) for notice in report.notices] == [
        (2, "product_replaced", "BOL-BLE")
    ]


@pytest.mark.parametrize("status", ["draft", "archived"])
async def test_page_that_is_no_longer_active_is_hidden(shop: Shop, status: str) -> None:
    await shop.load(TWO_BOWLS)
    report = await shop.load(TWO_BOWLS.replace("9.90,active", f"9.90,{status}"))
    assert report.entries == {"unchanged": 1, "deactivated": 1}
    assert shop.rows("SELECT handle FROM catalogue_entry WHERE published") == [("bol",)]


async def test_absent_columns_keep_what_is_stored(shop: Shop) -> None:
    await shop.load(TWO_BOWLS, translations=TRANSLATIONS)
    before = shop.everything()
    await shop.load("Handle,Title,SKU,Price\nbol,Bol,BOL-BLE,14.90\nbol,,BOL-CRM,15.90\nmug,Mug,MUG,9.90\n")
    assert shop.everything() == before


async def test_tax_rate_is_each_products_own_until_it_is_given(shop: Shop) -> None:
    await shop.load(TWO_BOWLS, tax_rate_bp=550)
    assert shop.rows("SELECT DISTINCT tax_rate_bp FROM product") == [(550,)]
    await shop.load(TWO_BOWLS + "vase,Vase,,,,,VASE,1,30,active\n")
    assert shop.rows("SELECT sku, tax_rate_bp FROM product WHERE tax_rate_bp <> 550") == [("VASE", 2000)]
    await shop.load(TWO_BOWLS, tax_rate_bp=1000)
    assert shop.product("BOL-BLE", "tax_rate_bp") == (1000,)


async def test_untaxed_product_has_rate_zero(shop: Shop) -> None:
    await shop.load("Handle,Title,SKU,Price,Charge tax\nlivre,Livre,L,9.00,false\n", tax_rate_bp=550)
    assert shop.product("L", "tax_rate_bp") == (0,)


async def test_translations_are_stored_and_kept_by_an_import_without_them(shop: Shop) -> None:
    report = await shop.load(TWO_BOWLS, translations=TRANSLATIONS)
    assert report.notices == []
    await shop.load(TWO_BOWLS.replace("14.90", "15.00"))
    assert shop.rows("SELECT * FROM catalogue_entry_text") == [("bol", "en", "Bowl", None, ["Colour"])]
    assert shop.rows("SELECT locale, options FROM product_text") == [("en", ["Blue"])]


async def test_translation_goes_when_the_value_it_was_made_for_changes(shop: Shop) -> None:
    await shop.load(TWO_BOWLS, translations=TRANSLATIONS)
    await shop.load(TWO_BOWLS.replace("Couleur,Bleu", "Teinte,Azur"))
    assert shop.rows("SELECT * FROM catalogue_entry_text") == [("bol", "en", "Bowl", None, ["Teinte"])]
    assert shop.rows("SELECT * FROM product_text") == []


async def test_translated_names_that_collide_stay_untranslated(shop: Shop) -> None:
    header = "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,SKU,Price"
    text = f"{header}\nbol,Bol,Taille,L,Pointure,1,B,1\n"
    rows = ["PRODUCT_OPTION,bol,name,en,,,Taille,Size", "PRODUCT_OPTION,bol,name,en,,,Pointure,Size"]
    report = await shop.load(text, translations=TRANSLATIONS.splitlines()[0] + "\n" + "\n".join(rows) + "\n")
    assert "translated_names_collide" in {notice.code for notice in report.notices}
    assert shop.rows("SELECT * FROM catalogue_entry_text") == []


async def test_pictures_on_the_web_are_listed_and_keep_the_file_that_was_fetched(shop: Shop) -> None:
    text = "Handle,Title,SKU,Price,Image Src\nbol,Bol,B,1,https://images.example/a.jpg\n"
    report = await shop.load(text)
    assert report.images_listed == ["https://images.example/a.jpg"]
    with psycopg.connect(shop.url) as connection:
        connection.execute("UPDATE catalogue_image SET file = 'a.jpg', width = 3, height = 2")
    again = await shop.load(text)
    assert (again.images_listed, again.entries) == ([], {"unchanged": 1})
    assert shop.rows("SELECT file, width, height FROM catalogue_image") == [("a.jpg", 3, 2)]
    await shop.load(text.replace("a.jpg", "b.jpg"))
    assert shop.rows("SELECT file, source FROM catalogue_image") == [(None, "https://images.example/b.jpg")]


async def test_thousands_of_rows_are_one_import(shop: Shop) -> None:
    rows = [
        f"p-{n // 4},{f'Produit {n // 4}' if n % 4 == 0 else ''},,,Taille,T{n % 4},S{n},{n},1.00,active"
        for n in range(2000)
    ]
    text = "\n".join([HEADER, *rows]) + "\n"
    assert counts(await shop.load(text)) == ({"created": 500}, {"created": 2000})
    assert counts(await shop.load(text.replace(",1.00,", ",2.00,"))) == ({"unchanged": 500}, {"updated": 2000})
    assert shop.rows("SELECT count(*), sum(stock_on_hand) FROM product") == [(2000, 1999000)]
