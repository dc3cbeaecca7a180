"""The two sides of a mapping: the chosen columns, and the fields of the target's schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from flowsite.definitions.columns import Column, select
from flowsite.definitions.matching import Suggestion, accepted, suggest
from flowsite.definitions.model import MappingRow, PartialDefinition, SchemaChoice
from flowsite.definitions.problems import Problem
from flowsite.definitions.xdm import ProposalError, ProposedSchema, TargetField, propose
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of
from flowsite.planning.facts import SchemaFacts
from flowsite.saying import say
from flowsite.wizard.accounts import with_id
from flowsite.wizard.lookups import Lookups

CLASS_TARGETS: Final = ("_id", "timestamp")


@dataclass(frozen=True)
class Sides:
    """What is known of both sides. ``missing`` says what has to be chosen first."""

    columns: tuple[Column, ...] = ()
    fields: tuple[TargetField, ...] = ()
    proposed: ProposedSchema | None = None
    schema: SchemaFacts | None = None
    tenant_id: str = ""
    profile_enabled: bool = False
    #: Questions that a proposal leaves to people: several keys, several dates.
    questions: tuple[Problem, ...] = ()
    missing: tuple[Problem, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.missing


def sides_of(draft: Draft, lookups: Lookups) -> Sides:
    """Asks AEP for whatever isn't at hand. Raises AepError."""
    definition = definition_of(draft)
    account = with_id(definition.account, draft.sandbox) if definition.account else None
    data = definition.data
    missing = _missing(definition)
    if missing or account is None or data is None:
        return Sides(missing=tuple(missing))
    explored = lookups.explored(account, data).columns
    tenant_id = lookups.tenant_id()
    schema_id = None if _proposes(definition) else schema_id_of(definition, lookups)
    schema = lookups.schema(schema_id) if schema_id else None
    columns = select(explored, data.columns).columns
    profile = _reaches_profile(definition, lookups)
    return _sides(definition, columns, tenant_id, schema, profile=profile)


def sides_at_hand(draft: Draft, lookups: Lookups) -> Sides | None:
    """The same from what is kept; None when something would have to be asked for."""
    definition = definition_of(draft)
    account = with_id(definition.account, draft.sandbox) if definition.account else None
    exploration = lookups.explored_at_hand(account, definition.data)
    tenant_id = lookups.tenant_id_at_hand()
    if _missing(definition) or exploration is None or tenant_id is None or definition.data is None:
        return None
    schema = None
    if not _proposes(definition):
        schema_id = _known_schema_id(definition, lookups)
        schema = lookups.schema_at_hand(schema_id) if schema_id else None
        if schema is None:
            return None
    columns = select(exploration.columns, definition.data.columns).columns
    new = definition.dataset.new if definition.dataset else None
    return _sides(definition, columns, tenant_id, schema, profile=bool(new and new.profile_enabled))


def schema_id_of(definition: PartialDefinition, lookups: Lookups) -> str | None:
    """The ``$id`` of the schema that rows will have, if it exists already. Raises AepError."""
    dataset = definition.dataset
    if dataset and dataset.existing:
        if dataset.existing.id:
            return lookups.dataset(dataset.existing.id).schema_id or None
        name = dataset.existing.name
        return next((one.schema_id for one in lookups.datasets() if one.name == name), None)
    choice = _choice(definition)
    if choice is None or choice.propose:
        return None
    if choice.id:
        return choice.id
    return next((one.id for one in lookups.schemas() if one.title == choice.title), None)


def _known_schema_id(definition: PartialDefinition, lookups: Lookups) -> str | None:
    """The same as ``schema_id_of`` from what is kept."""
    dataset, choice = definition.dataset, _choice(definition)
    if dataset and dataset.existing:
        wanted = dataset.existing
        if wanted.id:
            found = lookups.dataset_at_hand(wanted.id)
            return found.schema_id if found else None
        listed = lookups.datasets_at_hand()
        return next((one.schema_id for one in listed if one.name == wanted.name), None)
    if choice is None or choice.id:
        return choice.id if choice else None
    return next((one.id for one in lookups.schemas_at_hand() if one.title == choice.title), None)


