"""What makes a dataflow acceptable (API contract, sections 7.7 and 7.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flowsite.emulator import data_prep, jsonschemas
from flowsite.emulator.catalog_service import DATASET, major_version
from flowsite.emulator.errors import bare_message, flow_error
from flowsite.emulator.flow_service import entities, spec_schemas
from flowsite.emulator.flow_service.entities import (
    CONNECTION,
    FLOW,
    SOURCE_CONNECTION,
    TARGET_CONNECTION,
)
from flowsite.emulator.flow_service.schedule_rules import check_schedule
from flowsite.emulator.flow_service.specs import flow_specs, kind_of
from flowsite.emulator.mapping import rows_of
from flowsite.emulator.store import Stored
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World

#: Formats of the delta column; the second one for two Azure sources (API contract, section 7.8).
DATE_FORMATS = ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-ddTHH:mm:ssZ", "yyyy-MM-dd'T'HH:mm:ss'Z'")


@dataclass(frozen=True)
class Parts:
    """The objects that a dataflow stands on."""

    source: Stored
    target: Stored
    base: Stored
    dataset: Stored
    flow_spec: dict[str, Any]


def flow_spec_of(body: dict[str, Any]) -> dict[str, Any]:
    entities.require(body, "flowSpec")
    named = entities.as_object(body["flowSpec"], "flowSpec")
    spec = flow_specs().get(str(named.get("id")))
    if spec is None:
        raise bare_message(400, f"No flow spec has the id {str(named.get('id'))[:100]}.")
    return spec


def check_flow(
    world: World, scope: Scope, body: dict[str, Any], *, flow_id: str | None, new_start: bool
) -> Parts:
    """The parts, when everything fits. Raises ApiError with the documented code."""
    entities.require(body, "name")
    entities.check_texts(body, "name", "description")
    parts = parts_of(world, scope, body)
    _check_exclusive(world, scope, parts, flow_id)
    if "scheduleSpec" in parts.flow_spec:
        now_s = world.clock.now_s() if new_start else None
        check_schedule(parts.flow_spec, body.get("scheduleParams"), now_s)
    _check_options(parts.flow_spec, body)
    known = world.store.get(FLOW, scope, flow_id) if flow_id else None
    by_run = known is not None and bool(known.hidden.get("delta_by_run"))
    _check_transformations(world, scope, body, parts, delta_by_run=by_run)
    return parts


def parts_of(world: World, scope: Scope, body: dict[str, Any]) -> Parts:
    spec = flow_spec_of(body)
    source = _end(world, scope, body, "sourceConnectionIds", SOURCE_CONNECTION, 1320)
    target = _end(world, scope, body, "targetConnectionIds", TARGET_CONNECTION, 1321)
    for end in (source, target):
        if end.body["state"] == "draft":
            raise flow_error(1456, f"The {end.kind} {end.id} is still a draft.")
    if source.body["connectionSpec"]["id"] not in spec["sourceConnectionSpecIds"]:
        raise flow_error(1413, "The flow spec isn't for this kind of source.")
    if target.body["connectionSpec"]["id"] not in spec["targetConnectionSpecIds"]:
        raise flow_error(1307, "The flow spec isn't for this kind of target.")
    base = entities.referenced(
        world,
        scope,
        CONNECTION,
        source.body["baseConnectionId"],
        code=1323,
        where="baseConnectionId",
    )
    dataset = entities.referenced(
        world,
        scope,
        DATASET,
        target.body["params"]["dataSetId"],
        code=1324,
        where="params.dataSetId",
    )
    return Parts(source, target, base, dataset, spec)


def _end(
    world: World, scope: Scope, body: dict[str, Any], key: str, kind: str, code: int
) -> Stored:
    ids = body.get(key)
    if not isinstance(ids, list) or len(ids) != 1:
        raise flow_error(code, f"{key} must hold exactly one id.")
    return entities.referenced(world, scope, kind, ids[0], code=1323, where=key)


def _check_exclusive(world: World, scope: Scope, parts: Parts, flow_id: str | None) -> None:
    """One source and one target connection belong to one dataflow."""
    for key, end, code in (
        ("sourceConnectionIds", parts.source, 1320),
        ("targetConnectionIds", parts.target, 1321),
    ):
        taken = world.store.value(
            "SELECT id FROM objects WHERE kind = ? AND org = ? AND sandbox = ? AND id <> ?"
            " AND json_extract(body, ?) = ? LIMIT 1",
            (FLOW, *scope, flow_id or "", f"$.{key}[0]", end.id),
        )
        if taken:
            raise flow_error(code, f"{end.id} is already used by the dataflow {taken}.")


def _check_options(spec: dict[str, Any], body: dict[str, Any]) -> None:
    options = body.get("options")
    if options is None:
        return
    if "optionSpec" not in spec:
        raise flow_error(1304, "This flow spec has no options.")
    found = jsonschemas.problems(spec["optionSpec"]["spec"], options, "options")
    if found:
        raise flow_error(1304, "; ".join(found))


# --- Transformations ---------------------------------------------------------------------------


def transformation(body: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The params of a transformation, found by its name."""
    for item in body.get("transformations") or []:
        if isinstance(item, dict) and item.get("name") == name:
            params = item.get("params")
            return params if isinstance(params, dict) else {}
    return None


