"""Two versions of a step, field by field, and the version that somebody makes of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from flowsite.definitions.problems import StepName, listed

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Facet:
    """What is chosen as a whole: keys of one part, or the part itself (no keys)."""

    key: str
    label: str | Promise
    part: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """A facet in which the two versions differ, in words."""

    key: str
    label: str
    mine: str
    theirs: str


_OBJECT: Final = ("table", "resource", "path", "params", "file_type", "folder")
FACETS: Final[dict[StepName, tuple[Facet, ...]]] = {
    "account": (Facet("account", _("Account"), "account"),),
    "data": (
        Facet(
            "object",
            _("Table, resource or file"),
            "data",
            (*_OBJECT, "column_delimiter", "compression"),
        ),
        Facet("columns", _("Columns"), "data", ("columns",)),
    ),
    "dataset": (
        Facet("name", _("Dataflow name"), "name"),
        Facet("description", _("Description"), "description"),
        Facet("dataset", _("Target dataset"), "dataset"),
        Facet("options", _("Error handling"), "options"),
    ),
    "mapping": (),
    "schedule": (
        Facet("when", _("Frequency"), "schedule", ("frequency", "interval")),
        Facet("start", _("Start time"), "schedule", ("start",)),
        Facet("backfill", _("Backfill"), "schedule", ("backfill",)),
        Facet(
            "delta",
            _("Load incremental data by"),
            "schedule",
            ("load_incremental_by", "date_format"),
        ),
    ),
    "review": (),
}


def differences(step: StepName, mine: Document, theirs: Document) -> list[Difference]:
    """Where the two documents differ in the parts of a step."""
    if step == "mapping":
        return _mapping_differences(mine.get("mapping"), theirs.get("mapping"))
    found = []
    for facet in FACETS[step]:
        one, other = _value(mine, facet), _value(theirs, facet)
        if one != other:
            found.append(Difference(facet.key, str(facet.label), describe(one), describe(other)))
    return found


def merge(step: StepName, mine: Document, theirs: Document, keep_mine: Iterable[str]) -> Document:
    """The parts of the step: theirs, with mine where chosen."""
    chosen = set(keep_mine)
    if step == "mapping":
        return {"mapping": _merged_mapping(mine.get("mapping"), theirs.get("mapping"), chosen)}
    parts = {facet.part: theirs.get(facet.part) for facet in FACETS[step]}
    for facet in FACETS[step]:
        if facet.key not in chosen:
            continue
        if not facet.keys:
            parts[facet.part] = mine.get(facet.part)
            continue
        kept = {k: v for k, v in (parts[facet.part] or {}).items() if k not in facet.keys}
        own = mine.get(facet.part) or {}
        parts[facet.part] = {**kept, **{k: own[k] for k in facet.keys if k in own}}
    return {name: value or None for name, value in parts.items()}


def describe(value: Any) -> str:
    """A value of a document in a line."""
    if value is None or value == {}:
        return "–"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return "; ".join(f"{_words(key)}: {describe(item)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"{len(value)}: {listed(map(describe, value))}"
    return str(value)


def _words(key: str) -> str:
    return key.replace("_", " ")


def _value(document: Document, facet: Facet) -> Any:
    part = document.get(facet.part)
    if not facet.keys:
        return part
    found = {key: (part or {}).get(key) for key in facet.keys}
    return {key: value for key, value in found.items() if value not in (None, False, "")}


def _rows(mapping: Any) -> dict[str, Any]:
    """Target → row. What has no target yet goes by its source."""
    if not isinstance(mapping, list | tuple):
        return {"": mapping} if mapping else {}
    return {str(row.get("target") or row.get("source") or ""): row for row in mapping}


def _mapping_differences(mine: Any, theirs: Any) -> list[Difference]:
    one, other = _rows(mine), _rows(theirs)
    return [
        Difference(target, target or str(_("Mapping")), _row(one, target), _row(other, target))
        for target in dict.fromkeys([*other, *one])
        if one.get(target) != other.get(target)
    ]


def _row(rows: Mapping[str, Any], target: str) -> str:
    row = rows.get(target)
    if isinstance(row, Mapping):
        return str(row.get("source") or row.get("expression") or "–")
    return str(row or "–")


def _merged_mapping(mine: Any, theirs: Any, chosen: set[str]) -> Any:
    if not isinstance(mine, list | tuple) or not isinstance(theirs, list | tuple):
        return mine if chosen else theirs
    own, other = _rows(mine), _rows(theirs)
    order = [*other, *(target for target in own if target not in other)]
    rows = [own.get(target) if target in chosen else other.get(target) for target in order]
    return [row for row in rows if row is not None]
