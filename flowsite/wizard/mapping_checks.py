"""What Data Prep says of a mapping: validation, and a preview on sample rows. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from flowsite.definitions.columns import Column
from flowsite.definitions.mapping_rules import find_column
from flowsite.definitions.model import MappingRow
from flowsite.definitions.problems import Problem
from flowsite.planning.bodies import mapping_set_body
from flowsite.saying import say
from flowsite.wizard.lookups import Lookups
from flowsite.wizard.samples import Cell, cell, value_at
from flowsite.wizard.sides import Sides

PREVIEW_ROWS: Final = 10
#: Lines (rows times mappings) of a preview page, so that it stays small.
MOST_LINES: Final = 800
#: Expressions checked one by one for a schema that doesn't exist yet.
MOST_EXPRESSIONS: Final = 40
NAME: Final = "check"


@dataclass(frozen=True)
class Verdict:
    """``evaluated`` False: expressions were only checked, because the schema is not there yet."""

    problems: tuple[Problem, ...]
    evaluated: bool
    unchecked: int = 0


@dataclass(frozen=True)
class Line:
    """One field of one row, before and after."""

    source: str
    target: str
    before: Cell
    after: Cell
    calculated: bool
    evaluated: bool


@dataclass(frozen=True)
class PreviewRow:
    """A sample row through the mapping, with Data Prep's complaints."""

    number: int
    lines: tuple[Line, ...]
    errors: tuple[str, ...]


def validate(rows: Sequence[MappingRow], sides: Sides, lookups: Lookups) -> Verdict:
    """Asks Data Prep about finished rows. Raises AepError."""
    numbered = [(n, row) for n, row in enumerate(rows) if row.target and _has_source(row)]
    if sides.schema is not None:
        return _against_schema(numbered, sides, lookups)
    calculated = [(n, row) for n, row in numbered if row.expression]
    found = []
    if calculated:
        with lookups.open() as platform:
            for number, row in calculated[:MOST_EXPRESSIONS]:
                check = platform.data_prep.validate_expression(row.expression or "")
                if not check.ok:
                    found.append(_refused(number, check.error))
    left = max(len(calculated) - MOST_EXPRESSIONS, 0)
    return Verdict(tuple(found), evaluated=False, unchecked=left)


def _against_schema(
    numbered: Sequence[tuple[int, MappingRow]], sides: Sides, lookups: Lookups
) -> Verdict:
    if not numbered or sides.schema is None:
        return Verdict((), evaluated=True)
    rows = [row for _, row in numbered]
    body = mapping_set_body(rows, sides.columns, sides.schema.id, name=NAME)
    with lookups.open() as platform:
        checks = platform.data_prep.validate(body)
    found = [
        _refused(number, "; ".join(check.errors))
        for (number, _), check in zip(numbered, checks, strict=False)
        if not check.ok
    ]
    return Verdict(tuple(found), evaluated=True)


def _refused(number: int, words: str) -> Problem:
    text = say("Data Prep: {words}", words=words or "refused without a reason.")
    return Problem("mapping-refused", "mapping", f"mapping[{number}]", text)


def preview(
    rows: Sequence[MappingRow],
    sides: Sides,
    sample: Sequence[Mapping[str, Any]],
    lookups: Lookups,
) -> list[PreviewRow]:
    """The first sample rows, before and after. Raises AepError."""
    usable = [row for row in rows if row.target and _has_source(row)]
    if not usable:
        return []
    shown = sample[: max(1, min(PREVIEW_ROWS, MOST_LINES // len(usable)))]
    if sides.schema is None:
        return [_local(n, row, usable, sides.columns) for n, row in enumerate(shown, start=1)]
    body = mapping_set_body(usable, sides.columns, sides.schema.id, name=NAME)
    with lookups.open() as platform:
        results = platform.data_prep.preview(shown, body)
    found = []
    for number, (before, result) in enumerate(zip(shown, results, strict=False), start=1):
        local = _local(number, before, usable, sides.columns)
        lines = tuple(
            replace(line, after=cell(at_path(result.data, line.target)), evaluated=True)
            for line in local.lines
        )
        found.append(PreviewRow(number, lines, result.errors))
    return found


def at_path(data: Any, path: str) -> Any:
    """The value at a dotted path of a mapped row."""
    found = data
    for part in path.split("."):
        name = part.partition("[")[0]
        if isinstance(found, list):
            found = found[0] if found else None
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _local(
    number: int, row: Mapping[str, Any], rows: Sequence[MappingRow], columns: Sequence[Column]
) -> PreviewRow:
    """Attributes go as they are; expressions are nothing that we evaluate."""
    lines = []
    for one in rows:
        column = find_column(columns, one.source) if one.source else None
        value = cell(value_at(row, column)) if column else Cell("–", "null")
        after = Cell("–", "null") if one.expression else value
        lines.append(
            Line(
                source=one.source or one.expression or "",
                target=one.target,
                before=value,
                after=after,
                calculated=bool(one.expression),
                evaluated=not one.expression,
            )
        )
    return PreviewRow(number, tuple(lines), ())


def check_expression(
    expression: str,
    target: str,
    sides: Sides,
    sample: Sequence[Mapping[str, Any]],
    lookups: Lookups,
) -> tuple[str, Cell | None]:
    """Data Prep's complaint (empty: none), and the result on the first sample row if it can be had.

    Raises AepError.
    """
    with lookups.open() as platform:
        checked = platform.data_prep.validate_expression(expression)
        if not checked.ok:
            return checked.error, None
        known = any(field.path == target for field in sides.fields)
        if sides.schema is None or not sample or not known:
            return "", None
        row = MappingRow(expression=expression, target=target)
        body = mapping_set_body([row], sides.columns, sides.schema.id, name=NAME)
        results = platform.data_prep.preview([sample[0]], body)
    if not results:
        return "", None
    errors = "; ".join(results[0].errors)
    return errors, None if errors else cell(at_path(results[0].data, target))


def _has_source(row: MappingRow) -> bool:
    return bool(row.source or row.expression)
