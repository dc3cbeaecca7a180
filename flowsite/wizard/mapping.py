"""The mapping editor: rows with what is known of both sides, counters, suggestions. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flowsite.core.wording import words
from flowsite.definitions.columns import Column
from flowsite.definitions.mapping_rules import find_column, mapping_problems, unmapped
from flowsite.definitions.matching import ACCEPT_ALL, Suggestion
from flowsite.definitions.model import MappingRow
from flowsite.definitions.problems import Problem, errors_of
from flowsite.definitions.xdm import TargetField, expand_target
from flowsite.saying import say
from flowsite.wizard.forms.mapping import digest, shown_source
from flowsite.wizard.sides import Sides

#: Unmapped columns and open fields that are named one by one.
MOST_NAMED: Final = 300


@dataclass(frozen=True)
class EditorRow:
    """A row as the page prints it."""

    number: int
    source: str
    kind: str
    target: str
    source_type: str
    target_type: str
    calculated: bool
    required: bool
    identity: bool
    problem: str = ""
    error: bool = False


@dataclass(frozen=True)
class Status:
    """The counters of the header, and everything that is wrong."""

    mapped: int
    required_done: int
    required: int
    identity_done: int
    identity: int
    errors: int
    open_fields: tuple[TargetField, ...]
    unmapped: tuple[Column, ...]
    general: tuple[Problem, ...]
    by_row: dict[int, tuple[Problem, ...]]


@dataclass(frozen=True)
class Editor:
    """All that the editor prints."""

    rows: tuple[EditorRow, ...]
    status: Status
    suggested: str
    columns: tuple[Column, ...]
    fields: tuple[TargetField, ...]

    @property
    def blank(self) -> EditorRow:
        """The empty row at the end, which works without scripts."""
        return EditorRow(len(self.rows), "", "", "", "", "", False, False, False)


def editor(
    rows: Sequence[MappingRow], sides: Sides, *, is_suggested: bool, found: Sequence[Problem] = ()
) -> Editor:
    """``found`` are problems that AEP named, beside those that we find ourselves."""
    final = expanded(rows, sides.tenant_id)
    status = status_of(final, sides, found)
    fields = {field.path: field for field in sides.fields}
    names = {column.name: column for column in sides.columns}
    return Editor(
        rows=tuple(
            _row(number, row, _column(row, names, sides), fields, status.by_row.get(number, ()))
            for number, row in enumerate(final)
        ),
        status=status,
        suggested=digest(final) if is_suggested else "",
        columns=sides.columns,
        fields=sides.fields,
    )


def expanded(rows: Iterable[MappingRow], tenant_id: str) -> tuple[MappingRow, ...]:
    """With the tenant's own prefix in place of ``_{tenant}``."""
    if not tenant_id:
        return tuple(rows)
    return tuple(
        row.model_copy(update={"target": expand_target(row.target, tenant_id)}) for row in rows
    )


def status_of(rows: Sequence[MappingRow], sides: Sides, found: Sequence[Problem] = ()) -> Status:
    """Counters and problems of final rows."""
    problems = [
        *_unfinished(rows),
        *mapping_problems(rows, sides.columns, sides.fields, profile_enabled=sides.profile_enabled),
        *found,
    ]
    by_row: defaultdict[int, list[Problem]] = defaultdict(list)
    general = []
    for problem in problems:
        number = row_number(problem.field)
        if number is None:
            general.append(problem)
        else:
            by_row[number].append(problem)
    targets = {row.target for row in rows if row.target}
    required = [field for field in sides.fields if field.required]
    identities = [field for field in sides.fields if field.identity]
    open_fields = [
        field
        for field in sides.fields
        if (field.required or field.identity) and field.path not in targets
    ]
    return Status(
        mapped=sum(1 for row in rows if row.target and (row.source or row.expression)),
        required_done=sum(1 for field in required if field.path in targets),
        required=len(required),
        identity_done=sum(1 for field in identities if field.path in targets),
        identity=len(identities),
        errors=len(errors_of(problems)),
        open_fields=tuple(open_fields[:MOST_NAMED]),
        unmapped=tuple(unmapped(rows, sides.columns)[:MOST_NAMED]),
        general=tuple(general),
        by_row={number: tuple(some) for number, some in by_row.items()},
    )


def sound_rows(rows: Sequence[MappingRow], sides: Sides) -> tuple[MappingRow, ...]:
    """Those without an error of their own: one broken row must not hide the others' preview."""
    broken = {
        number for number, problems in status_of(rows, sides).by_row.items() if errors_of(problems)
    }
    return tuple(row for number, row in enumerate(rows) if number not in broken)


def row_number(field: str) -> int | None:
    """The row that a problem's field is about."""
    if not field.startswith("mapping["):
        return None
    number = field[len("mapping[") :].partition("]")[0]
    return int(number) if number.isdecimal() else None


def status_json(status: Status) -> dict[str, Any]:
    """What the page's script needs after a save."""
    return {
        "counts": {
            "mapped": status.mapped,
            "required": f"{status.required_done}/{status.required}",
            "identity": f"{status.identity_done}/{status.identity}",
            "errors": status.errors,
        },
        "rows": {
            str(number): {"text": words(some[0].message), "error": any(one.blocks for one in some)}
            for number, some in status.by_row.items()
        },
    }


def open_suggestions(
    rows: Sequence[MappingRow], suggestions: Iterable[Suggestion]
) -> list[Suggestion]:
    """Those whose field nothing fills yet, the surest first."""
    targets = {row.target for row in rows}
    left = [one for one in suggestions if one.target not in targets]
    return sorted(left, key=lambda one: -one.confidence)


def is_sure(suggestion: Suggestion) -> bool:
    """Whether "accept all" takes it."""
    return suggestion.confidence >= ACCEPT_ALL


def _column(row: MappingRow, names: dict[str, Column], sides: Sides) -> Column | None:
    if not row.source:
        return None
    return names.get(row.source) or find_column(sides.columns, row.source)


def _row(
    number: int,
    row: MappingRow,
    column: Column | None,
    fields: dict[str, TargetField],
    problems: Sequence[Problem],
) -> EditorRow:
    text, kind = shown_source(row)
    field = fields.get(row.target)
    first = next(iter(errors_of(problems)), problems[0] if problems else None)
    return EditorRow(
        number=number,
        source=text,
        kind=kind,
        target=row.target,
        source_type=column.xdm_type if column else "",
        target_type=field.type if field else "",
        calculated=bool(row.expression),
        required=bool(field and field.required),
        identity=bool(field and field.identity),
        problem=words(first.message) if first else "",
        error=bool(first and first.blocks),
    )


def _unfinished(rows: Sequence[MappingRow]) -> list[Problem]:
    found = []
    for number, row in enumerate(rows):
        field = f"mapping[{number}]"
        if not row.target:
            text = say("Choose a target field.")
            found.append(Problem("missing", "mapping", f"{field}.target", text))
        elif not (row.source or row.expression):
            text = say("Give a source column or an expression.")
            found.append(Problem("missing", "mapping", field, text))
    return found
