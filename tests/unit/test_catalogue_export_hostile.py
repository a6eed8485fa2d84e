"""Product files that are broken or hostile, and generated ones that must come through both header sets unharmed."""

import csv
import io
import string
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivr.catalogue import csv_table
from vivr.catalogue.parsed import ParsedCatalogue
from vivr.catalogue.shopify_export import parse_products
from vivr.money import Money, major_text

HEADER = b"Handle,Title,Body (HTML),Variant SKU,Variant Price\n"

FIELDS = (
    "handle",
    "title",
    "body",
    "name1",
    "value1",
    "name2",
    "value2",
    "name3",
    "value3",
    "sku",
    "price",
    "quantity",
)
CLASSIC = (
    *("Handle", "Title", "Body (HTML)", "Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value"),
    *("Option3 Name", "Option3 Value", "Variant SKU", "Variant Price", "Variant Inventory Qty"),
)
NEW = (
    *("URL handle", "Title", "Description", "Option1 name", "Option1 value", "Option2 name", "Option2 value"),
    *("Option3 name", "Option3 value", "SKU", "Price", "Inventory quantity"),
)


def parse(data: bytes) -> ParsedCatalogue:
    return parse_products(data, currency="EUR")


def problems(data: bytes) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.code) for problem in parse(data).problems]


def test_latin_1_is_refused_at_its_line() -> None:
    data = HEADER + "bol,Bol,,A,1\nmug,Mug émaillé,,B,2\n".encode("latin-1")
    assert problems(data) == [(3, "", "not_utf8")]
    assert parse(data).problems[0].found == "byte 0xE9"


def test_utf_16_is_refused() -> None:
    assert problems((HEADER + b"bol,Bol,,A,1\n").decode().encode("utf-16")) == [(1, "", "not_utf8")]


def test_semicolons_are_named_for_what_they_are() -> None:
    assert problems(b"Handle;Title;Variant Price\nbol;Bol;1,00\n") == [(1, "", "delimiter_semicolon")]


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n", HEADER, HEADER + b"\n,,,,\n"])
def test_file_without_rows_is_refused(data: bytes) -> None:
    assert problems(data) == [(1, "", "file_empty")]


def test_missing_columns_are_all_named() -> None:
    assert problems(b"Body (HTML),Vendor\nx,y\n") == [
        (1, "Handle", "column_missing"),
        (1, "Title", "column_missing"),
        (1, "Variant Price", "column_missing"),
    ]


@pytest.mark.parametrize(
    "header", ["Handle,Title,Price,Handle", "Handle,URL handle,Title,Price", "handle,HANDLE ,title,price"]
)
def test_two_columns_for_one_thing_are_refused(header: str) -> None:
    found = problems(f"{header}\nbol,bol,1,bol\n".encode())
    assert [(line, code) for line, _, code in found] == [(1, "column_repeated")]


def test_columns_that_are_not_read_may_repeat() -> None:
    assert problems(b"Handle,Title,Price,Metafield,Metafield\nbol,Bol,1.00,x,y\n") == []


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (b'bol,"Bol" bleu,,A,1\n', "quoting_broken"),
        (b'bol,"Bol,,A,1\n', "quoting_broken"),
        (b"bol,Bol,,A\n", "cell_count_wrong"),
        (b"bol,Bol,,A,1,2\n", "cell_count_wrong"),
        (b"bol,B\0ol,,A,1\n", "nul_character"),
    ],
)
def test_broken_row_is_named_by_the_line_it_begins_on(row: bytes, code: str) -> None:
    before = b'mug,Mug,"<p>\n\n</p>",B,2\n'
    assert [(line, found) for line, _, found in problems(HEADER + before + row)] == [(5, code)]


def test_cells_beyond_the_header_may_be_empty() -> None:
    assert problems(HEADER + b"bol,Bol,,A,1.00,,\n") == []


