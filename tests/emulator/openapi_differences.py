"""Where the emulator differs from Adobe's OpenAPI files on purpose, each with its reason."""

from __future__ import annotations

#: Operations that no dataflow needs, by a pattern over "service: METHOD /path".
NOT_EMULATED: dict[str, str] = {
    r"flow-service: .*/configs$": "has no documented meaning",
    r"flow-service: .*connectionSpecs/\{CONNECTION_SPEC_ID\}/explore$": "no documented meaning",
    r"flow-service: POST .*/search$": "the grammar of queryString isn't documented",
    r"flow-service: (POST|PUT) /(connectionSpecs|flowSpecs)": "for makers of sources",
    r"flow-service: PUT /runs": "for providers, not for us",
    r"catalog: (POST|PUT|PATCH|DELETE) /batches": "batches are made by runs alone",
    r"catalog: GET /batches/uniques": "not needed to watch a dataflow",
    r"catalog: PUT /dataSets": "datasets are patched, not replaced",
    r"catalog: GET /dataSets/\{id\}/credentials": "there is no storage behind the lake",
    r"catalog: (GET|POST) /$": "deprecated",
    r"catalog: GET /tags": "tags are read with their datasets",
    r"catalog: PATCH /v2/": "the plain PATCH does the same for what is kept here",
    r"schema-registry: GET /global/behaviors": "classes are enough to make a schema",
    r"schema-registry: GET /tenant/unions": "Profile isn't emulated",
    r"schema-registry: .* /rpc/(export|import|auditlog)": "moving schemas isn't emulated",
    r"sandbox: .*/sandboxes": "the administrators' view of sandboxes",
    r"sandbox: .*/sandboxTypes": "the administrators' view of sandboxes",
    r"sandbox: .* /exim/": "moving sandboxes isn't emulated",
}

_EXPORT = "/data/foundation/export/batches/{id}"
#: Routes of ours that the files don't have.
ONLY_HERE: dict[str, str] = {
    "POST /ims/token/v3": "the identity service has no file here",
    f"GET {_EXPORT}/meta": "Data Access has no file here",
    f"GET {_EXPORT}/files": "Data Access has no file here",
    f"GET {_EXPORT}/failed": "Data Access has no file here",
    "GET /_emulator/state": "control",
    "GET /_emulator/faults": "control",
    "POST /_emulator/faults": "control",
    "DELETE /_emulator/faults": "control",
    "POST /_emulator/clock": "control",
    "POST /_emulator/tick": "control",
    "POST /_emulator/config": "control",
    "POST /_emulator/tokens/expire": "control",
    "GET /_emulator/tables": "control",
    "GET /_emulator/rows": "control",
    "POST /_emulator/rows": "control",
    "GET /_emulator/lake": "control",
}

#: Query parameters read here that the files don't list.
EXTRA_PARAMETERS: dict[str, tuple[set[str], str]] = {
    "GET /batches/{BATCH_ID}": ({"properties"}, "the same projection as for a dataset"),
    "GET /sandbox-management/": ({"limit", "offset"}, "documented in the pages, not in the file"),
}
_SIMPLE = "every field of a dataset or batch is a filter without being named in the code"
UNREAD_PARAMETERS: dict[str, tuple[set[str], str]] = {
    "GET /connections/{BASE_CONNECTION_ID}/explore": (
        {"CompressionType", "FileType", "object"},
        "the pages write fileType and compressionType; object isn't read for the root",
    ),
    "GET /mappingSets": ({"expandSchema"}, "schemas are never expanded here"),
    "GET /mappingSets/{MAPPING_SET_ID}": ({"expandSchema"}, "schemas are never expanded here"),
    "GET /batches": (
        {
            "batch",
            "completed",
            "created",
            "createdAfter",
            "createdBefore",
            "createdClient",
            "createdUser",
            "endAfter",
            "endBefore",
            "externalId",
            "failedRecordCount",
            "property",
            "recordCount",
            "size",
            "startAfter",
            "startBefore",
            "started",
            "status",
            "tags",
            "updated",
            "updatedUser",
            "version",
        },
        _SIMPLE,
    ),
    "GET /batches/{BATCH_ID}": ({"aggregate"}, "a batch here has no parts"),
    "GET /lastBatches": (
        {
            "created",
            "lastBatchId",
            "lastBatchStatus",
            "lastFailedBatchId",
            "lastSuccessfulBatchId",
            "limit",
            "orderBy",
            "properties",
            "start",
            "updated",
        },
        "asked for by dataset only",
    ),
    "GET /dataSets": (
        {
            "created",
            "createdClient",
            "createdUser",
            "description",
            "enableErrorDiagnostics",
            "property",
            "tags",
            "updated",
            "updatedUser",
            "version",
        },
        _SIMPLE,
    ),
    "GET /{CONTAINER_ID}/descriptors": (
        {"limit", "orderby", "property", "start"},
        "pages exist in the form xdm-v2 alone",
    ),
}

