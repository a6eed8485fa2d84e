"""What one cell of a product file means: text, an amount, a number, a truth, a handle, a picture's source.

Pure. A cell that means nothing becomes a finding, and the row goes on with a harmless value, so that one reading names
all problems of a file.
"""

import re
import unicodedata
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from vivr.catalogue.csv_table import Row, Table
from vivr.catalogue.findings import Code, Findings
from vivr.catalogue.parsed import is_remote
from vivr.catalogue.shopify_columns import PRODUCT_COLUMNS
from vivr.money import AmountTextError, Money, check_chargeable, parse_major

TEXT_LENGTH_MAX: Final = 255
_TAGS_LENGTH_MAX: Final = 5000
_SOURCE_LENGTH_MAX: Final = 2048

# Excel writes truths in the user's language.
_TRUTHS: Final = {"true": True, "vrai": True, "yes": True, "false": False, "faux": False, "no": False}
_OVERSELLING: Final = {"deny": False, "continue": True}
_HANDLE: Final = re.compile(r"[\w-]{1,255}")
_WHOLE: Final = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_DECIMAL: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)
_HALF: Final = Decimal("0.5")


def one_line(text: str) -> str:
    """Text without control characters, line breaks and doubled spaces, in the composed form of Unicode."""
    printable = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)
    return " ".join(unicodedata.normalize("NFC", printable).split())


class Cells:
    """Reads the cells of one file's rows and notes what is wrong with them."""

    def __init__(self, table: Table, findings: Findings, currency: str) -> None:
        self._headers: dict[str, str] = dict(table.headers)
        self._findings: Findings = findings
        self.currency: str = currency

    def has(self, *fields: str) -> bool:
        """Whether the file has one of these columns."""
        return any(field in self._headers for field in fields)

    def header(self, field: str) -> str:
        """How the file writes a column's header; where it has no such column, how Shopify does."""
        return self._headers.get(field, PRODUCT_COLUMNS[field][0])

    def note(self, row: Row, field: str, code: Code, found: str = "") -> None:
        """Add a finding about one cell."""
        self.note_line(row.line, field, code, found)

    def note_line(self, line: int, field: str, code: Code, found: str = "") -> None:
        """Add a finding about a cell by the line of its row."""
        self._findings.add(line, self.header(field), code, found)

    def text(self, row: Row, field: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
        """A cell on one line."""
        text = one_line(row[field])
        if len(text) > length_max:
            self.note(row, field, "text_too_long", str(length_max))
        return text

    def handle(self, row: Row) -> str | None:
        """The handle in lower case, or None with a finding."""
        text = one_line(row["handle"]).lower()
        if not text:
            self.note(row, "handle", "handle_missing")
        elif not _HANDLE.fullmatch(text):
            self.note(row, "handle", "handle_malformed", text)
        else:
            return text
        return None

    def sku(self, row: Row) -> str:
        """The SKU, or an empty text; spreadsheets mark numbers that are text with a leading apostrophe."""
        return self.text(row, "sku").removeprefix("'")

    def tags(self, row: Row) -> list[str]:
        """The tags, once each, in order."""
        parts = (part.strip() for part in self.text(row, "tags", length_max=_TAGS_LENGTH_MAX).split(","))
        return list(dict.fromkeys(part for part in parts if part))

    def amount(self, row: Row, field: str) -> Money | None:
        """An amount of zero or more, or None where the cell is empty or wrong."""
        text = row[field].strip()
        if not text:
            return None
        try:
            money = parse_major(text, self.currency)
        except AmountTextError as error:
            self.note(row, field, error.code, text)
            return None
        if money.amount_minor < 0:
            self.note(row, field, "amount_negative", text)
            return None
        if check_chargeable(money) == "amount_above_maximum":
            self.note(row, field, "amount_above_maximum", text)
            return None
        return money

    def grams(self, row: Row) -> int:
        """A weight, rounded to grams."""
        text = row["grams"].strip()
        if not text:
            return 0
        if not _DECIMAL.fullmatch(text):
            self.note(row, "grams", "number_malformed", text)
            return 0
        return int(Decimal(text) + _HALF)

    def quantity(self, row: Row) -> int | None:
        """What can be sold, or None where the cell is empty or wrong.

        Below zero is what Shopify writes when it sold more than there was; it does so only where that is allowed.
        """
        text = row["quantity"].strip()
        if not text:
            return None
        if not _WHOLE.fullmatch(text):
            self.note(row, "quantity", "number_malformed", text)
            return None
        quantity = int(text)
        if quantity >= 0:
            return quantity
        oversold = self.overselling(row)
        self.note(row, "quantity", "quantity_below_zero" if oversold else "quantity_negative", text)
        return 0 if oversold else None

    def overselling(self, row: Row) -> bool:
        """Whether Shopify would sell beyond the stock."""
        text = row["overselling"].strip().casefold()
        return _OVERSELLING.get(text, _TRUTHS.get(text, False))

    def truth(self, row: Row, field: str, *, unset: bool) -> bool:
        """A truth value."""
        text = row[field].strip()
        if not text:
            return unset
        value = _TRUTHS.get(text.casefold())
        if value is None:
            self.note(row, field, "truth_malformed", text)
            return unset
        return value

    def image_source(self, row: Row, field: str) -> str:
        """An http address, a path inside the file's folder, or an empty text."""
        source = row[field].strip()
        refusal = _source_refusal(source) if source else None
        if refusal is not None:
            self.note(row, field, refusal, source)
            return ""
        return source

    def image_position(self, row: Row) -> int | None:
        """The place that the file gives a picture."""
        text = row["image_position"].strip()
        if not text:
            return None
        if not _WHOLE.fullmatch(text) or int(text) < 1:
            self.note(row, "image_position", "image_position_malformed", text)
            return None
        return int(text)


def _source_refusal(source: str) -> Code | None:
    if len(source) > _SOURCE_LENGTH_MAX or not source.isprintable():
        return "image_address_unsupported"
    if is_remote(source):
        return None if _has_host(source) else "image_address_unsupported"
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", source) or source.startswith("//"):
        return "image_address_unsupported"
    if source.startswith(("/", "~")) or "\\" in source or ".." in source.split("/"):
        return "image_outside_folder"
    return None


def _has_host(address: str) -> bool:
    try:
        return bool(urlsplit(address).hostname)
    except ValueError:
        return False
