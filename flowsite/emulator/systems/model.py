"""What a source system is made of: columns, tables and files."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flowsite.emulator.dates import parse_date

_INT32 = {"minimum": -2147483648, "maximum": 2147483647}


@dataclass(frozen=True)
class Column:
    """``type`` is string, integer, number or boolean; ``format`` date-time or date. A dotted
    name is a path, for resources that answer nested JSON."""

    name: str
    type: str = "string"
    format: str | None = None

    @property
    def is_date(self) -> bool:
        return self.format is not None

    def flat(self) -> dict[str, Any]:
        """As explore lists it; ``meta:xdmType`` appears only where it adds something."""
        view: dict[str, Any] = {"name": self.name, "type": self.type}
        if self.format:
            view["meta:xdmType"] = self.format
        elif self.type == "integer":
            view["meta:xdmType"] = "int"
        view["xdm"] = self.schema()
        return view

    def schema(self) -> dict[str, Any]:
        if self.format:
            return {"type": self.type, "format": self.format}
        return {"type": self.type, **(_INT32 if self.type == "integer" else {})}


@dataclass(frozen=True)
class Moment:
    """What a row is made from: its number, its time of creation, and chance of its own."""

    index: int
    at_s: float
    now_s: float
    random: random.Random

    def later(self, at_most_s: float) -> float:
        """A time after creation, or creation itself while that time hasn't come."""
        moment = self.at_s + self.random.random() * at_most_s
        return moment if moment <= self.now_s else self.at_s


@dataclass(frozen=True)
class Table:
    """``created`` names the column that holds the time of creation, if rows show it."""

    path: str
    columns: tuple[Column, ...]
    make: Callable[[Moment], dict[str, Any]]
    created: str | None = None
    backlog: int = 120
    backlog_s: float = 60 * 86_400
    every_s: float | None = 60

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def hierarchy(self) -> dict[str, Any]:
        """The columns as a JSON Schema of nested objects."""
        root: dict[str, Any] = {"type": "object", "properties": {}}
        for column in self.columns:
            holder = root
            *parents, leaf = column.name.split(".")
            for parent in parents:
                holder = holder["properties"].setdefault(
                    parent, {"type": "object", "properties": {}}
                )
            holder["properties"][leaf] = {} if column.type == "unknown" else _array_or_plain(column)
        return root

    def created_at_s(self, index: int, seeded_at_s: float) -> float:
        if index < self.backlog:
            step = self.backlog_s / max(1, self.backlog)
            return seeded_at_s - self.backlog_s + index * step
        return seeded_at_s + (index - self.backlog + 1) * (self.every_s or 0)

    def size(self, seeded_at_s: float, now_s: float) -> int:
        if now_s <= seeded_at_s or not self.every_s:
            return self.backlog
        return self.backlog + int((now_s - seeded_at_s) // self.every_s)

    def rows(self, seeded_at_s: float, now_s: float) -> Iterator[tuple[float, dict[str, Any]]]:
        """Every row there is at ``now_s``, oldest first, with its time of creation."""
        for index in range(self.size(seeded_at_s, now_s)):
            yield self._row(index, seeded_at_s, now_s)

    def _row(self, index: int, seeded_at_s: float, now_s: float) -> tuple[float, dict[str, Any]]:
        at_s = self.created_at_s(index, seeded_at_s)
        chance = random.Random(f"{self.path}/{index}")
        return at_s, self.make(Moment(index, at_s, now_s, chance))

    def window(
        self, seeded_at_s: float, now_s: float, column: str | None, since_s: float, until_s: float
    ) -> Iterator[dict[str, Any]]:
        """Rows whose ``column`` lies in [since, until); without a column, whose creation does.

        A row whose date can't be read is in no window, as in a real query.
        """
        by_creation = column is None or column == self.created
        size = self.size(seeded_at_s, now_s)
        start = self._first_index(size, seeded_at_s, since_s) if by_creation else 0
        for index in range(start, size):
            at_s, row = self._row(index, seeded_at_s, now_s)
            if by_creation and column is None:
                inside = since_s <= at_s < until_s
            else:
                moment = parse_date(row.get(column or ""))
                inside = moment is not None and since_s <= moment.timestamp() < until_s
            if inside:
                yield row
            elif by_creation and at_s >= until_s + 1:
                return

    def _first_index(self, size: int, seeded_at_s: float, since_s: float) -> int:
        """The first row created at most two seconds before ``since_s``: dates in rows have
        whole seconds."""
        low, high = 0, size
        while low < high:
            middle = (low + high) // 2
            if self.created_at_s(middle, seeded_at_s) < since_s - 2:
                low = middle + 1
            else:
                high = middle
        return low


def _array_or_plain(column: Column) -> dict[str, Any]:
    if column.type.endswith("[]"):
        return {"type": "array", "items": {"type": column.type.removesuffix("[]")}}
    return column.schema()


@dataclass(frozen=True)
class SourceFile:
    """``rows`` yields records; ``broken`` lines are put in after every so many rows."""

    path: str
    format: str
    modified_at_s: float
    table: Table
    first: int
    count: int
    broken: tuple[str, ...] = ()

    def rows(self, seeded_at_s: float, now_s: float) -> Iterator[dict[str, Any]]:
        for index in range(self.first, self.first + self.count):
            yield self.table._row(index, seeded_at_s, now_s)[1]
