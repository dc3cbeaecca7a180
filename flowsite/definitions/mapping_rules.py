"""Rules of a mapping that we check ourselves, against the columns and the schema's fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from flowsite.definitions.columns import Column, dotted
from flowsite.definitions.expressions import MAX_EXPRESSION, OPERATOR_WORDS, scan
from flowsite.definitions.matching import accepted, suggest
from flowsite.definitions.model import Mapping, MappingRow
from flowsite.definitions.problems import Problem, Severity, listed, nearest
from flowsite.definitions.type_fit import misfit
from flowsite.definitions.xdm import ProposedSchema, TargetField, expand_target
from flowsite.saying import say

MOST_HINTS: Final = 20
"""Unknown names of one mapping for which the nearest known ones are looked for."""
_NESTED: Final = frozenset({"array", "map", "object"})


def resolve_mapping(
    mapping: Mapping,
    columns: Sequence[Column],
    fields: Sequence[TargetField],
    *,
    tenant_id: str,
    proposed: ProposedSchema | None = None,
    object_name: str = "",
) -> tuple[MappingRow, ...]:
    """The rows that are sent: suggestions accepted, ``_{tenant}`` replaced by the own prefix.

    ``object_name`` (the table) helps suggestions to tell its own key from foreign ones.
    """
    if isinstance(mapping, str):
        if proposed is not None:
            return proposed.rows
        return accepted(suggest(columns, fields, object_name=object_name))
    return tuple(
        row.model_copy(update={"target": expand_target(row.target, tenant_id)}) for row in mapping
    )


def find_column(columns: Iterable[Column], source: str) -> Column | None:
    """The column that a row's ``source`` means: by its name, else by its escaped form."""
    known = list(columns)
    for column in known:
        if column.name == source:
            return column
    return next((column for column in known if column.source == source), None)


def mapping_problems(
    rows: Sequence[MappingRow],
    columns: Sequence[Column],
    fields: Sequence[TargetField],
    *,
    profile_enabled: bool = False,
) -> list[Problem]:
    """Everything wrong with final rows; without ``fields`` (schema not read) targets pass."""
    by_path = {field.path: field for field in fields}
    known = _Known(columns)
    found: list[Problem] = []
    for index, row in enumerate(rows):
        found += _source_problems(row, f"mapping[{index}]", known)
        if fields:
            found += _target_problems(row, f"mapping[{index}]", known, by_path)
    found += _doubled_targets(rows)
    found += _uncovered(rows, fields, profile_enabled=profile_enabled)
    return found


def unmapped(rows: Sequence[MappingRow], columns: Sequence[Column]) -> list[Column]:
    """Columns that no row reads: their values are dropped without a word."""
    read: set[str] = set()
    known = _Known(columns)
    for row in rows:
        if row.source:
            column = known.find(row.source)
            read.update({column.name} if column else ())
        elif row.expression:
            for path in scan(row.expression).paths:
                read.update(column.name for column in columns if _reads(path, column))
    return [column for column in columns if column.name not in read]


