"""A schema's fields as the nodes that components/tree.html prints. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flowsite.definitions.xdm import TargetField


def tree_of(fields: Iterable[TargetField], *, tenant: str = "") -> list[dict[str, Any]]:
    """Nested nodes in the schema's order; ``tenant`` is the tenant's own prefix."""
    top: dict[str, dict[str, Any]] = {}
    for field in fields:
        parts = field.path.split(".")
        level = top
        for depth, part in enumerate(parts):
            node = level.setdefault(part, _node(part, ".".join(parts[: depth + 1]), tenant))
            if depth == len(parts) - 1:
                node |= {
                    "type": field.type,
                    "title": field.title,
                    "required": field.required,
                    "identity": field.identity,
                }
            level = node["kids"]
    return [_finished(node) for node in top.values()]


def _node(name: str, path: str, tenant: str) -> dict[str, Any]:
    own = bool(tenant) and path == tenant
    return {"name": name, "path": path, "type": "object", "tenant": own, "open": own, "kids": {}}


def _finished(node: dict[str, Any]) -> dict[str, Any]:
    kids = node.pop("kids")
    return {**node, "children": [_finished(kid) for kid in kids.values()]}
