"""A mapping as a CSV file: ``source``, ``sourceType`` and ``destination``, as Data Prep says."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from flowsite.definitions.model import MappingRow
from flowsite.saying import say

HEADER: Final = ("source", "sourceType", "destination")
MOST_BYTES: Final = 2_000_000
MOST_ROWS: Final = 5_000
#: A spreadsheet would run a cell that begins with one of these.
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")
_SOURCE: Final = ("source", "source field", "source data", "source attribute", "sourceattribute")
_TARGET: Final = (
    "destination",
    "target",
    "target field",
    "destination field",
    "destinationxdmpath",
    "target xdm field",
)
_KIND: Final = ("sourcetype", "source type", "type")


class CsvProblem(Exception):
    """The file can't be read as a mapping; says why."""


def export(rows: Iterable[MappingRow]) -> str:
    """The rows as CSV, safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for row in rows:
        kind = "EXPRESSION" if row.expression else "ATTRIBUTE"
        writer.writerow([_safe(row.source or row.expression or ""), kind, _safe(row.target)])
    return out.getvalue()


def load(data: bytes) -> tuple[MappingRow, ...]:
    """The rows of a file with a header line. Raises CsvProblem."""
    if len(data) > MOST_BYTES:
        raise CsvProblem(say("The file is too large for a mapping."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CsvProblem(say("The file is not text in UTF-8.")) from error
    if "\x00" in text:
        raise CsvProblem(say("The file is not text."))
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise CsvProblem(say("The file is not CSV: {error}.", error=error)) from error
    return _rows(lines)


def _rows(lines: Sequence[Sequence[str]]) -> tuple[MappingRow, ...]:
    if not lines:
        raise CsvProblem(say("The file is empty."))
    head = [name.strip().lower() for name in lines[0]]
    source, target = _place(head, _SOURCE), _place(head, _TARGET)
    if source is None or target is None:
        names = ", ".join(HEADER)
        raise CsvProblem(say("The first line must name the columns {names}.", names=names))
    kind = _place(head, _KIND)
    found: list[MappingRow] = []
    for number, line in enumerate(lines[1:], start=2):
        if len(found) >= MOST_ROWS:
            raise CsvProblem(say("The file has more than {MOST_ROWS} rows.", MOST_ROWS=MOST_ROWS))
        if not any(value.strip() for value in line):
            continue
        if len(line) <= max(source, target):
            raise CsvProblem(say("Line {number} has too few columns.", number=number))
        is_expression = (
            kind is not None and len(line) > kind and "expr" in line[kind].strip().lower()
        )
        text = _unsafe(line[source])
        row = {"expression" if is_expression else "source": text or None}
        found.append(MappingRow.model_validate({**row, "target": _unsafe(line[target])}))
    return tuple(found)


def _place(head: Sequence[str], names: Sequence[str]) -> int | None:
    return next((head.index(name) for name in names if name in head), None)


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_RISKY) else text


def _unsafe(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_RISKY) else text
