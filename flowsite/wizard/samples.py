"""Columns and sample rows as the pages print them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flowsite.definitions.columns import Column, is_date
from flowsite.definitions.model import Columns
from flowsite.wizard.forms.picks import packed

LONGEST_CELL: Final = 120
#: Columns of a sample that are shown before somebody asks for more.
FIRST_COLUMNS: Final = 30


@dataclass(frozen=True)
class ColumnRow:
    """A column with a tick."""

    value: str
    name: str
    type: str
    xdm_type: str
    date: bool
    ticked: bool
    mapped: bool
    gone: bool = False
    note: str = ""


@dataclass(frozen=True)
class Cell:
    """A value; ``kind`` is "null", "text" or "json"."""

    text: str
    kind: str = "text"
    whole: str = ""


@dataclass(frozen=True)
class Sample:
    """Rows of cells under the names of the columns."""

    names: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    more_columns: int
    more_rows: int


@dataclass(frozen=True)
class Changes:
    """What a second look at the source found."""

    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.came or self.went or self.changed)


def column_rows(
    columns: Sequence[Column], choice: Columns, mapped: frozenset[str], changes: Changes
) -> list[ColumnRow]:
    """The columns in the source's order; chosen ones that are gone stay, at the end."""
    chosen = None if isinstance(choice, str) else set(choice)
    notes = {**dict.fromkeys(changes.came, "new"), **dict.fromkeys(changes.changed, "changed")}
    rows = [
        ColumnRow(
            value=packed(column.name),
            name=column.name,
            type=column.type,
            xdm_type=column.xdm_type,
            date=is_date(column),
            ticked=chosen is None or column.name in chosen,
            mapped=column.name in mapped,
            note=notes.get(column.name, ""),
        )
        for column in columns
    ]
    known = {column.name for column in columns}
    wanted = () if isinstance(choice, str) else choice
    return rows + [
        ColumnRow(packed(name), name, "", "", False, True, name in mapped, gone=True)
        for name in wanted
        if name not in known
    ]


def compare(before: Iterable[Column], now: Iterable[Column]) -> Changes:
    """By name: what came, what went, and whose type changed."""
    old = {column.name: column.xdm_type for column in before}
    new = {column.name: column.xdm_type for column in now}
    return Changes(
        came=tuple(name for name in new if name not in old),
        went=tuple(name for name in old if name not in new),
        changed=tuple(name for name in new if name in old and old[name] != new[name]),
    )


def sample_of(
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Any]],
    *,
    most_rows: int,
    every_column: bool,
) -> Sample:
    """Some rows, cell by cell."""
    shown = columns if every_column else columns[:FIRST_COLUMNS]
    return Sample(
        names=tuple(column.name for column in shown),
        rows=tuple(
            tuple(cell(value_at(row, column)) for column in shown) for row in rows[:most_rows]
        ),
        more_columns=len(columns) - len(shown),
        more_rows=max(len(rows) - most_rows, 0),
    )


def value_at(row: Mapping[str, Any], column: Column) -> Any:
    """The value of a column in a sample row, nested or flat; None when it isn't there."""
    found: Any = row
    for part in column.path or (column.name,):
        if isinstance(found, list):
            found = found[0] if found else None
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def cell(value: Any) -> Cell:
    """A value in at most a few words; its whole (up to a bound) for a tooltip."""
    if value is None:
        return Cell("null", "null")
    kind = "text" if isinstance(value, str) else "json"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= LONGEST_CELL:
        return Cell(text, kind)
    return Cell(f"{text[:LONGEST_CELL]}…", kind, text[:1000])