def _check_transformations(
    world: World, scope: Scope, body: dict[str, Any], parts: Parts, *, delta_by_run: bool
) -> None:
    given = body.get("transformations")
    if given is not None and not isinstance(given, list):
        raise flow_error(1304, "transformations is a list.")
    offered = {item["name"] for item in parts.flow_spec["transformationSpec"]}
    names = [item.get("name") if isinstance(item, dict) else None for item in given or []]
    for name in names:
        if not isinstance(name, str) or name not in offered:
            raise flow_error(1304, f"transformations: one of {', '.join(sorted(offered))}.")
    if len(set(names)) != len(names):
        raise flow_error(1304, "A transformation is given twice.")
    if "Copy" in offered:
        _check_copy(body, parts, delta_by_run=delta_by_run)
    _check_mapping(world, scope, body, parts)


def _check_copy(body: dict[str, Any], parts: Parts, *, delta_by_run: bool) -> None:
    """``delta_by_run``: a run on demand has put the column there, so ``once`` has one."""
    copying = transformation(body, "Copy")
    once = body["scheduleParams"]["frequency"] == "once"
    if once:
        if copying is not None and not delta_by_run:
            raise flow_error(1369, "A delta column isn't allowed with the frequency once.")
        return
    if copying is None:
        raise flow_error(1367, "A recurring dataflow of this source needs a delta column.")
    found = jsonschemas.problems(spec_schemas.copy_spec(), copying, "Copy")
    if found:
        raise flow_error(1367, "; ".join(found))
    check_delta_column(copying["deltaColumn"], parts.source)


def check_delta_column(delta: dict[str, Any], source: Stored) -> None:
    """A chosen column (trap 7) in a supported format (trap 6)."""
    columns = source.body["params"].get("columns") or []
    if delta["name"] not in [column["name"] for column in columns]:
        raise flow_error(1383, f"The delta column {delta['name'][:200]} isn't among the columns.")
    if delta.get("dateFormat", DATE_FORMATS[0]) not in DATE_FORMATS:
        raise flow_error(1382, f"The delta column's dateFormat must be {DATE_FORMATS[0]}.")
    if delta.get("timezone", "UTC") != "UTC":
        raise flow_error(1382, "Tabular sources must be in UTC.")


def _check_mapping(world: World, scope: Scope, body: dict[str, Any], parts: Parts) -> None:
    params = transformation(body, "Mapping")
    streaming = kind_of(parts.source.body["connectionSpec"]["id"]) == "streaming"
    optional = parts.flow_spec["id"] == spec_schemas.STREAM_OPTIONAL
    if params is None:
        if streaming and optional:
            return
        raise flow_error(1370, "The transformation Mapping is missing.")
    mapping = mapping_of(world, scope, params)
    dataset_schema = parts.dataset.body["schemaRef"]
    target_schema = parts.target.body["data"]["schema"]
    ids = {dataset_schema["id"], target_schema["id"], mapping["xdmSchema"]}
    versions = {
        major_version(dataset_schema["contentType"]),
        major_version(target_schema["version"]),
        major_version(mapping["xdmVersion"]),
    }
    if len(ids) > 1 or len(versions) > 1 or None in versions:
        raise flow_error(
            1425, "Schema and version of mapping set, dataset and target connection differ."
        )


def mapping_of(world: World, scope: Scope, params: dict[str, Any]) -> dict[str, Any]:
    """The mapping set version that a Mapping names. Raises 1419 and 1412."""
    mapping_id, version = params.get("mappingId"), params.get("mappingVersion", 0)
    if isinstance(version, str) and version.isascii() and version.isdigit() and len(version) < 9:
        version = int(version)
    if not isinstance(version, int) or isinstance(version, bool) or abs(version) > 10**9:
        raise flow_error(1412, "mappingVersion must be a whole number.")
    known = isinstance(mapping_id, str) and world.store.get(
        data_prep.MAPPING_SET, scope, mapping_id
    )
    if not known or not isinstance(mapping_id, str):
        raise flow_error(1419, f"There is no mapping set {str(mapping_id)[:100]}.")
    document = data_prep.mapping_version(world, scope, mapping_id, version)
    if document is None:
        raise flow_error(1412, f"The mapping set has no version {version}.")
    rows_of(document)
    return document