def _missing(definition: PartialDefinition) -> list[Problem]:
    found = []
    account, data, dataset = definition.account, definition.data, definition.dataset
    if account is None or not (account.id or account.name):
        found.append(Problem("missing", "account", "account", say("Choose an account.")))
    if data is None or not (data.object_name or data.params):
        text = say("Choose a table, a resource or a file.")
        found.append(Problem("missing", "data", "data", text))
    choice = _choice(definition)
    existing = dataset.existing if dataset else None
    if not (existing and (existing.id or existing.name)) and not (
        choice and (choice.id or choice.title or choice.propose)
    ):
        text = say("Choose a dataset, or a schema for a new one.")
        found.append(Problem("missing", "dataset", "dataset", text))
    return found


def _choice(definition: PartialDefinition) -> SchemaChoice | None:
    new = definition.dataset.new if definition.dataset else None
    return new.schema_choice if new else None


def _proposes(definition: PartialDefinition) -> bool:
    choice = _choice(definition)
    return bool(choice and choice.propose)


def _reaches_profile(definition: PartialDefinition, lookups: Lookups) -> bool:
    dataset = definition.dataset
    if dataset and dataset.existing and dataset.existing.id:
        return lookups.dataset(dataset.existing.id).profile_enabled
    return bool(dataset and dataset.new and dataset.new.profile_enabled)


def _sides(
    definition: PartialDefinition,
    columns: tuple[Column, ...],
    tenant_id: str,
    schema: SchemaFacts | None,
    *,
    profile: bool,
) -> Sides:
    if schema is not None:
        return Sides(columns, schema.fields, None, schema, tenant_id, profile)
    if not _proposes(definition):
        text = say("The chosen schema was not found in this sandbox.")
        problem = Problem("not-found", "dataset", "dataset", text)
        return Sides(columns, tenant_id=tenant_id, missing=(problem,))
    proposed, questions = proposal_of(definition, columns, tenant_id)
    if proposed is None:
        return Sides(columns, tenant_id=tenant_id, missing=tuple(questions))
    fields = tuple(proposed.target_fields())
    return Sides(columns, fields, proposed, None, tenant_id, profile, tuple(questions))


def proposal_of(
    definition: PartialDefinition, columns: tuple[Column, ...], tenant_id: str
) -> tuple[ProposedSchema | None, list[Problem]]:
    """The schema proposed from the columns, with the questions that it leaves open."""
    choice = _choice(definition)
    if choice is None or choice.propose is None:
        return None, []
    schedule, data = definition.schedule, definition.data
    mapping = definition.mapping
    rows = mapping if isinstance(mapping, tuple) else ()

    chosen = choice.identity if choice.identity and choice.identity.column else None

    def proposal(mapped: Iterable[str], *, as_chosen: bool = True) -> ProposedSchema:
        return propose(
            columns,
            choice.propose or "profile",
            tenant_id,
            object_name=data.object_name if data else "",
            delta_column=schedule.load_incremental_by if schedule else None,
            identity=chosen if as_chosen else None,
            mapped=mapped,
            choices=(choice.fields or ()) if as_chosen else (),
        )

    try:
        return proposal({row.target for row in rows} | set(CLASS_TARGETS if rows else ())), []
    except ProposalError as error:
        questions = list(error.problems)
    try:
        return proposal(CLASS_TARGETS), questions
    except ProposalError:
        return proposal(CLASS_TARGETS, as_chosen=False), questions


def suggestions_for(sides: Sides, lookups: Lookups) -> tuple[Suggestion, ...]:
    """What the matcher finds; kept for an hour, because it takes a while for hundreds of fields."""
    text = json.dumps(
        [
            [[column.name, column.xdm_type] for column in sides.columns],
            [[one.path, one.type, one.required] for one in sides.fields],
        ]
    )
    key = hashlib.sha256(text.encode()).hexdigest()
    found: tuple[Suggestion, ...] | None = lookups.kept("suggestions", key)
    if found is None:
        found = tuple(suggest(sides.columns, sides.fields))
        lookups.keep("suggestions", key, found)
    return found


def suggested_rows(sides: Sides, lookups: Lookups) -> tuple[MappingRow, ...]:
    """What ``mapping: suggested`` stands for (``definitions.mapping_rules.resolve_mapping``)."""
    if sides.proposed is not None:
        return sides.proposed.rows
    return accepted(suggestions_for(sides, lookups))
