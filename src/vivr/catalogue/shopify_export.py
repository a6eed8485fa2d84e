"""Reading Shopify's product file: rows that share a handle are one entry with its products and pictures.

Pure. The first row of a handle carries the page's texts and its first product; a later row is a further product, a
further picture, or both. Every problem is named with line, column and reason, and one problem keeps the file out.
"""

from collections.abc import Sequence
from typing import Final

from vivr.catalogue.csv_table import Row, read_table
from vivr.catalogue.descriptions import sanitise_html
from vivr.catalogue.findings import Findings
from vivr.catalogue.parsed import ParsedCatalogue, ParsedEntry, ParsedImage, ParsedProduct
from vivr.catalogue.shopify_cells import Cells, one_line
from vivr.catalogue.shopify_columns import PRODUCT_COLUMNS, PRODUCT_COLUMNS_REQUIRED
from vivr.money import Money

_OPTION_NAMES: Final = ("option1_name", "option2_name", "option3_name")
_OPTION_VALUES: Final = ("option1_value", "option2_value", "option3_value")
_PRODUCT_FIELDS: Final = (*_OPTION_VALUES, "sku", "price", "compare_at")
_PUBLISHED_STATUS: Final = {"": True, "active": True, "draft": False, "archived": False, "unlisted": False}
_ALT_LENGTH_MAX: Final = 1000
_POSITION_UNSET: Final = 10**9


def parse_products(data: bytes, *, currency: str) -> ParsedCatalogue:
    """Read a product file in either of Shopify's header sets.

    Args:
        data: the file.
        currency: upper-case ISO 4217 code that its prices are in.
    """
    findings = Findings()
    table = read_table(data, findings, names=PRODUCT_COLUMNS, required=PRODUCT_COLUMNS_REQUIRED)
    cells = Cells(table, findings, currency)
    entries = [_entry(cells, handle, rows) for handle, rows in _by_handle(cells, table.rows).items()]
    if table.headers and not findings.items and not entries:
        findings.add(1, "", "file_empty")
    if table.headers and not cells.has("quantity"):
        findings.add(1, cells.header("quantity"), "stock_unknown")
    _check_skus(cells, [product for entry in entries for product in entry.products])
    return ParsedCatalogue(entries, findings.problems, findings.notices, cells.header("image"))


