"""One made-up record of a schema. Keys follow standard XDM naming, with ``xdm:`` in front."""

from __future__ import annotations

from typing import Any

from flowsite.emulator.clock import iso_z
from flowsite.emulator.registry import BASE, resolve
from flowsite.emulator.registry.resources import not_found
from flowsite.emulator.web import Request, Response, Route
from flowsite.emulator.world import World


def sample_data(world: World, request: Request) -> Response:
    resource = resolve.find(world, request.scope, request.args["id"])
    if resource is None:
        raise not_found(request.args["id"])
    schema = resolve.full(world, request.scope, resource)
    return Response(body=_sample(schema, iso_z(world.clock.now_s())))


def _sample(schema: dict[str, Any], now: str) -> Any:
    if "properties" in schema:
        return {
            _standard_name(name): _sample(field, now)
            for name, field in schema["properties"].items()
            if isinstance(field, dict)
        }
    if isinstance(schema.get("items"), dict):
        return [_sample(schema["items"], now)]
    kind, form = schema.get("type"), schema.get("format")
    if form in ("date-time", "date"):
        return now if form == "date-time" else now[:10]
    examples: dict[Any, Any] = {"integer": 42, "number": 3.5, "boolean": True, "string": "Sample"}
    return examples.get(kind, {})


def _standard_name(name: str) -> str:
    if name == "_id":
        return "@id"
    return name if name.startswith("_") else f"xdm:{name}"


ROUTES = (Route("GET", f"{BASE}/rpc/sampledata/{{id*}}", sample_data),)
