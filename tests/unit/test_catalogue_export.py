"""Shopify's product file: both header sets, rows into entries, and every bad row named with line, column and reason."""

import csv
import io
from collections.abc import Mapping, Sequence

import pytest

from vivr.catalogue.parsed import ParsedCatalogue, ParsedProduct
from vivr.catalogue.shopify_export import parse_products
from vivr.money import Money

HEADER = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,"
    "Option2 Value,Option3 Name,Option3 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,"
    "Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,Variant Taxable,Image Src,"
    "Image Position,Image Alt Text,Gift Card,SEO Title,Variant Image,Variant Weight Unit,Status"
)
CLASSIC = HEADER.split(",")
NEW = {
    "Handle": "URL handle",
    "Body (HTML)": "Description",
    "Product Category": "Product category",
    "Published": "Published on online store",
    "Option1 Name": "Option1 name",
    "Option1 Value": "Option1 value",
    "Variant SKU": "SKU",
    "Variant Grams": "Weight value (grams)",
    "Variant Inventory Tracker": "Inventory tracker",
    "Variant Inventory Qty": "Inventory quantity",
    "Variant Inventory Policy": "Continue selling when out of stock",
    "Variant Price": "Price",
    "Variant Compare At Price": "Compare-at price",
    "Variant Taxable": "Charge tax",
    "Image Src": "Product image URL",
    "Image Position": "Image position",
    "Variant Image": "Variant image URL",
}


def csv_bytes(rows: Sequence[Mapping[str, str]], header: Sequence[str] = CLASSIC) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, header, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def row(**cells: str) -> dict[str, str]:
    """One row; keywords are the columns' names with underscores."""
    names = {name.replace(" ", "_").replace("(", "").replace(")", ""): name for name in CLASSIC}
    return {names[key]: value for key, value in cells.items()}


def bowl(**cells: str) -> dict[str, str]:
    return row(**{"Handle": "bol", "Title": "Bol", "Variant_Price": "14.90", "Variant_Inventory_Qty": "3", **cells})


def parse(*rows: Mapping[str, str]) -> ParsedCatalogue:
    return parse_products(csv_bytes(rows), currency="EUR")


def problems(parsed: ParsedCatalogue) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.code) for problem in parsed.problems]


def notices(parsed: ParsedCatalogue) -> list[tuple[int, str, str]]:
    return [(notice.line, notice.column, notice.code) for notice in parsed.notices]


def only_product(parsed: ParsedCatalogue) -> ParsedProduct:
    assert parsed.problems == []
    (product,) = parsed.products
    return product


def test_rows_of_one_handle_are_one_entry_with_products_and_pictures() -> None:
    parsed = parse(
        row(
            Handle="bol-gres",
            Title="Bol en grès",
            Body_HTML="<p>Un bol,\n“profond”</p><script>x</script>",
            Vendor="Morvan",
            Type="Vaisselle",
            Tags="grès, table, grès,",
            Published="TRUE",
            Option1_Name="Couleur",
            Option1_Value="Bleu nuit",
            Option2_Name="Taille",
            Option2_Value="Grand",
            Variant_SKU="BOL-BLE",
            Variant_Grams="520.4",
            Variant_Inventory_Qty="34",
            Variant_Price="14.90",
            Variant_Compare_At_Price="19.90",
            Image_Src="images/bleu.jpg",
            Image_Position="2",
            Image_Alt_Text="Bol bleu",
            Variant_Image="images/bleu.jpg",
            Status="active",
        ),
        row(
            Handle="Bol-Gres",
            Option1_Value="Crème",
            Option2_Value="Grand",
            Variant_SKU="'0042",
            Variant_Inventory_Qty="0",
            Variant_Price="15",
            Variant_Taxable="false",
            Variant_Image="https://images.example/creme.jpg",
        ),
        row(Handle="bol-gres", Image_Src="images/pile.jpg", Image_Position="1", Image_Alt_Text="Trois bols"),
    )
    assert (parsed.problems, parsed.notices) == ([], [])
    (entry,) = parsed.entries
    assert (entry.line, entry.handle, entry.title) == (2, "bol-gres", "Bol en grès")
    assert entry.description_html == "<p>Un bol,\n“profond”</p>"
    assert (entry.vendor, entry.kind, entry.tags) == ("Morvan", "Vaisselle", ["grès", "table"])
    assert (entry.published, entry.option_names) == (True, ("Couleur", "Taille"))
    assert [(image.position, image.source, image.alt) for image in entry.images or ()] == [
        (1, "images/pile.jpg", "Trois bols"),
        (2, "images/bleu.jpg", "Bol bleu"),
        (3, "https://images.example/creme.jpg", ""),
    ]
    blue, cream = entry.products
    assert (blue.line, blue.sku, blue.options, blue.grams, blue.quantity) == (
        2,
        "BOL-BLE",
        ("Bleu nuit", "Grand"),
        520,
        34,
    )
    assert (blue.price, blue.compare_at, blue.taxable) == (Money(1490, "EUR"), Money(1990, "EUR"), True)
    assert (cream.line, cream.sku, cream.price, cream.quantity) == (4, "0042", Money(1500, "EUR"), 0)
    assert (cream.taxable, blue.image_position, cream.image_position) == (False, 2, 3)


