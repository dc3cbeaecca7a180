"""The Dataflow detail step: name, target dataset and schema, error handling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_GET, require_http_methods

from flowsite.definitions.columns import Column, select
from flowsite.definitions.model import Dataset, FieldChoice, PartialDefinition
from flowsite.definitions.problems import StepName
from flowsite.definitions.xdm import ProposedField, ProposedSchema, TargetField, best_key, propose
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of
from flowsite.people.rights import Role, role_required
from flowsite.wizard.forms.dataset import NAMESPACES, DatasetForm, chosen_fields
from flowsite.wizard.forms.picks import packed, unpacked_pick
from flowsite.wizard.lookups import Lookups
from flowsite.wizard.sides import proposal_of
from flowsite.wizard.trees import tree_of
from flowsite.wizard.views.account_step import source_of
from flowsite.wizard.views.common import fragment, remote, the_draft
from flowsite.wizard.views.data_step import account_of

WINDOW: Final = 20


@dataclass(frozen=True)
class PickRow:
    """A dataset or schema with a radio button."""

    value: str
    id: str
    name: str
    note: str = ""
    profile: bool = False
    ticked: bool = False


class DatasetPage:
    """``StepPage`` of the Dataflow detail step."""

    name: StepName = "dataset"
    template = "wizard/dataset.html"

    def form(self, draft: Draft, data: QueryDict | None) -> DatasetForm:
        return DatasetForm(definition_of(draft), data, source=source_of(draft))

    def context(self, request: HttpRequest, draft: Draft, form: DatasetForm) -> dict[str, Any]:
        form.mark_needed()
        columns = _columns_at_hand(draft)
        names = [column.name for column in columns]
        data = definition_of(draft).data
        keys = best_key(columns, data.object_name)[1] if columns and data else []
        return {
            "dataset_pick": unpacked_pick(form.value("dataset_pick")),
            "schema_pick": unpacked_pick(form.value("schema_pick")),
            "column_names": names,
            "key_columns": keys[:3],
            "namespaces": NAMESPACES,
        }

    def act(self, request: HttpRequest, draft: Draft, action: str) -> HttpResponse | None:
        return None

    def saved(self, draft: Draft) -> dict[str, Any]:
        return {}


def _columns_at_hand(draft: Draft) -> list[Any]:
    data = definition_of(draft).data
    exploration = Lookups.of_draft(draft).explored_at_hand(account_of(draft), data)
    return list(select(exploration.columns, data.columns).columns) if exploration and data else []


@role_required(Role.ANALYST)
@require_GET
@remote("The datasets could not be read")
def draft_datasets(request: HttpRequest, pk: int) -> HttpResponse:
    """Datasets by name."""
    draft = the_draft(request, pk)
    search = request.GET.get("q", "").strip()[:200]
    refresh = "refresh" in request.GET
    found = Lookups.of_draft(draft).datasets(refresh=refresh)
    words = search.casefold().split()
    hits = [one for one in found if all(word in one.name.casefold() for word in words)]
    ticked = (unpacked_pick(request.GET.get("dataset_pick")) or {}).get("id")
    rows = [
        PickRow(
            packed({"id": one.id, "name": one.name}),
            one.id,
            one.name,
            profile=one.profile_enabled,
            ticked=one.id == ticked,
        )
        for one in hits
    ]
    context = {"draft": draft, "search": search, "total": len(found), "hits": len(hits)}
    context |= _window(rows)
    return fragment(request, "wizard/dataset.html#datasets", context)


@role_required(Role.ANALYST)
@require_GET
@remote("The schemas could not be read")
def draft_schemas(request: HttpRequest, pk: int) -> HttpResponse:
    """The tenant's schemas by title."""
    draft = the_draft(request, pk)
    search = request.GET.get("q", "").strip()[:200]
    found = Lookups.of_draft(draft).schemas(refresh="refresh" in request.GET)
    words = search.casefold().split()
    hits = [one for one in found if all(word in one.title.casefold() for word in words)]
    ticked = (unpacked_pick(request.GET.get("schema_pick")) or {}).get("id")
    rows = [
        PickRow(
            packed({"id": one.id, "name": one.title}),
            one.id,
            one.title,
            note=one.version,
            ticked=one.id == ticked,
        )
        for one in hits
    ]
    context = {"draft": draft, "search": search, "total": len(found), "hits": len(hits)}
    context |= _window(rows)
    return fragment(request, "wizard/dataset.html#schemas", context)


