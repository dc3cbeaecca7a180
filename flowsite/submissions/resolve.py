"""From a definition to ``Facts``: the only stage that reads AEP.

The browser, ``plan`` and ``apply`` use the same function. Independent parts are read side by side.
"""

from __future__ import annotations

from typing import cast

from django.db.models import Q

from flowsite.aep.platform import Platform
from flowsite.credentials.models import Credential, Sandbox
from flowsite.definitions.columns import Column
from flowsite.definitions.mapping_rules import resolve_mapping
from flowsite.definitions.model import DataflowDefinition, MappingRow, Schedule
from flowsite.definitions.schedule import batches_per_day
from flowsite.definitions.sources import SourceKind, source_by_slug
from flowsite.definitions.xdm import ProposedSchema, propose
from flowsite.planning.facts import Facts, Place
from flowsite.runs.models import Dataflow, FlowState
from flowsite.submissions.reading import Unresolved, reading, side_by_side
from flowsite.submissions.sources import AccountFacts, find_account, find_columns, find_flow_spec
from flowsite.submissions.targets import Target, find_target

__all__ = ["Unresolved", "place_of", "resolve"]


def place_of(credential: Credential, sandbox: Sandbox) -> Place:
    """Where the requests of a plan go."""
    return Place(
        credential_name=credential.name,
        org_id=credential.organisation.org_id,
        client_id=credential.client_id,
        sandbox=sandbox.name,
        sandbox_type="production" if sandbox.is_production else "development",
        platform_url=credential.platform_url,
    )


def resolve(
    definition: DataflowDefinition,
    platform: Platform,
    *,
    place: Place | None = None,
    key: str = "",
) -> Facts:
    """Looks up everything that the definition names.

    ``key``: a submission's own objects don't count as taking a name. Raises Unresolved with a
    problem for each part that was not found; AepError when AEP can't be read for now.
    """
    with reading("review", ""):
        tenant_id = platform.registry.tenant_id()
    found = side_by_side(
        source=lambda: _source(definition, platform),
        flow_spec=lambda: find_flow_spec(definition.account, platform),
        target=lambda: find_target(definition.dataset, platform, key=key),
        name_taken=lambda: _name_taken(definition.name, platform, key),
    )
    account, columns = cast("tuple[AccountFacts, tuple[Column, ...]]", found["source"])
    target: Target = found["target"]
    proposed = _proposed(definition, columns, tenant_id)
    kind = cast(SourceKind, source_by_slug(definition.account.source).kind)
    return Facts(
        tenant_id=tenant_id,
        source_kind=kind,
        base_connection_id=account.id,
        connection_spec=account.spec,
        flow_spec=found["flow_spec"],
        columns=columns,
        account_name=account.name,
        account_state=account.state,
        schema_facts=target.schema,
        dataset=target.dataset,
        proposed=proposed,
        mapping=_mapping(definition, columns, target, proposed, tenant_id),
        place=place or Place(),
        dataset_name_taken=target.name_taken,
        dataflow_name_taken=found["name_taken"],
        other_profile_batches_per_day=_other_batches(definition, target, place),
    )


def _mapping(
    definition: DataflowDefinition,
    columns: tuple[Column, ...],
    target: Target,
    proposed: ProposedSchema | None,
    tenant_id: str,
) -> tuple[MappingRow, ...]:
    """The final rows: suggestions accepted, the tenant's own prefix written out."""
    existing = target.schema.fields if target.schema else ()
    fields = proposed.target_fields() if proposed else existing
    return resolve_mapping(
        definition.mapping, columns, fields, tenant_id=tenant_id, proposed=proposed
    )


def _other_batches(definition: DataflowDefinition, target: Target, place: Place | None) -> float:
    """Batches a day that dataflows of ours send to Profile in this sandbox already."""
    new = definition.dataset.new
    into_profile = target.dataset.profile_enabled if target.dataset else new and new.profile_enabled
    if not into_profile or place is None:
        return 0.0
    rows = Dataflow.objects.filter(
        Q(facts__dataset__profile_enabled=True) | Q(definition__dataset__new__profile_enabled=True),
        sandbox__organisation__org_id=place.org_id,
        sandbox__name=place.sandbox,
        deleted_at=None,
        state=FlowState.ENABLED,
    )
    schedules = [one["schedule"] for one in rows.values_list("definition", flat=True) if one]
    return sum(
        batches_per_day(schedule)
        for schedule in map(Schedule.model_validate, schedules)
        if schedule.recurring
    )


def _source(
    definition: DataflowDefinition, platform: Platform
) -> tuple[AccountFacts, tuple[Column, ...]]:
    account = find_account(definition.account, platform)
    return account, find_columns(definition.data, definition.account, account.id, platform)


def _name_taken(name: str, platform: Platform, key: str) -> bool:
    with reading("dataset", "name"):
        found = platform.flow_service.flows([("name", "==", name)])
        return any(one.name == name and not (key and key in one.description) for one in found)


def _proposed(
    definition: DataflowDefinition, columns: tuple[Column, ...], tenant_id: str
) -> ProposedSchema | None:
    new = definition.dataset.new
    if new is None or new.schema_choice is None or new.schema_choice.propose is None:
        return None
    rows = () if isinstance(definition.mapping, str) else definition.mapping
    # A mapping by hand decides by itself about _id and timestamp; preflight says what it lacks.
    mapped = {row.target for row in rows} | ({"_id", "timestamp"} if rows else set())
    with reading("mapping", "mapping"):
        return propose(
            columns,
            new.schema_choice.propose,
            tenant_id,
            object_name=definition.data.object_name,
            delta_column=definition.schedule.load_incremental_by,
            identity=new.schema_choice.identity,
            mapped=mapped,
            choices=new.schema_choice.fields or (),
        )
