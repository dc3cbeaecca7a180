"""The JSON Schemas inside specs (API contract, section 7.7, and Adobe's payments tutorial)."""

from __future__ import annotations

from typing import Any

DRAFT_07 = "http://json-schema.org/draft-07/schema#"
CRM_TO_AEP = "14518937-270c-4525-bdec-c2ba7cce3860"
CLOUD_STORAGE_TO_AEP = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
REST_STORAGE_TO_AEP = "6499120c-0b15-42dc-936e-847ea3c24d72"
STREAM_OPTIONAL = "d69717ba-71b4-4313-b654-49f9cf126d7a"
STREAM_REQUIRED = "c1a19761-d2c7-4702-b9fa-fe91f0613e81"
STRIPE_RESOURCES = (
    "charges",
    "subscriptions",
    "refunds",
    "balance_transactions",
    "customers",
    "prices",
)

_MINIMUM_MINUTES = 15


def source_spec(slug: str, kind: str) -> dict[str, Any]:
    """What ``sourceConnection.params`` must look like."""
    properties: dict[str, Any]
    if kind == "tabular":
        column = {
            "type": "object",
            "properties": {"name": {"type": "string"}, "type": {"type": "string"}},
            "required": ["name"],
        }
        properties = {
            "tableName": {"type": "string", "minLength": 1},
            "columns": {"type": "array", "items": column},
            "cdcEnabled": {"type": "boolean"},
            "filters": {"type": "object"},
        }
        required = ["tableName"]
    elif kind == "file":
        properties = {
            "path": {"type": "string", "minLength": 1},
            "type": {"type": "string", "enum": ["file", "folder"]},
            "recursive": {"type": "boolean"},
        }
        required = ["path"]
    else:
        resource: dict[str, Any] = {"type": "string", "minLength": 1}
        if slug == "stripe":
            resource["enum"] = list(STRIPE_RESOURCES)
        properties = {"resourcePath": resource}
        required = ["resourcePath"]
    return {"$schema": DRAFT_07, "type": "object", "properties": properties, "required": required}


def schedule_spec() -> dict[str, Any]:
    """``once`` has neither interval nor backfill; ``minute`` starts at 15, the others at 1."""
    forbidden = [{"not": {"required": [name]}} for name in ("interval", "backfill")]
    at_least = {
        "if": {"properties": {"frequency": {"const": "minute"}}},
        "then": {"properties": {"interval": {"minimum": _MINIMUM_MINUTES}}},
        "else": {"properties": {"interval": {"minimum": 1}}},
    }
    return {
        "$schema": DRAFT_07,
        "type": "object",
        "properties": {
            "startTime": {"description": "epoch time", "type": "integer"},
            "frequency": {"type": "string", "enum": ["once", "minute", "hour", "day", "week"]},
            "interval": {"type": "integer"},
            "backfill": {"type": "boolean", "default": True},
        },
        "required": ["startTime", "frequency"],
        "if": {"properties": {"frequency": {"const": "once"}}},
        "then": {"allOf": forbidden},
        "else": {"required": ["interval"], **at_least},
    }


def option_spec() -> dict[str, Any]:
    return {
        "$schema": DRAFT_07,
        "type": "object",
        "properties": {
            "errorDiagnosticsEnabled": {
                "title": "Error diagnostics",
                "type": "boolean",
                "default": False,
            },
            "partialIngestionPercent": {
                "title": "Partial ingestion threshold",
                "type": "number",
                "exclusiveMinimum": 0,
            },
        },
    }


def _delta_column() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("name", "dateFormat", "timezone")},
        "required": ["name"],
    }


def copy_spec() -> dict[str, Any]:
    return {
        "$schema": DRAFT_07,
        "type": "object",
        "properties": {"deltaColumn": _delta_column()},
        "required": ["deltaColumn"],
    }


def mapping_spec() -> dict[str, Any]:
    """``mappingVersion`` is printed as a string while every sample sends a whole number; the
    check in ``flow_rules`` takes both (trap 19)."""
    return {
        "$schema": DRAFT_07,
        "type": "object",
        "properties": {"mappingId": {"type": "string"}, "mappingVersion": {"type": "string"}},
    }


def run_spec(*, tabular: bool) -> dict[str, Any]:
    times = ("startTime", "windowStartTime", "windowEndTime")
    properties: dict[str, Any] = {name: {"type": "integer"} for name in times}
    properties["deltaColumn"] = _delta_column()
    required = [*times, "deltaColumn"] if tabular else list(times)
    return {
        "$schema": DRAFT_07,
        "type": "object",
        "properties": properties,
        "required": required,
    }


def flow_specs(
    source_ids: dict[str, list[str]], streaming_ids: list[str], lake_id: str, provider_id: str
) -> list[dict[str, Any]]:
    """``source_ids`` by flow spec name."""
    common = {"targetConnectionSpecIds": [lake_id], "providerId": provider_id, "version": "1.0"}
    mapping = {"name": "Mapping", "spec": mapping_spec()}
    copying = {"name": "Copy", "spec": copy_spec()}
    batch = (
        (CRM_TO_AEP, "CRMToAEP", [copying, mapping]),
        (CLOUD_STORAGE_TO_AEP, "CloudStorageToAEP", [mapping]),
        (REST_STORAGE_TO_AEP, "RestStorageToAEP", [mapping]),
    )
    streams = (
        (STREAM_OPTIONAL, "Stream data with optional transformation"),
        (STREAM_REQUIRED, "Stream data with transformation"),
    )
    return [
        *(
            {
                "id": spec_id,
                "name": name,
                **common,
                **_batch_parts(tabular=copying in transformations),
                "sourceConnectionSpecIds": source_ids.get(name, []),
                "transformationSpec": transformations,
            }
            for spec_id, name, transformations in batch
        ),
        *(
            {
                "id": spec_id,
                "name": name,
                **common,
                "attributes": _attributes("streaming", runs=False),
                "permissionsInfo": _permissions(),
                "sourceConnectionSpecIds": streaming_ids,
                "transformationSpec": [mapping],
            }
            for spec_id, name in streams
        ),
    ]


def _batch_parts(*, tabular: bool) -> dict[str, Any]:
    """What streams don't have: options, a schedule, runs."""
    schedule = {"name": "PeriodicSchedule", "type": "Periodic", "spec": schedule_spec()}
    return {
        "attributes": _attributes("batch", runs=True),
        "permissionsInfo": _permissions(),
        "optionSpec": {"name": "OptionSpec", "spec": option_spec()},
        "scheduleSpec": schedule,
        "runSpec": {"name": "ProviderParams", "spec": run_spec(tabular=tabular)},
    }


def _attributes(frequency: str, *, runs: bool) -> dict[str, Any]:
    return {
        "isSourceFlow": True,
        "isDraftModeSupported": True,
        "flacValidationSupported": True,
        "frequency": frequency,
        "notification": {"category": "sources", "flowRun": {"enabled": runs}},
    }


def _permissions() -> dict[str, Any]:
    def level(right: str) -> list[dict[str, Any]]:
        return [{"@type": "lowLevel", "name": "EnterpriseSource", "permissions": [right]}]

    return {"view": level("read"), "manage": level("write")}