def _window(rows: list[PickRow]) -> dict[str, Any]:
    """The first ones; the ticked one always among them."""
    shown = rows[:WINDOW]
    ticked = [row for row in rows[WINDOW:] if row.ticked]
    return {"picks": [*ticked, *shown], "more": max(len(rows) - len(shown) - len(ticked), 0)}


@role_required(Role.ANALYST)
@require_GET
@remote("The schema could not be read")
def draft_schema(request: HttpRequest, pk: int) -> HttpResponse:
    """The fields of a dataset's schema, or of a schema, as a tree."""
    draft = the_draft(request, pk)
    lookups = Lookups.of_draft(draft)
    dataset = unpacked_pick(request.GET.get("dataset_pick")) or {}
    schema = unpacked_pick(request.GET.get("schema_pick")) or {}
    schema_id = schema.get("id")
    if dataset.get("id"):
        schema_id = lookups.dataset(dataset["id"]).schema_id
    context: dict[str, Any] = {"draft": draft, "schema": None}
    if schema_id:
        facts = lookups.schema(schema_id)
        context |= {
            "schema": facts,
            "nodes": tree_of(facts.fields, tenant=f"_{lookups.tenant_id()}"),
            "required": [one.path for one in facts.fields if one.required],
            "identities": [one.path for one in facts.fields if one.identity],
        }
    return fragment(request, "wizard/dataset.html#schema", context)


@role_required(Role.ANALYST)
@require_http_methods(["GET", "HEAD", "POST"])
@remote("No schema could be proposed")
def draft_proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """The schema that the columns give, before anything is created."""
    draft = the_draft(request, pk)
    definition = _as_posted(request, draft)
    account, data = account_of(draft), definition.data
    context: dict[str, Any] = {"draft": draft}
    if account is None or data is None or not (data.object_name or data.params):
        context["nothing"] = True
        return fragment(request, "wizard/dataset.html#proposal", context)
    lookups = Lookups.of_draft(draft)
    columns = select(lookups.explored(account, data).columns, data.columns).columns
    tenant_id = lookups.tenant_id()
    proposed, questions = proposal_of(definition, columns, tenant_id)
    context |= {"proposed": proposed, "questions": questions, "tenant_id": tenant_id}
    if proposed is not None:
        context |= _proposal_rows(proposed)
        context["rows"] = _field_rows(definition, columns, tenant_id)
    return fragment(request, "wizard/dataset.html#proposal", context)


def _as_posted(request: HttpRequest, draft: Draft) -> PartialDefinition:
    """The draft's document with the dataset as the form has it now."""
    definition = definition_of(draft)
    data = request.POST if request.method == "POST" else None
    form = DatasetForm(definition, data, source=source_of(draft))
    if data is None:
        if definition.dataset is not None:
            return definition
        new = {"name": "", "schema": {"propose": "profile"}}
        return definition.model_copy(update={"dataset": Dataset.model_validate({"new": new})})
    form.is_valid()
    part = form.parts().get("dataset")
    dataset = Dataset.model_validate(part) if part else None
    return definition.model_copy(update={"dataset": dataset})


@dataclass(frozen=True)
class FieldRow:
    """A proposed field with what the person made of it. ``packed``: column and the proposal."""

    packed: str
    field: ProposedField
    name: str
    title: str


def _field_rows(
    definition: PartialDefinition, columns: tuple[Column, ...], tenant_id: str
) -> list[FieldRow]:
    """One row a column. What was typed is shown as it is, also where it can't be taken."""
    chosen = {one.column: one for one in chosen_fields(definition)}
    plain = propose(columns, "profile", tenant_id)
    rows = []
    for field in plain.fields:
        one = chosen.get(field.column, FieldChoice())
        known = packed([field.column, field.name, field.title])
        rows.append(FieldRow(known, field, one.name or field.name, one.title or field.title))
    return rows


def _proposal_rows(proposed: ProposedSchema) -> dict[str, Any]:
    extra = [row for row in proposed.rows if row.target in ("_id", "timestamp")]
    fields: list[TargetField] = proposed.target_fields()
    return {
        "extra": extra,
        "identity_column": next(
            (one.column for one in proposed.fields if one.path == proposed.identity_path), None
        ),
        "required": [one.path for one in fields if one.required],
    }
