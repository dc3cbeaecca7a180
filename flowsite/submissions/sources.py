"""The account, flow spec and columns that a definition names, as AEP has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flowsite.aep.bodies import DATA_LAKE_SPEC_ID
from flowsite.aep.errors import AepError, NotFound
from flowsite.aep.flow_service.connections import Connection
from flowsite.aep.flow_service.explore import Explored
from flowsite.aep.flow_service.specs import FlowSpec
from flowsite.aep.platform import Platform
from flowsite.definitions.columns import (
    Column,
    columns_from_flat,
    columns_from_hierarchy,
    select,
    selection_problems,
)
from flowsite.definitions.model import Account, Data
from flowsite.definitions.problems import listed, nearest
from flowsite.definitions.sources import Source, source_by_slug
from flowsite.planning.facts import FlowSpecFacts, SpecRef
from flowsite.saying import say
from flowsite.submissions.reading import Unresolved, reading, the_one, unresolved


@dataclass(frozen=True)
class AccountFacts:
    """A base connection; without id for the one source that is read without."""

    spec: SpecRef
    id: str | None = None
    name: str = ""
    state: str | None = None


def find_account(account: Account, platform: Platform) -> AccountFacts:
    """Raises Unresolved, AepError."""
    with reading("account", "account.source"):
        source = source_by_slug(account.source)
    if source.connection_spec_id is None:
        text = say(
            "{name} can't be built here: Adobe documents no connection spec for it.",
            name=source.name,
        )
        raise unresolved("source-not-buildable", "account", "account.source", text)
    if not source.has_accounts:
        return AccountFacts(SpecRef(id=source.connection_spec_id))
    with reading("account", "account"):
        found = _connection(account, source, platform)
    version = found.connection_spec_version or source.connection_spec_version or "1.0"
    spec = SpecRef(id=source.connection_spec_id, version=version)
    return AccountFacts(spec, found.id, found.name, found.state or None)


def find_flow_spec(account: Account, platform: Platform) -> FlowSpecFacts:
    """The flow spec of the source, checked against the ids it says it serves.

    Raises Unresolved, AepError.
    """
    with reading("account", "account.source"):
        source = source_by_slug(account.source)
        spec = _flow_spec(source, platform)
    if spec is None:
        text = say("This sandbox offers no flow spec for {name}.", name=source.name)
        raise unresolved("no-flow-spec", "account", "account.source", text)
    return FlowSpecFacts(
        id=spec.id,
        name=spec.name,
        version=spec.version or "1.0",
        has_copy=spec.has_copy,
        has_schedule=spec.has_schedule,
        has_options=bool(spec.option_schema),
        source_spec_ids=tuple(spec.source_connection_spec_ids),
        target_spec_ids=tuple(spec.target_connection_spec_ids),
    )


def explore(
    data: Data, account: Account, connection_id: str | None, platform: Platform
) -> Explored:
    """What AEP tells about the table, resource or file. Slow. Raises AepError."""
    source = source_by_slug(account.source)
    service = platform.flow_service
    connection = connection_id or ""
    if source.kind == "rest":
        return service.explore_rest(connection, source_params(data), preview=False)
    if source.kind == "file":
        return service.explore_file(
            connection,
            data.path or "",
            data.file_type or "delimited",
            column_delimiter=data.column_delimiter,
            compression=data.compression,
        )
    return service.explore_table(connection, data.table or "", preview=False)


def source_params(data: Data) -> dict[str, Any]:
    """``sourceParams`` of a REST source."""
    given: dict[str, Any] = dict(data.params or {})
    return {**({"resourcePath": data.resource} if data.resource else {}), **given}


def columns_of(explored: Explored) -> list[Column]:
    """Flat columns byte for byte, or the leaves of a hierarchy."""
    if explored.columns:
        return columns_from_flat(explored.columns)
    return columns_from_hierarchy(explored.schema or {})


def find_columns(
    data: Data, account: Account, connection_id: str | None, platform: Platform
) -> tuple[Column, ...]:
    """The chosen columns. Raises Unresolved with candidates, AepError."""
    with reading("data", "data"):
        try:
            explored = explore(data, account, connection_id, platform)
        except AepError as error:
            if not error.permanent or not (text := _other_tables(data, connection_id, platform)):
                raise
            raise unresolved(error.code or "not-found", "data", "data.table", text) from error
    columns = columns_of(explored)
    if problems := selection_problems(columns, data.columns):
        raise Unresolved(problems)
    return select(columns, data.columns).columns


def _other_tables(data: Data, connection_id: str | None, platform: Platform) -> str:
    """A sentence with the nearest tables if the named one is not there; empty otherwise."""
    if not data.table or not connection_id:
        return ""
    try:
        known = [one.path for one in platform.flow_service.explore_root(connection_id)]
    except AepError:
        return ""
    if data.table in known:
        return ""
    choices = listed(nearest(data.table, known) or sorted(known))
    return say(
        "The account has no table “{table}”. Candidates: {choices}.",
        table=data.table,
        choices=choices,
    )


def _connection(account: Account, source: Source, platform: Platform) -> Connection:
    spec_id = source.connection_spec_id or ""
    if account.id:
        try:
            found = platform.flow_service.connection(account.id)
        except NotFound as error:
            text = say("There is no account with the id “{id}” in this sandbox.", id=account.id)
            raise unresolved("not-found", "account", "account.id", text) from error
        if found.connection_spec_id != spec_id:
            text = say(
                "The account “{name}” is not one of {name2}.", name=found.name, name2=source.name
            )
            raise unresolved("FLOW-1414", "account", "account.id", text)
        return found
    name = account.name or ""
    every = list(platform.flow_service.connections([("connectionSpec.id", "==", spec_id)]))
    every = [one for one in every if one.connection_spec_id == spec_id]
    return the_one(
        [one for one in every if one.name == name],
        what=f"{source.name} account",
        wanted=name,
        step="account",
        field="account.name",
        describe=lambda one: one.id,
        known=lambda: (one.name for one in every),
    )


def _flow_spec(source: Source, platform: Platform) -> FlowSpec | None:
    """By name as documented; else, or if that one doesn't fit, the first that serves the source."""
    if source.flow_spec_name:
        named = list(platform.flow_service.flow_specs(source.flow_spec_name))
        for spec in named:
            if spec.name == source.flow_spec_name and _fits(spec, source):
                return spec
    serving = [
        spec
        for spec in platform.flow_service.flow_specs()
        if source.connection_spec_id in spec.source_connection_spec_ids and _fits(spec, source)
    ]
    return serving[0] if serving else None


def _fits(spec: FlowSpec, source: Source) -> bool:
    """A spec that doesn't list what it serves is taken at its name."""
    sources, targets = spec.source_connection_spec_ids, spec.target_connection_spec_ids
    return (not sources or source.connection_spec_id in sources) and (
        not targets or DATA_LAKE_SPEC_ID in targets
    )