_PLACE = {
    "imsOrg",
    "meta:containerId",
    "meta:sandboxId",
    "meta:sandboxType",
    "meta:tenantNamespace",
}
#: Names in answers that the files don't have.
EXTRA_NAMES: dict[str, tuple[set[str], str]] = {
    "GET /connections": ({"_links"}, "the envelope of the other lists"),
    "GET /connectionSpecs": ({"_links"}, "the envelope of the other lists"),
    "GET /flowSpecs": ({"_links"}, "the envelope of the other lists"),
    "GET /mappingSets/{MAPPING_SET_ID}": (
        {"status", "xdmSchema", "xdmVersion"},
        "in the pages, not in the file",
    ),
    "GET /{CONTAINER_ID}/fieldgroups/{FIELD_GROUP_ID}": (_PLACE, "as for schemas"),
    "GET /{CONTAINER_ID}/mixins/{MIXIN_ID}": (_PLACE, "as for schemas"),
    "GET /{CONTAINER_ID}/classes/{CLASS_ID}": (
        {"properties", "required"},
        "standard resources are kept resolved",
    ),
    "GET /{CONTAINER_ID}/datatypes/{DATA_TYPE_ID}": (
        {"meta:containerId", "meta:tenantNamespace", "properties"},
        "standard resources are kept resolved",
    ),
}

_COUNT = "a count comes alone, when it is asked for"
_ITEM = "one item has neither pages nor a count"
_SANDBOX = {"meta:sandboxId", "meta:sandboxType"}
_MAPPING = {
    "createdBy",
    "createdDate",
    "expressionAttributes",
    "functionVersion",
    "modifiedBy",
    "modifiedDate",
}
_GROUP = {"$schema", "meta:createdDate", "meta:status", "meta:tags"}
MISSING_NAMES: dict[str, tuple[set[str], str]] = {
    "GET /flows": ({"count"}, _COUNT),
    "GET /flows/{FLOW_ID}": ({"_links", "count"}, _ITEM),
    "GET /runs": ({"count"}, _COUNT),
    "GET /runs/{RUN_ID}": ({"_links", "count"}, _ITEM),
    "GET /sourceConnections": ({"count"}, _COUNT),
    "GET /sourceConnections/{SOURCE_CONNECTION_ID}": ({"_links", "count"}, _ITEM),
    "GET /targetConnections": ({"count"}, _COUNT),
    "GET /targetConnections/{TARGET_CONNECTION_ID}": ({"_links", "count"}, _ITEM),
    "GET /mappingSets/{MAPPING_SET_ID}": (
        {"allowNullValues", "inputSchema", "supportVersion", "tags"},
        "unexplained in the file",
    ),
    "GET /mappingSets/{MAPPING_SET_ID}/mappings": (_MAPPING, "those of the set"),
    "GET /mappingSets/{MAPPING_SET_ID}/mappings/{MAPPING_ID}": (_MAPPING, "those of the set"),
    "GET /{CONTAINER_ID}/fieldgroups/{FIELD_GROUP_ID}": (_GROUP, "nothing reads them"),
    "GET /{CONTAINER_ID}/mixins/{MIXIN_ID}": (_GROUP, "nothing reads them"),
    "GET /{CONTAINER_ID}/classes/{CLASS_ID}": (
        {"allOf", "imsOrg", *_SANDBOX},
        "a standard class belongs to no organisation and is kept resolved",
    ),
    "GET /{CONTAINER_ID}/datatypes/{DATA_TYPE_ID}": (
        {"$schema", "allOf", "definitions", "meta:createdDate", "meta:extends", "meta:status"},
        "a standard data type is kept resolved",
    ),
    "GET /{CONTAINER_ID}/descriptors": (
        {
            "xdm:alternateDisplayInfo",
            "xdm:descriptorOneToOne",
            "xdm:descriptorReferenceIdentity",
        },
        "a type appears with its first descriptor",
    ),
    "GET /{CONTAINER_ID}/descriptors/{DESCRIPTOR_ID}": (
        {"meta:registryMetadata"},
        "nothing reads it",
    ),
}

#: Statuses of changes that the files don't list.
OTHER_STATUS: dict[str, tuple[int, str]] = {}
