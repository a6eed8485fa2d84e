"""Reading Shopify's translation file and finding what each of its rows translates.

Pure. A row names its object by Shopify's number or by a handle, and carries the text that it translates. Numbers mean
nothing here, so a row without a handle is matched by that text: whatever has the same text gets the same translation.

Source: Shopify Help Center, "Importing and exporting translations" (columns Type, Identification, Field, Locale,
Market, Status, Default content, Translated content; the number carries a leading apostrophe for spreadsheets).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from vivr.catalogue.csv_table import Row, read_table
from vivr.catalogue.descriptions import sanitise_html
from vivr.catalogue.findings import Finding, Findings
from vivr.catalogue.model import LOCALES
from vivr.catalogue.parsed import ParsedEntry
from vivr.catalogue.shopify_cells import one_line
from vivr.catalogue.shopify_columns import TRANSLATION_COLUMNS, TRANSLATION_COLUMNS_REQUIRED

_USED: Final = {
    ("PRODUCT", "title"): "title",
    ("PRODUCT", "body_html"): "description",
    ("PRODUCT_OPTION", "name"): "option_name",
    ("PRODUCT_OPTION_VALUE", "name"): "option_value",
}
_USED_TYPES: Final = {kind for kind, _ in _USED}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryTranslation:
    """An entry's texts in one language; None, also inside ``option_names``, where the file has no translation."""

    title: str | None
    description_html: str | None
    option_names: Sequence[str | None] | None


@dataclass(frozen=True, slots=True)
class ParsedTranslations:
    """What a translation file says about the entries of a product file: by (handle, locale) and by (SKU, locale)."""

    entries: Mapping[tuple[str, str], EntryTranslation]
    options: Mapping[tuple[str, str], Sequence[str | None]]
    problems: Sequence[Finding]
    notices: Sequence[Finding]


@dataclass(slots=True)
class _Texts:
    """Translations of one kind in one locale: for one handle, and for any with the same text."""

    by_handle: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    anywhere: dict[str, str] = field(default_factory=dict[str, str])

    def find(self, handle: str, text: str) -> str | None:
        return self.by_handle.get((handle, text)) or self.anywhere.get(text)


def parse_translations(data: bytes, entries: Sequence[ParsedEntry]) -> ParsedTranslations:
    """Read a translation file beside the product file that it belongs to.

    Args:
        data: the translation file.
        entries: what the product file says.
    """
    findings = Findings("translations")
    table = read_table(data, findings, names=TRANSLATION_COLUMNS, required=TRANSLATION_COLUMNS_REQUIRED)
    texts: defaultdict[tuple[str, str], _Texts] = defaultdict(_Texts)
    known = _KnownTexts(entries)
    for row in table.rows:
        locale = row["locale"].strip().lower().partition("-")[0]
        kind = _kind(row, locale, findings)
        if kind is None:
            continue
        _file_row(row, kind, known, texts[kind, locale], findings)
    locales = sorted({locale for _, locale in texts})
    return ParsedTranslations(
        {(entry.handle, locale): _entry(entry, locale, texts) for entry in entries for locale in locales},
        dict(_option_values(entries, locales, texts)),
        findings.problems,
        _once_each(findings.notices),
    )


class _KnownTexts:
    """Which texts the catalogue has: in the same form as a row's, so that they compare."""

    def __init__(self, entries: Iterable[ParsedEntry]) -> None:
        self._texts: set[tuple[str, str]] = set()
        self._texts_of: set[tuple[str, str, str]] = set()
        self._handles: set[str] = set()
        for entry in entries:
            self._handles.add(entry.handle)
            self._add(entry.handle, "title", [entry.title])
            self._add(entry.handle, "description", [entry.description_html or ""])
            self._add(entry.handle, "option_name", entry.option_names or ())
            for product in entry.products:
                self._add(entry.handle, "option_value", product.options or ())

    def _add(self, handle: str, kind: str, texts: Iterable[str]) -> None:
        for text in texts:
            self._texts.add((kind, text))
            self._texts_of.add((kind, handle, text))

    def is_handle(self, text: str) -> bool:
        return text in self._handles

    def has(self, kind: str, text: str, handle: str | None = None) -> bool:
        return (kind, text) in self._texts if handle is None else (kind, handle, text) in self._texts_of


def _kind(row: Row, locale: str, findings: Findings) -> str | None:
    """Which text a row translates, or None where it is of no use here."""
    resource, name = row["type"].strip().upper(), row["field"].strip().lower()
    if not row["translated"].strip():
        return None
    kind = _USED.get((resource, name))
    if kind is None:
        if resource not in _USED_TYPES:
            findings.add(0, "Type", "translation_kind_ignored", resource)
        return None
    if row["market"].strip():
        findings.add(0, "Market", "translation_market_ignored", row["market"].strip())
        return None
    if locale not in LOCALES:
        findings.add(0, "Locale", "translation_locale_unknown", locale)
        return None
    return kind


def _file_row(row: Row, kind: str, known: _KnownTexts, texts: _Texts, findings: Findings) -> None:
    clean: Callable[[str], str] = sanitise_html if kind == "description" else one_line
    original, translated = clean(row["default"]), clean(row["translated"])
    handle = one_line(row["identification"]).removeprefix("'").lower()
    if known.is_handle(handle):
        # The handle alone says what is meant, and the page's own texts may have been edited since the export.
        single = kind in {"title", "description"}
        if single or known.has(kind, original, handle):
            texts.by_handle[handle, "" if single else original] = translated
            return
    elif original and known.has(kind, original):
        texts.anywhere[original] = translated
        return
    findings.add(row.line, "Default content", "translation_unmatched", original or handle)


def _entry(entry: ParsedEntry, locale: str, texts: Mapping[tuple[str, str], _Texts]) -> EntryTranslation:
    def single(kind: str, text: str) -> str | None:
        found = texts.get((kind, locale), _Texts())
        return found.by_handle.get((entry.handle, "")) or found.anywhere.get(text)

    names = texts.get(("option_name", locale), _Texts())
    return EntryTranslation(
        title=single("title", entry.title),
        description_html=single("description", entry.description_html or ""),
        option_names=None
        if entry.option_names is None
        else [names.find(entry.handle, name) for name in entry.option_names],
    )


def _option_values(
    entries: Iterable[ParsedEntry], locales: Iterable[str], texts: Mapping[tuple[str, str], _Texts]
) -> Iterable[tuple[tuple[str, str], Sequence[str | None]]]:
    for locale in locales:
        values = texts.get(("option_value", locale), _Texts())
        for entry in entries:
            for product in entry.products:
                if product.options is not None:
                    yield (product.sku, locale), [values.find(entry.handle, value) for value in product.options]


def _once_each(notices: Iterable[Finding]) -> list[Finding]:
    return list(dict.fromkeys(notices))
