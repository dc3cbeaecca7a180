"""The shapes of request bodies, and the fixed ids in them. Imports nothing of the client.

Keys that AEP may do without are optional here only where Adobe does (API contract, sections
4.4, 4.5, 5.2, 6.2, 7.3, 7.5, 7.6, 7.8, 8.5).
"""

from __future__ import annotations

from typing import Any, Final, Literal, NotRequired, TypedDict

#: The only target of source dataflows.
DATA_LAKE_SPEC_ID: Final = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
#: Must be the same text in mapping set, dataset and target connection (1425).
XED_FULL_V1: Final = "application/vnd.adobe.xed-full+json;version=1"

CRM_TO_AEP: Final = "14518937-270c-4525-bdec-c2ba7cce3860"
CLOUD_STORAGE_TO_AEP: Final = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
REST_STORAGE_TO_AEP: Final = "6499120c-0b15-42dc-936e-847ea3c24d72"
STREAM_OPTIONAL_TRANSFORM: Final = "d69717ba-71b4-4313-b654-49f9cf126d7a"
STREAM_WITH_TRANSFORM: Final = "c1a19761-d2c7-4702-b9fa-fe91f0613e81"
#: Flow spec name → id.
FLOW_SPECS: Final[dict[str, str]] = {
    "CRMToAEP": CRM_TO_AEP,
    "CloudStorageToAEP": CLOUD_STORAGE_TO_AEP,
    "RestStorageToAEP": REST_STORAGE_TO_AEP,
}

PROFILE_CLASS: Final = "https://ns.adobe.com/xdm/context/profile"
EVENT_CLASS: Final = "https://ns.adobe.com/xdm/context/experienceevent"


class SpecRef(TypedDict):
    """A connection spec or flow spec; both keys are needed (422 without the version)."""

    id: str
    version: str


JsonRef = TypedDict("JsonRef", {"$ref": str})

FieldGroupBody = TypedDict(
    "FieldGroupBody",
    {
        "type": Literal["object"],
        "title": str,
        "description": str,
        "meta:intendedToExtend": list[str],
        "definitions": dict[str, Any],
        "allOf": list[JsonRef],
    },
)
"""``definitions`` holds the fields, under ``_{tenantId}``; ``allOf`` points at it."""


class SchemaBody(TypedDict):
    """``allOf``: the class, then field groups."""

    type: Literal["object"]
    title: str
    description: str
    allOf: list[JsonRef]


DescriptorBody = TypedDict(
    "DescriptorBody",
    {
        "@type": str,
        "xdm:sourceSchema": str,
        "xdm:sourceVersion": int,
        "xdm:sourceProperty": str,
        "xdm:namespace": str,
        "xdm:property": Literal["xdm:id", "xdm:code"],
        "xdm:isPrimary": bool,
    },
)
"""An identity descriptor; ``xdm:sourceProperty`` is a path with slashes."""


class SchemaRef(TypedDict):
    """A schema and its version as a content type."""

    id: str
    contentType: str


class DatasetBody(TypedDict):
    """``tags`` values have no blank: ``enabled:true``."""

    name: str
    description: NotRequired[str]
    schemaRef: SchemaRef
    enableErrorDiagnostics: NotRequired[bool]
    tags: NotRequired[dict[str, list[str]]]


class OutputSchema(TypedDict):
    """What a mapping set maps to."""

    schemaRef: SchemaRef


class MappingRowBody(TypedDict):
    """One mapping in the modern dialect."""

    sourceType: Literal["ATTRIBUTE", "EXPRESSION"]
    source: str
    destination: str
    name: NotRequired[str]
    description: NotRequired[str]


class MappingSetBody(TypedDict):
    """The modern dialect."""

    name: str
    outputSchema: OutputSchema
    mappings: list[MappingRowBody]


class AuthBody(TypedDict):
    """``specName`` is one of the connection spec's ``authSpec`` names."""

    specName: str
    params: dict[str, Any]


class ConnectionBody(TypedDict):
    """An account."""

    name: str
    description: NotRequired[str]
    connectionSpec: SpecRef
    auth: NotRequired[AuthBody]


class SourceDataBody(TypedDict):
    """``properties`` (delimiter, compression, encoding) for files only."""

    format: str
    properties: NotRequired[dict[str, Any]]


class SourceConnectionBody(TypedDict):
    """``params``: tableName and columns, path, or what the source's own schema says."""

    name: str
    description: NotRequired[str]
    baseConnectionId: str
    data: SourceDataBody
    params: dict[str, Any]
    connectionSpec: SpecRef


class TargetSchema(TypedDict):
    """``version`` is the content type, not a number."""

    id: str
    version: str


class TargetDataBody(TypedDict):
    """The schema that is written."""

    schema: TargetSchema


class TargetParams(TypedDict):
    """Capital S."""

    dataSetId: str


class TargetConnectionBody(TypedDict):
    """``connectionSpec`` is the data lake's."""

    name: str
    description: NotRequired[str]
    data: TargetDataBody
    params: TargetParams
    connectionSpec: SpecRef


class TransformationBody(TypedDict):
    """``Copy`` or ``Mapping``."""

    name: Literal["Copy", "Mapping"]
    params: dict[str, Any]


class ScheduleBody(TypedDict):
    """``startTime`` in epoch seconds; no interval and no backfill with ``once``."""

    startTime: int
    frequency: Literal["once", "minute", "hour", "day", "week"]
    interval: NotRequired[int]
    backfill: NotRequired[bool]


class FlowOptions(TypedDict, total=False):
    """Without diagnostics, failed rows can't be explained."""

    errorDiagnosticsEnabled: bool
    partialIngestionPercent: float


class FlowBody(TypedDict):
    """Never with ``state`` (1410)."""

    name: str
    description: NotRequired[str]
    flowSpec: SpecRef
    sourceConnectionIds: list[str]
    targetConnectionIds: list[str]
    transformations: list[TransformationBody]
    scheduleParams: NotRequired[ScheduleBody]
    options: NotRequired[FlowOptions]


class RunParams(TypedDict):
    """Epoch seconds; the delta column only for tables."""

    startTime: int
    windowStartTime: int
    windowEndTime: int
    deltaColumn: NotRequired[dict[str, str]]


class RunBody(TypedDict):
    """An on-demand run of a one-time dataflow."""

    flowId: str
    params: RunParams


class PatchOperation(TypedDict):
    """JSON Patch with a lower-case ``op``."""

    op: Literal["add", "replace", "remove"]
    path: str
    value: NotRequired[Any]