def test_both_header_sets_say_the_same() -> None:
    rows = [
        bowl(Option1_Name="Couleur", Option1_Value="Bleu", Variant_SKU="B", Image_Src="a.jpg", Image_Position="1"),
        row(Handle="bol", Option1_Value="Vert", Variant_Price="9.90", Variant_Inventory_Qty="1", Variant_Image="b.jpg"),
    ]
    renamed = [{NEW.get(name, name): value for name, value in cells.items()} for cells in rows]
    classic = parse_products(csv_bytes(rows), currency="EUR")
    new = parse_products(csv_bytes(renamed, [NEW.get(name, name) for name in CLASSIC]), currency="EUR")
    shouted = parse_products(csv_bytes(rows).replace(csv_bytes([]), csv_bytes([]).upper(), 1), currency="EUR")
    assert classic.entries == new.entries == shouted.entries
    assert (classic.image_column, new.image_column, shouted.image_column) == (
        "Image Src",
        "Product image URL",
        "IMAGE SRC",
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_byte_order_mark_and_line_ends_make_no_difference(mark: bytes, newline: str) -> None:
    data = csv_bytes([bowl(Vendor="Émail")]).replace(b"\r\n", newline.encode())
    parsed = parse_products(mark + data, currency="EUR")
    assert parsed.problems == []
    assert parsed.entries[0].vendor == "Émail"


def test_blank_sku_is_made_from_handle_and_options() -> None:
    options = {f"Option{n}_{part}": f"{part[0]}{n}" for n in (1, 2, 3) for part in ("Name", "Value")}
    parsed = parse(bowl(**options), row(Handle="mug", Title="Mug", Variant_Price="9"))
    assert [(product.sku, product.sku_made) for product in parsed.products] == [("bol/V1/V2/V3", True), ("mug", True)]


def test_default_title_is_no_option() -> None:
    parsed = parse(bowl(Option1_Name="Title", Option1_Value="Default Title"))
    assert (parsed.entries[0].option_names, only_product(parsed).options, only_product(parsed).sku) == ((), (), "bol")


def test_option_that_is_called_title_is_one() -> None:
    parsed = parse(bowl(Option1_Name="Title", Option1_Value="Gris"))
    assert (parsed.entries[0].option_names, only_product(parsed).options) == (("Title",), ("Gris",))


@pytest.mark.parametrize(
    ("published", "status", "expected"),
    [
        ("", "", True),
        ("true", "active", True),
        ("VRAI", "Active", True),
        ("false", "active", False),
        ("true", "draft", False),
        ("true", "archived", False),
        ("TRUE", "unlisted", False),
    ],
)
def test_only_an_active_published_product_is_shown(published: str, status: str, expected: bool) -> None:  # noqa: FBT001
    assert parse(bowl(Published=published, Status=status)).entries[0].published is expected


def test_absent_columns_are_left_to_what_is_stored() -> None:
    parsed = parse_products(b"handle,TITLE,price\nbol,Bol,1.00\n", currency="EUR")
    (entry,) = parsed.entries
    product = only_product(parsed)
    assert (entry.description_html, entry.vendor, entry.kind, entry.tags) == (None, None, None, None)
    assert (entry.published, entry.option_names, entry.images) == (None, None, None)
    assert (product.options, product.grams, product.quantity, product.sku) == (None, None, None, "bol")
    assert notices(parsed) == [(1, "Variant Inventory Qty", "stock_unknown")]


@pytest.mark.parametrize(
    ("cells", "column", "code", "found"),
    [
        ({"Handle": ""}, "Handle", "handle_missing", ""),
        ({"Handle": "bol bleu"}, "Handle", "handle_malformed", "bol bleu"),
        ({"Handle": "../bol"}, "Handle", "handle_malformed", "../bol"),
        ({"Title": " \n"}, "Title", "title_missing", ""),
        ({"Title": "b" * 256}, "Title", "text_too_long", "255"),
        ({"Variant_Price": ""}, "Variant Price", "price_missing", ""),
        ({"Variant_Price": "14,90"}, "Variant Price", "amount_malformed", "14,90"),
        ({"Variant_Price": "€14.90"}, "Variant Price", "amount_malformed", "€14.90"),
        ({"Variant_Price": "1e3"}, "Variant Price", "amount_malformed", "1e3"),
        ({"Variant_Price": "14.900"}, "Variant Price", "amount_too_precise", "14.900"),
        ({"Variant_Price": "-1.00"}, "Variant Price", "amount_negative", "-1.00"),
        ({"Variant_Price": "1000000.00"}, "Variant Price", "amount_above_maximum", "1000000.00"),
        ({"Variant_Compare_At_Price": "abc"}, "Variant Compare At Price", "amount_malformed", "abc"),
        ({"Variant_Inventory_Qty": "1.5"}, "Variant Inventory Qty", "number_malformed", "1.5"),
        ({"Variant_Inventory_Qty": "٣"}, "Variant Inventory Qty", "number_malformed", "٣"),
        ({"Variant_Inventory_Qty": "10000000000"}, "Variant Inventory Qty", "number_malformed", "10000000000"),
        ({"Variant_Inventory_Qty": "-1"}, "Variant Inventory Qty", "quantity_negative", "-1"),
        ({"Variant_Grams": "lourd"}, "Variant Grams", "number_malformed", "lourd"),
        ({"Published": "peut-être"}, "Published", "truth_malformed", "peut-être"),
        ({"Status": "sold"}, "Status", "status_unknown", "sold"),
        ({"Option1_Value": "Bleu"}, "Option1 Name", "option_name_missing", ""),
        ({"Option1_Name": "Couleur"}, "Option1 Value", "option_value_missing", "Couleur"),
        ({"Option2_Name": "Taille", "Option2_Value": "L"}, "Option1 Name", "option_name_missing", ""),
        ({"Image_Src": "a.jpg", "Image_Position": "0"}, "Image Position", "image_position_malformed", "0"),
        ({"Image_Src": "../a.jpg"}, "Image Src", "image_outside_folder", "../a.jpg"),
        ({"Image_Src": "/etc/a.jpg"}, "Image Src", "image_outside_folder", "/etc/a.jpg"),
        ({"Image_Src": "a\\..\\b.jpg"}, "Image Src", "image_outside_folder", "a\\..\\b.jpg"),
        ({"Image_Src": "file:///etc/a.jpg"}, "Image Src", "image_address_unsupported", "file:///etc/a.jpg"),
        ({"Image_Src": "data:image/png;base64,AAAA"}, "Image Src", "image_address_unsupported", None),
        ({"Image_Src": "//images.example/a.jpg"}, "Image Src", "image_address_unsupported", None),
        ({"Image_Src": "https:///a.jpg"}, "Image Src", "image_address_unsupported", None),
        ({"Image_Src": "https://[::1/a.jpg"}, "Image Src", "image_address_unsupported", None),
        ({"Image_Src": "a" * 2049}, "Image Src", "image_address_unsupported", None),
        ({"Variant_Image": "ftp://images.example/a.jpg"}, "Variant Image", "image_address_unsupported", None),
        ({"Vendor": "a\0b"}, "Vendor", "nul_character", ""),
    ],
)
def test_bad_cell_is_named_with_line_column_and_reason(
    cells: dict[str, str], column: str, code: str, found: str | None
) -> None:
    parsed = parse(row(Handle="mug", Title="Mug", Body_HTML="<p>\n</p>", Variant_Price="9.00"), bowl(**cells))
    assert (4, column, code) in problems(parsed)
    assert {line for line, _, _ in problems(parsed)} == {4}
    if found is not None:
        assert parsed.problems[0].found == found
    assert "{" not in parsed.problems[0].sentence


def test_all_problems_are_named_at_once() -> None:
    parsed = parse(
        bowl(Variant_Price="x", Variant_Inventory_Qty="y"),
        row(Handle="mug", Title="", Variant_Price="1"),
        bowl(Handle="!"),
    )
    assert problems(parsed) == [
        (2, "Variant Price", "amount_malformed"),
        (2, "Variant Inventory Qty", "number_malformed"),
        (3, "Title", "title_missing"),
        (4, "Handle", "handle_malformed"),
    ]


def test_repeated_sku_is_named_with_its_first_line() -> None:
    parsed = parse(bowl(Variant_SKU="A"), row(Handle="mug", Title="Mug", Variant_Price="1", Variant_SKU="A"))
    assert problems(parsed) == [(3, "Variant SKU", "sku_repeated")]
    assert parsed.problems[0].sentence == "line 2 has the same SKU"


def test_made_sku_that_another_row_has_is_a_bad_row() -> None:
    parsed = parse(bowl(Variant_SKU=""), row(Handle="mug", Title="Mug", Variant_Price="1", Variant_SKU="bol"))
    assert problems(parsed) == [(3, "Variant SKU", "sku_repeated")]


def test_repeated_options_are_a_bad_row() -> None:
    first = bowl(Option1_Name="Couleur", Option1_Value="Bleu", Variant_SKU="A")
    parsed = parse(first, row(Handle="bol", Option1_Value="Bleu", Variant_SKU="B", Variant_Price="1"))
    assert problems(parsed) == [(3, "Option1 Value", "options_repeated")]


def test_repeated_option_name_is_a_bad_row() -> None:
    names = {"Option1_Name": "Taille", "Option1_Value": "L", "Option2_Name": "Taille", "Option2_Value": "M"}
    assert problems(parse(bowl(**names))) == [(2, "Option2 Name", "option_name_repeated")]


def test_handle_of_two_titles_is_a_bad_row() -> None:
    assert problems(parse(bowl(), bowl(Title="Autre bol", Variant_SKU="B"))) == [(3, "Handle", "handle_repeated")]


def test_row_without_product_or_picture_is_said() -> None:
    parsed = parse(bowl(), row(Handle="bol", Image_Alt_Text="rien"))
    assert (problems(parsed), notices(parsed)) == ([], [(3, "Handle", "row_without_content")])


@pytest.mark.parametrize("former", ["14.90", "0.00", "0"])
def test_former_price_that_means_none_is_not_shown(former: str) -> None:
    parsed = parse(bowl(Variant_Compare_At_Price=former))
    assert (only_product(parsed).compare_at, parsed.notices) == (None, [])


def test_former_price_below_the_price_is_said() -> None:
    parsed = parse(bowl(Variant_Compare_At_Price="9.90"))
    assert only_product(parsed).compare_at is None
    assert notices(parsed) == [(2, "Variant Compare At Price", "compare_at_not_above")]


def test_oversold_quantity_counts_as_none() -> None:
    parsed = parse(bowl(Variant_Inventory_Qty="-2", Variant_Inventory_Policy="continue"))
    assert only_product(parsed).quantity == 0
    assert {code for _, _, code in notices(parsed)} == {"quantity_below_zero", "overselling_ignored"}


def test_blank_quantity_is_said_and_leaves_the_stock() -> None:
    parsed = parse(bowl(Variant_Inventory_Qty=""))
    assert only_product(parsed).quantity is None
    assert notices(parsed) == [(2, "Variant Inventory Qty", "stock_unknown")]


@pytest.mark.parametrize(
    ("currency", "text", "amount_minor"), [("JPY", "1490", 1490), ("KWD", "1.250", 1250), ("ISK", "500", 50000)]
)
def test_price_is_read_in_the_shops_currency(currency: str, text: str, amount_minor: int) -> None:
    parsed = parse_products(csv_bytes([bowl(Variant_Price=text)]), currency=currency)
    assert only_product(parsed).price == Money(amount_minor, currency)


def test_price_with_cents_is_refused_where_there_are_none() -> None:
    parsed = parse_products(csv_bytes([bowl(Variant_Price="14.90")]), currency="JPY")
    assert problems(parsed) == [(2, "Variant Price", "amount_too_precise")]
