"""Resolving ``$ref`` and ``allOf``: from what was posted to the whole tree of fields."""

from __future__ import annotations

import copy
from typing import Any

from flowsite.emulator.registry import KINDS, standard
from flowsite.emulator.store import Stored, stored_of
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World

MAX_DEPTH = 30


def find_stored(world: World, scope: Scope, resource_id: str) -> Stored | None:
    """A tenant resource of any kind by ``$id`` or ``meta:altId``."""
    marks = ", ".join("?" * len(KINDS))
    row = world.store.row(
        f"SELECT * FROM objects WHERE kind IN ({marks}) AND org = ? AND sandbox = ? AND id = ?",
        (*KINDS, *scope, alt_id(resource_id)),
    )
    return None if row is None else stored_of(row)


def find(world: World, scope: Scope, resource_id: str) -> dict[str, Any] | None:
    """A resource of the tenant or of Adobe, as it was posted."""
    known = standard.resources()
    if resource_id in known:
        return known[resource_id]
    for resource in known.values():
        if resource["meta:altId"] == resource_id:
            return resource
    stored = find_stored(world, scope, resource_id)
    return None if stored is None else stored.body


def alt_id(resource_id: str) -> str:
    """``https://ns.adobe.com/acme/schemas/9c`` as ``_acme.schemas.9c``."""
    if resource_id.startswith("https://ns.adobe.com/"):
        return "_" + resource_id.removeprefix("https://ns.adobe.com/").replace("/", ".")
    return resource_id


def full(world: World, scope: Scope, resource: dict[str, Any]) -> dict[str, Any]:
    """The resource with every reference replaced by the fields it stands for."""
    merged: dict[str, Any] = {"properties": {}, "required": []}
    _gather(world, scope, resource, resource, merged, 0)
    result = {
        key: value
        for key, value in resource.items()
        if key not in ("allOf", "definitions", "properties", "required")
    }
    result["properties"] = merged["properties"]
    if merged["required"]:
        result["required"] = sorted(set(merged["required"]))
    return result


def _gather(
    world: World,
    scope: Scope,
    root: dict[str, Any],
    node: Any,
    merged: dict[str, Any],
    depth: int,
) -> None:
    if not isinstance(node, dict) or depth > MAX_DEPTH:
        return
    reference = node.get("$ref")
    if isinstance(reference, str):
        target_root, target = _target(world, scope, root, reference)
        _gather(world, scope, target_root, target, merged, depth + 1)
    parts = node.get("allOf")
    for part in parts if isinstance(parts, list) else []:
        _gather(world, scope, root, part, merged, depth + 1)
    own = node.get("properties")
    for name, field in (own if isinstance(own, dict) else {}).items():
        resolved = _field(world, scope, root, field, depth + 1)
        merged["properties"][name] = _merge(merged["properties"].get(name), resolved)
    required = node.get("required")
    if isinstance(required, list):
        merged["required"].extend(name for name in required if isinstance(name, str))


def _target(
    world: World, scope: Scope, root: dict[str, Any], reference: str
) -> tuple[dict[str, Any], Any]:
    """What a ``$ref`` points at, and the document it lies in."""
    if reference.startswith("#/"):
        node: Any = root
        for part in reference[2:].split("/"):
            node = node.get(part) if isinstance(node, dict) else None
        return root, node
    resource = find(world, scope, reference)
    return (resource, resource) if resource is not None else (root, None)


def _field(world: World, scope: Scope, root: dict[str, Any], field: Any, depth: int) -> Any:
    if not isinstance(field, dict) or depth > MAX_DEPTH:
        return {}
    result = {
        key: copy.deepcopy(value)
        for key, value in field.items()
        if key not in ("$ref", "allOf", "properties", "items")
    }
    if any(key in field for key in ("$ref", "allOf", "properties")):
        merged: dict[str, Any] = {"properties": {}, "required": []}
        _gather(world, scope, root, field, merged, depth + 1)
        if merged["properties"]:
            result["properties"] = merged["properties"]
            result.setdefault("type", "object")
        if merged["required"]:
            result["required"] = sorted(set(merged["required"]))
    if isinstance(field.get("items"), dict):
        result["items"] = _field(world, scope, root, field["items"], depth + 1)
    result.setdefault("meta:xdmType", _xdm_type(result))
    return result


def _merge(old: Any, new: Any) -> Any:
    """Two field groups may both add to ``_acme``: objects grow together, the rest is replaced."""
    if isinstance(old, dict) and "properties" in old and "properties" in new:
        joined = {**old, **new}
        joined["properties"] = {**old["properties"]}
        for name, field in new["properties"].items():
            joined["properties"][name] = _merge(old["properties"].get(name), field)
        required = [*old.get("required", []), *new.get("required", [])]
        if required:
            joined["required"] = sorted(set(required))
        return joined
    return new


def _xdm_type(field: dict[str, Any]) -> str:
    if field.get("format") in ("date-time", "date"):
        return str(field["format"])
    return {"integer": "int"}.get(str(field.get("type")), str(field.get("type", "object")))