class _Known:
    """The columns by name, for hundreds of rows; looking for likely names has its limit."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = columns
        self._by_name: dict[str, Column] = {}
        for column in columns:
            self._by_name.setdefault(column.name, column)
        self._hints_left = MOST_HINTS

    def find(self, source: str) -> Column | None:
        return self._by_name.get(source) or find_column(self.columns, source)

    def likely(self, word: str, known: Iterable[str]) -> list[str]:
        """The nearest words; none after so many questions, because each takes a while."""
        self._hints_left -= 1
        return nearest(word, known) if self._hints_left >= 0 else []


def _source_problems(row: MappingRow, field: str, known: _Known) -> list[Problem]:
    if row.source:
        if known.find(row.source) is not None:
            return []
        return [_unknown_source(row.source, f"{field}.source", known)]
    if row.expression:
        return _expression_problems(row.expression, f"{field}.expression", known)
    return []


def _expression_problems(expression: str, field: str, known: _Known) -> list[Problem]:
    columns = known.columns
    if len(expression) > MAX_EXPRESSION:
        text = say(
            "The expression has {count} characters; the most is {MAX_EXPRESSION}.",
            count=len(expression),
            MAX_EXPRESSION=MAX_EXPRESSION,
        )
        return [_problem("expression-too-long", field, text)]
    found = scan(expression)
    if found.fault:
        return [_problem("expression-broken", field, found.fault)]
    problems = []
    names = {column.name for column in columns}
    for word in dict.fromkeys(found.reserved):
        if word in names and word not in OPERATOR_WORDS:
            text = say("“{word}” is a reserved word; write the column as ${{{word}}}.", word=word)
            problems.append(_problem("reserved-word", field, text))
    for path in dict.fromkeys(found.paths):
        if not any(_reads(path, column) for column in columns):
            problems.append(_unknown_source(dotted(path), field, known))
    return problems


def _reads(path: tuple[str, ...], column: Column) -> bool:
    """Whether a path names the column, something inside it, or an object around it."""
    own = column.path or (column.name,)
    shared = min(len(path), len(own))
    return path[:shared] == own[:shared]


def _unknown_source(name: str, field: str, known: _Known) -> Problem:
    names = [column.name for column in known.columns]
    likely = known.likely(name, names) or names
    text = say(
        "“{name}” is not among the chosen columns. Candidates: {names}.",
        name=name,
        names=listed(likely),
    )
    return _problem("unknown-column", field, text)


def _target_problems(
    row: MappingRow, field: str, known: _Known, by_path: dict[str, TargetField]
) -> list[Problem]:
    target = by_path.get(row.target)
    if target is None:
        if not row.target or _inside_known(row.target, by_path):
            return []
        likely = known.likely(row.target, by_path)
        if likely:
            text = say(
                "The schema has no field “{field}”. Candidates: {names}.",
                field=row.target,
                names=listed(likely),
            )
        else:
            text = say("The schema has no field “{field}”.", field=row.target)
        return [_problem("unknown-target", f"{field}.target", text)]
    column = known.find(row.source) if row.source else None
    fault = misfit(column.xdm_type, target.type) if column else None
    if fault is None or column is None:
        return []
    text = say(
        "{column} ({column_type}) to {target} ({target_type}): {fault_words}",
        column=column.name,
        column_type=column.xdm_type,
        target=target.path,
        target_type=target.type,
        fault_words=fault,
    )
    return [_problem("type-mismatch", field, text, "warning")]


def _inside_known(target: str, by_path: dict[str, TargetField]) -> bool:
    """Whether the target lies inside a map, an array or an object whose fields are not listed."""
    return any(
        field.type in _NESTED and target.startswith((f"{path}.", f"{path}["))
        for path, field in by_path.items()
    )


def _doubled_targets(rows: Sequence[MappingRow]) -> list[Problem]:
    seen: set[str] = set()
    found = []
    for index, row in enumerate(rows):
        if row.target and row.target in seen:
            text = say("“{target}” is mapped twice; only one row can fill it.", target=row.target)
            found.append(_problem("doubled-target", f"mapping[{index}].target", text))
        seen.add(row.target)
    return found


def _uncovered(
    rows: Sequence[MappingRow], fields: Sequence[TargetField], *, profile_enabled: bool
) -> list[Problem]:
    targets = [row.target for row in rows]
    found = []
    for field in fields:
        if not (field.required or field.primary_identity):
            continue
        if any(_fills(target, field.path) for target in targets):
            continue
        if field.required:
            text = say(
                "{path} is required; without it every row is rejected. Map it.", path=field.path
            )
            found.append(_problem("required-unmapped", "mapping", text))
        else:
            text = say("{path} is the primary identity and is not mapped.", path=field.path)
            severity: Severity = "error" if profile_enabled else "warning"
            found.append(_problem("identity-unmapped", "mapping", text, severity))
    return found


def _fills(target: str, path: str) -> bool:
    return target == path or target.startswith((f"{path}.", f"{path}["))


def _problem(code: str, field: str, message: str, severity: Severity = "error") -> Problem:
    return Problem(code, "mapping", field, message, severity)
