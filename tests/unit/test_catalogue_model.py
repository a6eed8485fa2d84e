"""The pure part of the catalogue: cursors, addresses of pictures, and what a description may contain."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivr.catalogue.descriptions import plain_text, sanitise_html
from vivr.catalogue.model import CatalogueEntry, Cursor, ImageUrls, Product, cursor_text, image_urls, read_cursor
from vivr.ids import ProductId
from vivr.money import Money


def product(**changes: object) -> Product:
    values: dict[str, object] = {
        "product_id": ProductId("prd_1"),
        "sku": "BOL-BLE",
        "handle": "bol",
        "title": "Bol en grès",
        "options": {"Couleur": "Bleu nuit", "Taille": "Grand"},
        "price": Money(1490, "EUR"),
        "compare_at": None,
        "available": 3,
        "tax_rate_bp": 2000,
        "image": None,
        "active": True,
        "published": True,
    }
    return Product(**{**values, **changes})  # pyright: ignore[reportArgumentType]


@settings(deadline=None)
@given(
    st.integers(min_value=0, max_value=2**31 - 1),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
)
def test_cursor_survives_its_text(position: int, handle: str) -> None:
    text = cursor_text(Cursor(position, handle))
    assert text.replace("-", "").replace("_", "").isalnum()
    assert text.isascii()
    assert read_cursor(text) == Cursor(position, handle)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "!!",
        "é",
        "bnVsbA",
        "WzEsMl0",
        "WyJhIiwgImIiXQ",
        "W3RydWUsICJhIl0x",
        "WzEsICIiXQ",
        "Wy0xLCAiYSJd",
        "[" * 9999,
    ],
)
def test_foreign_text_is_no_cursor(text: str) -> None:
    assert read_cursor(text) is None


@settings(deadline=None)
@given(st.text())
def test_no_text_breaks_the_cursor(text: str) -> None:
    read_cursor(text)


def test_wide_picture_has_smaller_copies_and_itself_in_the_srcset() -> None:
    urls = image_urls("ab12.jpg", 1200)
    assert urls == ImageUrls(
        "/media/ab12.jpg", {400: "/media/ab12-400.webp", 800: "/media/ab12-800.webp", 1200: "/media/ab12.jpg"}
    )
    assert urls.srcset == "/media/ab12-400.webp 400w, /media/ab12-800.webp 800w, /media/ab12.jpg 1200w"


def test_picture_is_never_enlarged() -> None:
    assert image_urls("ab12.png", 800).widths == {400: "/media/ab12-400.webp", 800: "/media/ab12.png"}
    assert image_urls("ab12.png", 400) == ImageUrls("/media/ab12.png", {})


def test_drawing_has_one_size() -> None:
    assert image_urls("ab12.svg", 4000).srcset == ""


def test_full_title_names_the_options() -> None:
    assert product().full_title == "Bol en grès, Bleu nuit, Grand"
    assert product(options={}).full_title == "Bol en grès"


@pytest.mark.parametrize(("active", "published"), [(False, True), (True, False), (False, False)])
def test_product_that_is_hidden_is_not_sellable(active: bool, published: bool) -> None:  # noqa: FBT001
    assert not product(active=active, published=published).sellable


def test_entry_shows_its_lowest_price_and_all_its_units() -> None:
    entry = CatalogueEntry(
        handle="bol",
        title="Bol",
        description_html="<p>Un bol</p>",
        vendor="",
        kind="",
        tags=[],
        option_names=[],
        images=[],
        products=[product(price=Money(1490, "EUR")), product(price=Money(990, "EUR"), available=4)],
    )
    assert (entry.price_from, entry.available, entry.description_text) == (Money(990, "EUR"), 7, "Un bol")


@pytest.mark.parametrize(
    ("markup", "kept"),
    [
        ("<p>Un <strong>bol</strong><br>bleu</p>", "<p>Un <strong>bol</strong><br>bleu</p>"),
        ("<p onclick='x()' style='color:red' class=a>Un bol</p>", "<p>Un bol</p>"),
        ("<script>alert(1)</script><p>Un bol</p>", "<p>Un bol</p>"),
        ("<style>p{}</style>bol", "bol"),
        ("<div><span>bol</span></div>", "bol"),
        ("<img src=x onerror=alert(1)>bol", "bol"),
        ("<iframe src='https://example.org'></iframe>bol", "bol"),
        ("<a href='javascript:alert(1)'>bol</a>", '<a rel="noopener noreferrer nofollow">bol</a>'),
        ("<a href='//example.org/x'>bol</a>", '<a rel="noopener noreferrer nofollow">bol</a>'),
        (
            "<a href='https://example.org' target=_blank>bol</a>",
            '<a href="https://example.org" rel="noopener noreferrer nofollow">bol</a>',
        ),
        ("<svg><script>alert(1)</script></svg>bol", "bol"),
        ("<h1>Titre</h1><h2>Sous-titre</h2>", "Titre<h2>Sous-titre</h2>"),
        ("<p>non fermé", "<p>non fermé</p>"),
        ("<table><tr><td colspan=2 onload=x>a</td></tr></table>", None),
        ("  5 < 6 & 7  ", "5 &lt; 6 &amp; 7"),
        ("<!-- secret -->bol", "bol"),
    ],
)
def test_description_keeps_only_the_allowed_markup(markup: str, kept: str | None) -> None:
    expected = '<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>' if kept is None else kept
    assert sanitise_html(markup) == expected


@settings(deadline=None)
@given(st.text())
def test_sanitising_twice_changes_nothing(markup: str) -> None:
    once = sanitise_html(markup)
    assert sanitise_html(once) == once


def test_plain_text_has_a_line_for_each_block() -> None:
    table = "<table><tr><td>a</td><td>b</td></tr></table>"
    markup = "<p>Un bol\n  &amp; son plat</p>\n<ul><li>15 cm</li><li>7 cm</li></ul>" + table
    assert plain_text(markup) == "Un bol & son plat\n15 cm\n7 cm\na b"


def test_plain_text_of_a_script_is_empty() -> None:
    assert plain_text("<script>alert(1)</script>") == ""
