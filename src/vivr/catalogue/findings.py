"""What is wrong or worth knowing in a catalogue file: where it stands, a stable code, and the sentence for people.

A finding is a problem (nothing is imported) or a notice (said in the report). All sentences stand here, in one table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

ProblemCode = Literal[
    "file_too_large",
    "file_empty",
    "not_utf8",
    "delimiter_semicolon",
    "column_missing",
    "column_repeated",
    "quoting_broken",
    "cell_too_long",
    "cell_count_wrong",
    "nul_character",
    "handle_missing",
    "handle_malformed",
    "handle_repeated",
    "title_missing",
    "text_too_long",
    "price_missing",
    "amount_malformed",
    "amount_too_precise",
    "amount_not_whole",
    "amount_negative",
    "amount_above_maximum",
    "number_malformed",
    "quantity_negative",
    "truth_malformed",
    "status_unknown",
    "option_name_missing",
    "option_name_repeated",
    "option_value_missing",
    "options_repeated",
    "sku_repeated",
    "image_position_malformed",
    "image_address_unsupported",
    "image_outside_folder",
    "image_not_found",
    "image_too_large",
    "image_undecodable",
    "image_format_unsupported",
    "drawing_unsafe",
]

NoticeCode = Literal[
    "compare_at_not_above",
    "overselling_ignored",
    "quantity_below_zero",
    "stock_unknown",
    "row_without_content",
    "sku_moved",
    "product_left_alone",
    "product_replaced",
    "translation_unmatched",
    "translation_locale_unknown",
    "translation_kind_ignored",
    "translation_market_ignored",
    "translated_names_collide",
    "fetch_address_refused",
    "fetch_unreachable",
    "fetch_timed_out",
    "fetch_status",
    "fetch_too_large",
]

Code = ProblemCode | NoticeCode

SENTENCES: Final[Mapping[str, str]] = {
    "file_too_large": "the file is larger than {found}",
    "file_empty": "the file has no rows",
    "not_utf8": "this line is not UTF-8 text ({found}): save the file as “CSV UTF-8”",
    "delimiter_semicolon": "the columns are separated by semicolons: save the file with commas",
    "column_missing": "the column is missing",
    "column_repeated": "two columns say the same thing: {found}",
    "quoting_broken": "the quotation marks do not match ({found})",
    "cell_too_long": "a cell is longer than {found} characters, or a quotation mark is not closed",
    "cell_count_wrong": "the row has {found} columns",
    "nul_character": "the cell contains a NUL character",
    "handle_missing": "the handle is missing",
    "handle_malformed": "“{found}” is no handle: letters, digits, hyphens and underscores only",
    "handle_repeated": "{found} has the same handle with another title",
    "title_missing": "the first row of a product needs a title",
    "text_too_long": "the text is longer than {found} characters",
    "price_missing": "the price is missing",
    "amount_malformed": "“{found}” is no amount: digits with a decimal point, such as 24.90",
    "amount_too_precise": "“{found}” has more decimals than the currency",
    "amount_not_whole": "“{found}” is not a multiple of the currency's smallest step",
    "amount_negative": "“{found}” is below zero",
    "amount_above_maximum": "“{found}” is more than Stripe can charge",
    "number_malformed": "“{found}” is no number",
    "quantity_negative": "“{found}” is below zero",
    "truth_malformed": "“{found}” is neither true nor false",
    "status_unknown": "“{found}” is no status: active, draft, archived or unlisted",
    "option_name_missing": "the option has a value but no name in the product's first row",
    "option_name_repeated": "two options have the same name “{found}”",
    "option_value_missing": "the value of the option “{found}” is missing",
    "options_repeated": "{found} has the same options",
    "sku_repeated": "{found} has the same SKU",
    "image_position_malformed": "“{found}” is no position: 1 or more",
    "image_address_unsupported": "“{found}” is neither an http address nor a path beside the file",
    "image_outside_folder": "“{found}” is outside the file's folder",
    "image_not_found": "there is no file “{found}”",
    "image_too_large": "the picture is too large: {found}",
    "image_undecodable": "“{found}” can't be read as a picture",
    "image_format_unsupported": "“{found}” is no format for pictures here: JPEG, PNG, WebP, GIF, AVIF or SVG",
    "drawing_unsafe": "the drawing (SVG) is refused: {found}",
    "compare_at_not_above": "the former price {found} is not above the price and is not shown",
    "overselling_ignored": "is sold until the stock is empty: orders beyond it are refused here",
    "quantity_below_zero": "the quantity {found} counts as 0",
    "stock_unknown": "has no quantity in the file: the stock stays as it is, 0 for a new product",
    "row_without_content": "the row has neither a product nor a picture",
    "sku_moved": "moves here from “{found}”",
    "product_left_alone": "“{found}” is not in the file any more and stays as it is",
    "product_replaced": "“{found}” has a new SKU in the file and is not sold any more under the old one",
    "translation_unmatched": "nothing in the catalogue has this text: {found}",
    "translation_locale_unknown": "translations into “{found}” are not used",
    "translation_kind_ignored": "translations of {found} are not used",
    "translation_market_ignored": "translations for one market ({found}) are not used",
    "translated_names_collide": "two options would both be called “{found}”: the names stay untranslated",
    "fetch_address_refused": "the address is refused: {found}",
    "fetch_unreachable": "the address can't be reached ({found})",
    "fetch_timed_out": "it took longer than {found} seconds",
    "fetch_status": "the server answered {found}",
    "fetch_too_large": "the file is larger than {found} bytes",
}

FileRole = Literal["products", "translations"]

_SHOWN_LENGTH: Final = 80


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a file.

    Attributes:
        line: the physical line on which the row begins, counted from 1; 0 where no line is meant.
        column: the column's header as the file writes it, or empty.
        code: what it is.
        found: what stood there, or what it conflicts with; shortened.
        file: in which of the two files.
    """

    line: int
    column: str
    code: Code
    found: str = ""
    file: FileRole = "products"

    @property
    def is_problem(self) -> bool:
        """Whether it keeps the whole file out."""
        return self.code in get_args(ProblemCode)

    @property
    def sentence(self) -> str:
        """The reason, for people."""
        return SENTENCES[self.code].format(found=self.found)


@dataclass(slots=True)
class Findings:
    """A list that grows while a file is read."""

    file: FileRole = "products"
    items: list[Finding] = field(default_factory=list[Finding])

    def add(self, line: int, column: str, code: Code, found: str = "") -> None:
        """Note one finding; ``found`` is shortened and freed of control characters."""
        shown = "".join(char if char.isprintable() else " " for char in found[: _SHOWN_LENGTH + 1])
        if len(shown) > _SHOWN_LENGTH:
            shown = shown[:_SHOWN_LENGTH] + "…"
        self.items.append(Finding(line, column, code, shown, self.file))

    @property
    def problems(self) -> list[Finding]:
        """Those that keep the file out, by line."""
        return sorted((item for item in self.items if item.is_problem), key=lambda item: item.line)

    @property
    def notices(self) -> list[Finding]:
        """The others, by line."""
        return sorted((item for item in self.items if not item.is_problem), key=lambda item: item.line)
