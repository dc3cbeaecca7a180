"""A mapping taken over from another draft or dataflow, and what of it fits here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from flowsite.core.wording import words
from flowsite.definitions.mapping_rules import mapping_problems
from flowsite.definitions.model import MappingRow
from flowsite.definitions.problems import errors_of
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import draft_for_user, drafts_for_user
from flowsite.people.models import User
from flowsite.runs.selectors import dataflow_for_user, dataflows_for_user
from flowsite.saying import say
from flowsite.wizard.mapping import expanded, row_number
from flowsite.wizard.sides import Sides

MOST_OFFERED: Final = 100
DOUBLED: Final = "doubled-target"
_ROWS: Final = TypeAdapter(tuple[MappingRow, ...])


@dataclass(frozen=True)
class Origin:
    """Something whose mapping can be taken over."""

    value: str
    name: str
    dataflow: bool


@dataclass(frozen=True)
class Fit:
    """The rows that fit both sides, and those that don't with the reason."""

    kept: tuple[MappingRow, ...]
    left_out: tuple[tuple[MappingRow, str], ...]


def origins(user: User, draft: Draft) -> list[Origin]:
    """Dataflows first, then drafts with a mapping of their own; the newest of each."""
    flows = dataflows_for_user(user).filter(definition__mapping__isnull=False)
    drafts = drafts_for_user(user).filter(definition__mapping__isnull=False)
    named = drafts.exclude(pk=draft.pk).exclude(definition__mapping="suggested")
    return [
        *(
            Origin(f"dataflow:{pk}", name, True)
            for pk, name in flows.order_by("-pk").values_list("pk", "name")[:MOST_OFFERED]
        ),
        *(
            Origin(f"draft:{pk}", name or "–", False)
            for pk, name in named.values_list("pk", "definition__name")[:MOST_OFFERED]
        ),
    ]


def rows_of(user: User, value: str) -> tuple[MappingRow, ...] | None:
    """The rows of ``dataflow:5`` or ``draft:7``; None for what the person may not see."""
    kind, _, number = value.partition(":")
    if not number.isdecimal() or len(number) > 18:
        return None
    found: Any = None
    if kind == "dataflow" and (flow := dataflow_for_user(user, int(number))):
        found = (flow.definition or {}).get("mapping")
        if not isinstance(found, list):
            found = (flow.facts or {}).get("mapping")
    elif kind == "draft" and (draft := draft_for_user(user, int(number))):
        found = draft.definition.get("mapping")
    if not isinstance(found, list):
        return None
    try:
        return _ROWS.validate_python(found)
    except ValidationError:
        return None


def fit(rows: Sequence[MappingRow], sides: Sides) -> Fit:
    """Sorts rows by whether they have an error of their own here.

    Of two rows for one field the first that fits is kept.
    """
    final = expanded(rows, sides.tenant_id)
    reasons: dict[int, str] = {}
    for problem in errors_of(mapping_problems(final, sides.columns, sides.fields)):
        number = row_number(problem.field)
        if number is not None and problem.code != DOUBLED:
            reasons.setdefault(number, words(problem.message))
    filled: set[str] = set()
    kept, left_out = [], []
    for number, row in enumerate(final):
        if number not in reasons and row.target in filled:
            reasons[number] = say("“{target}” is filled by another row.", target=row.target)
        if number in reasons:
            left_out.append((row, reasons[number]))
        else:
            filled.add(row.target)
            kept.append(row)
    return Fit(tuple(kept), tuple(left_out))
