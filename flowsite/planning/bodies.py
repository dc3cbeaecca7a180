"""The body of each request, written strictly: modern mapping dialect, integers, one schema version.

Any id may be a reference to an earlier step's answer. Source of every shape: Adobe's API guides and
references of the five services; where they disagree, the reading that the error tables support.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from flowsite.aep.bodies import DATA_LAKE_SPEC_ID, XED_FULL_V1
from flowsite.definitions.columns import Column
from flowsite.definitions.mapping_rules import find_column
from flowsite.definitions.model import (
    MAX_NAME,
    Data,
    MappingRow,
    NewDataset,
    Options,
    ProposedKind,
    Schedule,
)
from flowsite.definitions.sources import SourceKind
from flowsite.definitions.xdm import CLASSES, ProposedSchema
from flowsite.planning.facts import Facts, FlowSpecFacts, SpecRef
from flowsite.planning.plan import SecretRef, literal

TAG: Final = "wizardSubmission"
"""Tag of a dataset that holds the submission's key."""
SPEC_VERSION: Final = "1.0"
DELTA_TIMEZONE: Final = "UTC"
"""Tabular batch sources are read in UTC. Source: note at the top of the collect tutorials."""

Body = dict[str, JsonValue]


def marked(name: str, key: str, kind: str = "") -> str:
    """A name that carries the key at its end, where it can be searched for, cut to the limit."""
    ending = f" {kind} [{key}]" if kind else f" [{key}]"
    return name[: MAX_NAME - len(ending)].rstrip() + ending


def described(description: str | None, key: str) -> str:
    """The user's description, followed by the key."""
    return f"{description} [{key}]" if description else f"Made by Flowsite [{key}]"


def connection_body(
    *,
    name: str,
    description: str | None,
    key: str,
    spec: SpecRef,
    auth_spec: str | None,
    params: Mapping[str, JsonValue | SecretRef],
) -> Body:
    """POST /connections. Secrets stay references."""
    body: Body = {
        "name": name,
        "description": described(description, key),
        "connectionSpec": {"id": spec.id, "version": spec.version},
    }
    if auth_spec is not None:
        body["auth"] = {
            "specName": auth_spec,
            "params": {
                param: value.as_json() if isinstance(value, SecretRef) else literal(value)
                for param, value in params.items()
            },
        }
    return body


def field_group_body(proposed: ProposedSchema, *, title: str, key: str) -> Body:
    """POST /tenant/fieldgroups: the proposed fields below the tenant's prefix."""
    own: Body = {"type": "object", "properties": proposed.properties()}
    return {
        "type": "object",
        "title": title,
        "description": described(None, key),
        "meta:intendedToExtend": [proposed.class_id],
        "definitions": {"fields": {"properties": {f"_{proposed.tenant_id}": own}}},
        "allOf": [{"$ref": "#/definitions/fields"}],
    }


def schema_body(kind: ProposedKind, field_group: JsonValue, *, title: str, key: str) -> Body:
    """POST /tenant/schemas: the class and our field group."""
    return {
        "type": "object",
        "title": title,
        "description": described(None, key),
        "allOf": [{"$ref": CLASSES[kind]}, {"$ref": field_group}],
    }


def identity_body(schema: JsonValue, *, path: str, namespace: str) -> Body:
    """POST /tenant/descriptors: the primary identity."""
    return {
        "@type": "xdm:descriptorIdentity",
        "xdm:sourceSchema": schema,
        "xdm:sourceVersion": 1,
        "xdm:sourceProperty": "/" + path.replace(".", "/"),
        "xdm:namespace": namespace,
        "xdm:property": "xdm:code",
        "xdm:isPrimary": True,
    }


def dataset_body(new: NewDataset, schema: JsonValue, *, diagnostics: bool, key: str) -> Body:
    """POST /dataSets. Tags are written without a blank after the colon."""
    tags: Body = {TAG: [key]}
    if new.profile_enabled:
        tags = {"unifiedProfile": ["enabled:true"], "unifiedIdentity": ["enabled:true"], **tags}
    body: Body = {
        "name": new.name,
        "schemaRef": {"id": schema, "contentType": XED_FULL_V1},
        "enableErrorDiagnostics": diagnostics,
        "tags": tags,
    }
    if new.description:
        body["description"] = new.description
    return body


def mapping_set_body(
    rows: Iterable[MappingRow], columns: Sequence[Column], schema: JsonValue, *, name: str
) -> Body:
    """POST /mappingSets and /mappingSets/validate, modern dialect."""
    return {
        "name": name,
        "outputSchema": {"schemaRef": {"id": schema, "contentType": XED_FULL_V1}},
        "mappings": [_mapping(row, columns) for row in rows],
    }


