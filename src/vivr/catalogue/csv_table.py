"""A CSV file as rows that know their physical line: decoding, quoting, and columns found by any of their names.

Pure. What cannot be read is a finding with its line; what a cell means is for the caller.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vivr.catalogue.findings import Findings

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
_MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line it begins on, and its cells by field; a field whose column is absent is an empty text."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, field: str) -> str:
        return self.cells.get(field, "")


@dataclass(frozen=True, slots=True)
class Table:
    """The rows, and how the file writes the header of each field that it has."""

    rows: Sequence[Row]
    headers: Mapping[str, str]


def read_table(
    data: bytes, findings: Findings, *, names: Mapping[str, Sequence[str]], required: Sequence[str]
) -> Table:
    """Read a CSV file.

    Args:
        data: the file.
        findings: receives every problem.
        names: for each field the column names that mean it; upper and lower case are the same.
        required: fields without which no row makes sense.

    Returns:
        The rows that can be read. Where the header is unusable there are none.
    """
    text = _decode(data, findings)
    if text is None:
        return Table([], {})
    records = _records(text, findings)
    first = next(records, None)
    if first is None:
        if not findings.items:
            findings.add(1, "", "file_empty")
        return Table([], {})
    places = _places(first[1], findings, names=names, required=required)
    if places is None:
        return Table([], {})
    headers = {field: " ".join(first[1][place].split()) for field, place in places.items()}
    width = len(first[1])
    rows: list[Row] = []
    for line, cells in records:
        # Tools pad a short header with empty cells; cells with content beyond it, or too few, mean a shifted row.
        if len(cells) < width or any(cells[width:]):
            findings.add(line, "", "cell_count_wrong", f"{len(cells)}, the header {width}")
            continue
        row = Row(line, {field: cells[place] for field, place in places.items()})
        nul = next((field for field, cell in row.cells.items() if "\0" in cell), None)
        if nul is None:
            rows.append(row)
        else:
            findings.add(line, headers[nul], "nul_character")
    return Table(rows, headers)


def _decode(data: bytes, findings: Findings) -> str | None:
    if len(data) > FILE_BYTES_MAX:
        findings.add(1, "", "file_too_large", f"{FILE_BYTES_MAX // _MEBIBYTE} MiB")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The error counts from after the byte order mark.
        before = error.object[: error.start]
        line_end = b"\n" if b"\n" in before else b"\r"
        findings.add(1 + before.count(line_end), "", "not_utf8", f"byte 0x{error.object[error.start]:02X}")
        return None


def _records(text: str, findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not blank, with its first physical line; ends at the first broken one."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            limit = csv.field_size_limit()
            if "field limit" in str(error):
                findings.add(line, "", "cell_too_long", str(limit))
            else:
                findings.add(line, "", "quoting_broken", str(error))
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _places(
    header: Sequence[str], findings: Findings, *, names: Mapping[str, Sequence[str]], required: Sequence[str]
) -> dict[str, int] | None:
    field_of = {_folded(name): field for field, known in names.items() for name in known}
    places: dict[str, int] = {}
    usable = True
    for place, name in enumerate(header):
        field = field_of.get(_folded(name))
        if field is None:
            continue
        if field in places:
            findings.add(1, name, "column_repeated", f"{header[places[field]]}, {name}")
            usable = False
        places.setdefault(field, place)
    missing = [field for field in required if field not in places]
    if missing and len(header) == 1 and ";" in header[0]:
        findings.add(1, "", "delimiter_semicolon")
        return None
    for field in missing:
        findings.add(1, names[field][0], "column_missing")
    return places if usable and not missing else None


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
