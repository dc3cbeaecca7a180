"""Changing a dataflow's mapping: a draft cloned from it, compared with what it has now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction

from flowsite.credentials.models import SandboxAccess
from flowsite.definitions.model import Dataset, ExistingDataset, MappingRow, PartialDefinition
from flowsite.definitions.xdm import expand_target
from flowsite.drafts.selectors import definition_of
from flowsite.drafts.services import clone_definition, delete_draft
from flowsite.people.models import User
from flowsite.runs.boards import MappingEdit
from flowsite.runs.models import Dataflow

Change = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class RowChange:
    """One target whose source is another one; empty where there is none."""

    kind: Change
    target: str
    before: str
    after: str


def current_rows(dataflow: Dataflow) -> tuple[MappingRow, ...]:
    """The mapping as we know it: the document's rows, or those its suggestions stood for."""
    document: Any = (dataflow.definition or {}).get("mapping")
    facts = dataflow.facts or {}
    rows = document if isinstance(document, list) else facts.get("mapping") or []
    return expanded([MappingRow.model_validate(row) for row in rows], dataflow)


def expanded(rows: Sequence[MappingRow], dataflow: Dataflow) -> tuple[MappingRow, ...]:
    """With the tenant's own prefix in place of ``_{tenant}``."""
    tenant_id = (dataflow.facts or {}).get("tenant_id") or ""
    if not tenant_id:
        return tuple(rows)
    return tuple(
        row.model_copy(update={"target": expand_target(row.target, tenant_id)}) for row in rows
    )


def edit_of(dataflow: Dataflow) -> MappingEdit | None:
    """The edit that somebody has begun; a deleted draft counts as given up."""
    rows = MappingEdit.objects.filter(dataflow=dataflow, draft__deleted_at=None)
    return rows.select_related("draft__owner").first()


def edited_rows(edit: MappingEdit, dataflow: Dataflow) -> tuple[MappingRow, ...] | None:
    """The draft's rows; None while it says "suggested", which is settled in the editor."""
    mapping = definition_of(edit.draft).mapping
    return expanded(mapping, dataflow) if isinstance(mapping, tuple) else None


@transaction.atomic
def begin_edit(dataflow: Dataflow, access: SandboxAccess, user: User) -> MappingEdit:
    """The open edit, or a new one: the dataflow's document with the dataset that it fills."""
    Dataflow.objects.select_for_update().only("pk").get(pk=dataflow.pk)  # two tabs, one edit
    if found := edit_of(dataflow):
        return found
    MappingEdit.objects.filter(dataflow=dataflow).delete()
    dataset = ExistingDataset(id=dataflow.dataset_id, name=dataflow.dataset_name or None)
    definition = PartialDefinition.model_validate(dataflow.definition).model_copy(
        update={"dataset": Dataset(existing=dataset), "mapping": current_rows(dataflow)}
    )
    draft = clone_definition(
        definition,
        team=access.credential.team,
        user=user,
        sandbox_id=access.sandbox_id,
        credential_id=access.credential_id,
        step="mapping",
    )
    return MappingEdit.objects.create(dataflow=dataflow, draft=draft)


@transaction.atomic
def give_up(edit: MappingEdit) -> None:
    """The draft goes to the deleted ones."""
    delete_draft(edit.draft)
    edit.delete()


def changes(before: Sequence[MappingRow], after: Sequence[MappingRow]) -> list[RowChange]:
    """What differs, target by target, in the order of the old rows and then of the new ones."""
    old = {row.target: _source(row) for row in before}
    new = {row.target: _source(row) for row in after}
    found = []
    for target, source in old.items():
        if target not in new:
            found.append(RowChange("removed", target, source, ""))
        elif new[target] != source:
            found.append(RowChange("changed", target, source, new[target]))
    return found + [
        RowChange("added", target, "", source)
        for target, source in new.items()
        if target not in old
    ]


def _source(row: MappingRow) -> str:
    return row.source or row.expression or ""