def _mapping(row: MappingRow, columns: Sequence[Column]) -> Body:
    if row.expression:
        source, kind = row.expression, "EXPRESSION"
    else:
        column = find_column(columns, row.source or "")
        source, kind = column.source if column else row.source or "", "ATTRIBUTE"
    return {"sourceType": kind, "source": source, "destination": row.target}


def source_connection_body(
    data: Data, facts: Facts, *, name: str, description: str | None, key: str
) -> Body:
    """POST /sourceConnections. Column dicts are AEP's own, unchanged."""
    body: Body = {"name": name, "description": described(description, key)}
    if facts.base_connection_id is not None:
        body["baseConnectionId"] = facts.base_connection_id
    body["data"] = _data_format(data, facts.source_kind)
    body["params"] = _source_params(data, facts)
    body["connectionSpec"] = {
        "id": facts.connection_spec.id,
        "version": facts.connection_spec.version,
    }
    return body


def _data_format(data: Data, kind: SourceKind) -> Body:
    if kind == "tabular":
        return {"format": "tabular"}
    if kind == "rest":
        return {"format": "json"}
    properties: Body = {}
    if data.column_delimiter:
        properties["columnDelimiter"] = data.column_delimiter
    if data.compression:
        properties["compressionType"] = data.compression
    return {"format": data.file_type, **({"properties": properties} if properties else {})}


def _source_params(data: Data, facts: Facts) -> Body:
    if facts.source_kind == "tabular":
        columns = [literal(column.raw) for column in facts.columns]
        return {"tableName": data.table, "columns": columns}
    if facts.source_kind == "file":
        params: Body = {"path": data.path, "type": "folder" if data.folder else "file"}
        return {**params, "recursive": True} if data.folder else params
    given = {name: literal(value) for name, value in (data.params or {}).items()}
    return {"resourcePath": data.resource, **given} if data.resource else given


def target_connection_body(
    schema: JsonValue, dataset: JsonValue, *, name: str, description: str | None, key: str
) -> Body:
    """POST /targetConnections: always the data lake's spec, never the source's."""
    return {
        "name": name,
        "description": described(description, key),
        "data": {"schema": {"id": schema, "version": XED_FULL_V1}},
        "params": {"dataSetId": dataset},
        "connectionSpec": {"id": DATA_LAKE_SPEC_ID, "version": SPEC_VERSION},
    }


def flow_body(
    *,
    name: str,
    description: str | None,
    key: str,
    flow_spec: FlowSpecFacts,
    source: JsonValue,
    target: JsonValue,
    transformations: Sequence[Body],
    schedule: Schedule,
    options: Options,
) -> Body:
    """POST /flows. ``state`` is never sent."""
    body: Body = {
        "name": name,
        "description": described(description, key),
        "flowSpec": {"id": flow_spec.id, "version": flow_spec.version},
        "sourceConnectionIds": [source],
        "targetConnectionIds": [target],
        "transformations": list(transformations),
    }
    if flow_spec.has_schedule:
        body["scheduleParams"] = schedule_params(schedule)
    if flow_spec.has_options:
        body["options"] = option_params(options)
    return body


def copy_transformation(column: str, date_format: str) -> Body:
    """How a recurring tabular dataflow tells new rows from old ones."""
    delta: Body = {"name": column, "dateFormat": date_format, "timezone": DELTA_TIMEZONE}
    return {"name": "Copy", "params": {"deltaColumn": delta}}


def mapping_transformation(mapping_id: JsonValue, version: JsonValue) -> Body:
    return {"name": "Mapping", "params": {"mappingId": mapping_id, "mappingVersion": version}}


def schedule_params(schedule: Schedule) -> Body:
    """``scheduleParams`` of POST /flows: integers, ``startTime`` in epoch seconds.

    ``once`` has neither interval nor backfill; every other frequency says both.
    Raises ValueError for a schedule without a start or a needed interval.
    """
    if schedule.start is None or (schedule.recurring and schedule.interval is None):
        msg = "A schedule needs a start, and a recurring one an interval."
        raise ValueError(msg)
    params: Body = {
        "startTime": int(schedule.start.timestamp()),
        "frequency": schedule.frequency,
    }
    if schedule.recurring:
        params["interval"] = schedule.interval
        params["backfill"] = schedule.backfills
    return params


def option_params(options: Options) -> Body:
    """``options`` of POST /flows; partial ingestion turns error diagnostics on."""
    percent = options.partial_ingestion_percent
    params: Body = {"errorDiagnosticsEnabled": diagnostics_on(options)}
    if percent is not None:
        params["partialIngestionPercent"] = percent
    return params


def diagnostics_on(options: Options) -> bool:
    return options.error_diagnostics or options.partial_ingestion_percent is not None