def test_huge_cell_is_refused() -> None:
    data = HEADER + b"bol,Bol,,A,1.00\nmug," + b"M" * 200_000 + b",,B,1.00\n"
    assert problems(data) == [(3, "", "cell_too_long")]


def test_huge_file_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "FILE_BYTES_MAX", 100)
    assert problems(HEADER * 3) == [(1, "", "file_too_large")]


def test_finding_shows_no_control_characters_and_little_of_a_long_cell() -> None:
    price = "\x1b[31m" + "9" * 500
    found = parse(HEADER + f"bol,Bol,,A,{price}\n".encode()).problems[0].found
    assert "\x1b" not in found
    assert len(found) == 81


def test_markup_in_a_title_stays_text() -> None:
    (entry,) = parse(HEADER + b"bol,<script>alert(1)</script>,<script>x</script><p>ok</p>,A,1.00\n").entries
    assert (entry.title, entry.description_html) == ("<script>alert(1)</script>", "<p>ok</p>")


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    parsed = parse(data)
    assert parsed.problems or parsed.entries


@settings(deadline=None)
@given(st.text(alphabet='",\n\r\0;abc 1.é', max_size=200))
def test_no_text_below_a_good_header_breaks_the_reader(text: str) -> None:
    parsed = parse(HEADER + text.encode())
    assert parsed.problems or parsed.entries


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z", "C"]), min_size=1, max_size=12).filter(
    lambda text: not text.startswith("'")
)
HANDLE = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=12)


@st.composite
def catalogues(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows of a file: entries of different handles with up to three options and several products."""
    rows: list[dict[str, str]] = []
    skus = iter(draw(st.lists(TEXT, min_size=30, max_size=30, unique_by=one_line_form)))
    for handle in draw(st.lists(HANDLE, min_size=1, max_size=4, unique=True)):
        names = draw(st.lists(TEXT, max_size=3, unique_by=one_line_form))
        width = len(names)
        values = draw(
            st.lists(st.tuples(*[TEXT] * width), min_size=1, max_size=5 if width else 1, unique_by=normal_forms)
        )
        title, body = draw(TEXT), draw(st.sampled_from(["", "<p>a</p>", "<p>a,\n“b”</p>\n<ul>\n<li>c</li>\n</ul>"]))
        for place, options in enumerate(values):
            cells = {"handle": handle, "sku": next(skus), "quantity": str(draw(st.integers(0, 10**6)))}
            cells["price"] = major_text(Money(draw(st.integers(0, 99_999_999)), "EUR"))
            cells |= {f"value{number}": value for number, value in enumerate(options, start=1)}
            if place == 0:
                cells |= {"title": title, "body": body}
                cells |= {f"name{number}": name for number, name in enumerate(names, start=1)}
            rows.append(cells)
    return rows


def one_line_form(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def normal_forms(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one_line_form(text) for text in texts)


def written(rows: list[dict[str, str]], header: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([[cells.get(field, "") for field in FIELDS] for cells in rows])
    return out.getvalue().encode()


def read_back(parsed: ParsedCatalogue) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for entry in parsed.entries:
        for place, product in enumerate(entry.products):
            cells = {"handle": entry.handle, "sku": product.sku, "price": major_text(product.price)}
            cells["quantity"] = str(product.quantity)
            cells |= {f"value{number}": value for number, value in enumerate(product.options or (), start=1)}
            if place == 0:
                cells |= {"title": entry.title, "body": entry.description_html or ""}
                cells |= {f"name{number}": name for number, name in enumerate(entry.option_names or (), start=1)}
            rows.append(cells)
    return rows


@settings(max_examples=60, deadline=None)
@given(catalogues())
def test_generated_products_come_through_both_header_sets(rows: list[dict[str, str]]) -> None:
    expected = [{field: one_line_form(text) for field, text in cells.items()} for cells in rows]
    for header in (CLASSIC, NEW):
        parsed = parse(written(rows, header))
        assert parsed.problems == []
        assert read_back(parsed) == expected
