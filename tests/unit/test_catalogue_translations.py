"""Shopify's translation file: by handle, by text, and everything that is of no use here said."""

import csv
import io

import pytest

from vivr.catalogue.parsed import ParsedEntry
from vivr.catalogue.shopify_export import parse_products
from vivr.catalogue.shopify_translations import EntryTranslation, ParsedTranslations, parse_translations

PRODUCTS = """\
Handle,Title,Body (HTML),Option1 Name,Option1 Value,Variant SKU,Variant Price
bol,Bol en grès,"<p>Un bol,
profond</p>",Couleur,Bleu nuit,BOL-BLE,14.90
bol,,,,Crème,BOL-CRM,14.90
mug,Mug,<p>Un mug</p>,Couleur,Crème,MUG-CRM,9.90
"""
HEADER = "Type,Identification,Field,Locale,Market,Status,Default content,Translated content"


def entries() -> list[ParsedEntry]:
    return list(parse_products(PRODUCTS.encode(), currency="EUR").entries)


def translate(*rows: tuple[str, str, str, str, str], locale: str = "en", market: str = "") -> ParsedTranslations:
    """Rows of type, identification, field, default content, translated content."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER.split(","))
    for kind, identification, field, default, translated in rows:
        writer.writerow([kind, identification, field, locale, market, "", default, translated])
    return parse_translations(out.getvalue().encode(), entries())


def said(parsed: ParsedTranslations) -> list[tuple[int, str, str]]:
    assert parsed.problems == []
    return [(notice.line, notice.code, notice.found) for notice in parsed.notices]


def test_rows_with_a_handle_translate_that_page() -> None:
    parsed = translate(
        ("PRODUCT", "bol", "title", "Bol en grès", "Stoneware bowl"),
        ("PRODUCT", "bol", "body_html", "<p>ancien texte</p>", "<p>A bowl</p><script>x</script>"),
        ("PRODUCT_OPTION", "bol", "name", "Couleur", "Colour"),
        ("PRODUCT_OPTION_VALUE", "bol", "name", "Bleu nuit", "Midnight blue"),
        ("PRODUCT_OPTION_VALUE", "bol", "name", "Crème", "Cream"),
    )
    assert said(parsed) == []
    assert parsed.entries["bol", "en"] == EntryTranslation(
        title="Stoneware bowl", description_html="<p>A bowl</p>", option_names=["Colour"]
    )
    assert parsed.entries["mug", "en"] == EntryTranslation(title=None, description_html=None, option_names=[None])
    assert parsed.options == {
        ("BOL-BLE", "en"): ["Midnight blue"],
        ("BOL-CRM", "en"): ["Cream"],
        ("MUG-CRM", "en"): [None],
    }


def test_rows_with_shopifys_number_translate_whatever_has_the_text() -> None:
    parsed = translate(
        ("PRODUCT", "'8123", "title", "Bol en grès", "Stoneware bowl"),
        ("PRODUCT", "'8123", "body_html", "<p>Un bol,\nprofond</p>", "<p>A bowl</p>"),
        ("PRODUCT_OPTION", "'9001", "name", "Couleur", "Colour"),
        ("PRODUCT_OPTION_VALUE", "'9002", "name", "Crème", "Cream"),
    )
    assert said(parsed) == []
    assert parsed.entries["bol", "en"] == EntryTranslation(
        title="Stoneware bowl", description_html="<p>A bowl</p>", option_names=["Colour"]
    )
    assert parsed.entries["mug", "en"].option_names == ["Colour"]
    assert parsed.options["MUG-CRM", "en"] == parsed.options["BOL-CRM", "en"] == ["Cream"]


def test_handle_wins_over_the_same_text_elsewhere() -> None:
    parsed = translate(
        ("PRODUCT_OPTION_VALUE", "'1", "name", "Crème", "Cream"),
        ("PRODUCT_OPTION_VALUE", "mug", "name", "Crème", "Ivory"),
    )
    assert parsed.options["BOL-CRM", "en"] == ["Cream"]
    assert parsed.options["MUG-CRM", "en"] == ["Ivory"]


@pytest.mark.parametrize("locale", ["en-GB", "EN", "fr-CA"])
def test_regional_locale_counts_as_its_language(locale: str) -> None:
    parsed = translate(("PRODUCT", "mug", "title", "Mug", "Mug!"), locale=locale)
    assert parsed.entries["mug", locale[:2].lower()].title == "Mug!"


def test_what_matches_nothing_is_said_with_its_line() -> None:
    parsed = translate(
        ("PRODUCT", "assiette", "title", "Assiette", "Plate"),
        ("PRODUCT_OPTION", "mug", "name", "Taille", "Size"),
        ("PRODUCT_OPTION_VALUE", "'7", "name", "", "Red"),
    )
    assert said(parsed) == [
        (2, "translation_unmatched", "Assiette"),
        (3, "translation_unmatched", "Taille"),
        (4, "translation_unmatched", "7"),
    ]
    assert {notice.file for notice in parsed.notices} == {"translations"}


def test_what_is_not_used_is_said_once() -> None:
    other = ("COLLECTION", "'1", "title", "Table", "Table")
    assert said(translate(other, other)) == [(0, "translation_kind_ignored", "COLLECTION")]
    title = ("PRODUCT", "mug", "title", "Mug", "Becher")
    assert said(translate(title, title, locale="de")) == [(0, "translation_locale_unknown", "de")]
    assert said(translate(title, market="Belgique")) == [(0, "translation_market_ignored", "Belgique")]
    assert said(translate(("PRODUCT", "mug", "meta_title", "Mug", "Mug"))) == []


def test_row_without_a_translation_is_no_translation() -> None:
    parsed = translate(("PRODUCT", "mug", "title", "Mug", "  "))
    assert (said(parsed), parsed.entries) == ([], {})


def test_other_file_is_refused() -> None:
    parsed = parse_translations(PRODUCTS.encode(), entries())
    assert {problem.code for problem in parsed.problems} == {"column_missing"}
    assert {problem.file for problem in parsed.problems} == {"translations"}