def _by_handle(cells: Cells, rows: Sequence[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        handle = cells.handle(row)
        if handle is None:
            continue
        group = groups.setdefault(handle, [])
        title = one_line(row["title"])
        if group and title and title != one_line(group[0]["title"]):
            cells.note(row, "handle", "handle_repeated", f"line {group[0].line}")
            continue
        group.append(row)
    return groups


def _entry(cells: Cells, handle: str, rows: Sequence[Row]) -> ParsedEntry:
    first = rows[0]
    title = cells.text(first, "title")
    if not title:
        cells.note(first, "title", "title_missing")
    option_names = _option_names(cells, first)
    images = _images(cells, rows)
    products: list[ParsedProduct] = []
    for row in rows:
        if row is first or any(row[field].strip() for field in _PRODUCT_FIELDS):
            products.append(_product(cells, row, handle, option_names, images))
        elif not row["image"].strip():
            cells.note(row, "handle", "row_without_content")
    _check_options(cells, products)
    return ParsedEntry(
        line=first.line,
        handle=handle,
        title=title,
        description_html=sanitise_html(first["description"].replace("\0", "")) if cells.has("description") else None,
        vendor=cells.text(first, "vendor") if cells.has("vendor") else None,
        kind=cells.text(first, "kind") if cells.has("kind") else None,
        tags=cells.tags(first) if cells.has("tags") else None,
        published=_published(cells, first),
        option_names=option_names,
        images=images if cells.has("image", "variant_image") else None,
        products=products,
    )


def _published(cells: Cells, row: Row) -> bool | None:
    if not cells.has("published", "status"):
        return None
    status = row["status"].strip().casefold()
    if status not in _PUBLISHED_STATUS:
        cells.note(row, "status", "status_unknown", status)
    return cells.truth(row, "published", unset=True) and _PUBLISHED_STATUS.get(status, False)


# Options


def _option_names(cells: Cells, row: Row) -> tuple[str, ...] | None:
    if not cells.has("option1_name", "option1_value"):
        return None
    names = [cells.text(row, field) for field in _OPTION_NAMES]
    if _is_default_title(row, names):
        return ()
    for place, name in enumerate(names):
        if name and not all(names[:place]):
            cells.note(row, _OPTION_NAMES[names.index("")], "option_name_missing")
        if name and name in names[:place]:
            cells.note(row, _OPTION_NAMES[place], "option_name_repeated", name)
    return tuple(name for name in names if name)


def _is_default_title(row: Row, names: Sequence[str]) -> bool:
    """Whether the one option is Shopify's own word for a product without options, the same in every language."""
    value = one_line(row["option1_value"]).casefold()
    return value == "default title" and names[0].casefold() in {"title", ""} and not any(names[1:])


def _options(cells: Cells, row: Row, names: Sequence[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    values = [cells.text(row, field) for field in _OPTION_VALUES]
    if not names and values[0].casefold() == "default title":
        values[0] = ""
    for place, value in enumerate(values):
        if value and place >= len(names):
            cells.note(row, _OPTION_NAMES[place], "option_name_missing")
        elif not value and place < len(names):
            cells.note(row, _OPTION_VALUES[place], "option_value_missing", names[place])
    return tuple(values[: len(names)])


def _check_options(cells: Cells, products: Sequence[ParsedProduct]) -> None:
    lines: dict[tuple[str, ...], int] = {}
    for product in products:
        if product.options is not None and all(product.options):
            known = lines.setdefault(tuple(product.options), product.line)
            if known != product.line:
                cells.note_line(product.line, "option1_value", "options_repeated", f"line {known}")


# Pictures


def _images(cells: Cells, rows: Sequence[Row]) -> list[ParsedImage]:
    """The pictures in the file's order of positions; those that only a product names come last."""
    found: dict[str, ParsedImage] = {}
    for row in rows:
        source = cells.image_source(row, "image")
        if source and source not in found:
            alt = cells.text(row, "image_alt", length_max=_ALT_LENGTH_MAX)
            position = cells.image_position(row) or _POSITION_UNSET
            found[source] = ParsedImage(line=row.line, position=position, source=source, alt=alt)
    for row in rows:
        source = cells.image_source(row, "variant_image")
        if source and source not in found:
            found[source] = ParsedImage(line=row.line, position=_POSITION_UNSET, source=source, alt="")
    in_order = sorted(found.values(), key=lambda image: image.position)
    return [
        ParsedImage(line=image.line, position=place, source=image.source, alt=image.alt)
        for place, image in enumerate(in_order, start=1)
    ]


# Products


def _product(
    cells: Cells, row: Row, handle: str, option_names: Sequence[str] | None, images: Sequence[ParsedImage]
) -> ParsedProduct:
    options = _options(cells, row, option_names)
    price = cells.amount(row, "price")
    if price is None and not row["price"].strip():
        cells.note(row, "price", "price_missing")
    compare_at = cells.amount(row, "compare_at")
    if compare_at is not None and price is not None and compare_at <= price:
        # Shopify shows no former price either that is not above the present one; zero is how many tools leave it empty.
        if compare_at.amount_minor > 0 and compare_at != price:
            cells.note(row, "compare_at", "compare_at_not_above", row["compare_at"].strip())
        compare_at = None
    quantity = cells.quantity(row)
    if cells.has("quantity") and not row["quantity"].strip():
        cells.note(row, "quantity", "stock_unknown")
    if cells.overselling(row):
        cells.note(row, "overselling", "overselling_ignored")
    sku = cells.sku(row)
    return ParsedProduct(
        line=row.line,
        sku=sku or "/".join((handle, *(options or ()))),
        sku_made=not sku,
        options=options,
        price=price or Money(0, cells.currency),
        compare_at=compare_at,
        grams=cells.grams(row) if cells.has("grams") else None,
        quantity=quantity,
        taxable=cells.truth(row, "taxable", unset=True),
        image_position=_position_of(row["variant_image"].strip(), images),
    )


def _position_of(source: str, images: Sequence[ParsedImage]) -> int | None:
    return next((image.position for image in images if image.source == source), None)


def _check_skus(cells: Cells, products: Sequence[ParsedProduct]) -> None:
    lines: dict[str, int] = {}
    for product in products:
        known = lines.setdefault(product.sku, product.line)
        if known != product.line:
            cells.note_line(product.line, "sku", "sku_repeated", f"line {known}")
