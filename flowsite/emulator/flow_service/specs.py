"""Connection specs and flow specs. The same for every organisation."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

from flowsite.emulator.errors import flow_error
from flowsite.emulator.flow_service import spec_schemas
from flowsite.emulator.flow_service.entities import BASE
from flowsite.emulator.web import Request, Response, Route
from flowsite.emulator.world import World

PROVIDER_ID = "0ed90a81-07f4-4586-8190-b40eccef1c5a"
DATA_LAKE_SPEC_ID = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
STREAMING_SPEC_ID = "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb"

_EXPLORE_TYPES = {"tabular": "Tabular", "file": "FileSystem", "rest": "Resource"}
_SEPARATE_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=1)
def sources() -> dict[str, dict[str, Any]]:
    """The catalogue of batch sources by connection spec id."""
    text = files("flowsite.emulator.seeds").joinpath("sources.json").read_text("utf-8")
    return {source["spec"]: source for source in json.loads(text)}


@lru_cache(maxsize=1)
def connection_specs() -> dict[str, dict[str, Any]]:
    specs = {spec_id: _connection_spec(source) for spec_id, source in sources().items()}
    specs[DATA_LAKE_SPEC_ID] = {
        "id": DATA_LAKE_SPEC_ID,
        "name": "data-lake",
        "providerId": PROVIDER_ID,
        "version": "1.0",
        "attributes": {"uiAttributes": {"isSource": False}},
    }
    specs[STREAMING_SPEC_ID] = _streaming_spec()
    return specs


@lru_cache(maxsize=1)
def flow_specs() -> dict[str, dict[str, Any]]:
    by_name: dict[str, list[str]] = {}
    for source in sources().values():
        by_name.setdefault(source["flow_spec"], []).append(source["spec"])
    specs = spec_schemas.flow_specs(by_name, [STREAMING_SPEC_ID], DATA_LAKE_SPEC_ID, PROVIDER_ID)
    return {spec["id"]: spec for spec in specs}


def kind_of(spec_id: str) -> str:
    """``tabular``, ``file``, ``rest``, ``streaming``, or empty for no source."""
    if spec_id == STREAMING_SPEC_ID:
        return "streaming"
    return str(sources().get(spec_id, {}).get("kind", ""))


def _title(name: str) -> str:
    words = _SEPARATE_WORDS.sub(" ", name).replace("_", " ")
    return words[:1].upper() + words[1:].lower()


def _auth_spec(auth: dict[str, Any]) -> dict[str, Any]:
    properties, required = {}, []
    for param in auth["params"]:
        name = param.rstrip("*?")
        properties[name] = {"type": "string", "title": _title(name)}
        if "*" in param:
            properties[name]["format"] = "password"
        if "?" not in param:
            required.append(name)
    return {
        "name": auth["name"],
        "type": _auth_type(auth["name"]),
        "spec": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": properties,
            "required": required,
        },
    }


def _auth_type(name: str) -> str:
    if "OAuth2" in name:
        return "OAuth2RefreshCode"
    return "BasicAuthentication" if "Basic" in name else "KeyBased"


def _connection_spec(source: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": source["spec"],
        "name": source["slug"],
        "providerId": PROVIDER_ID,
        "version": source["version"],
        "authSpec": [_auth_spec(auth) for auth in source["auth"]],
        "sourceSpec": {
            "name": source["slug"],
            "type": _EXPLORE_TYPES[source["kind"]],
            "spec": spec_schemas.source_spec(source["slug"], source["kind"]),
            "attributes": {
                "uiAttributes": {
                    "isSource": True,
                    "isBeta": source["beta"],
                    "category": {"key": source["category"]},
                    "label": {"key": source["name"]},
                    "apiFeatures": {"flowRunsSupported": True, "updateSupported": True},
                }
            },
        },
        "exploreSpec": {
            "name": "Explore",
            "type": _EXPLORE_TYPES[source["kind"]],
            "requestSpec": {},
            "responseSpec": {},
        },
        "attributes": {
            "category": source["category"],
            "filterAtSource": {"enabled": False},
            "permissionsInfo": {},
            "uiAttributes": {"isSource": True},
        },
    }


def _streaming_spec() -> dict[str, Any]:
    auth = {"name": "Streaming Connection", "params": ["dataType", "sourceId?", "name?"]}
    return {
        "id": STREAMING_SPEC_ID,
        "name": "streaming-http",
        "providerId": PROVIDER_ID,
        "version": "1.0",
        "authSpec": [_auth_spec(auth)],
        "attributes": {
            "category": "Streaming",
            "uiAttributes": {"isSource": True, "apiFeatures": {"flowRunsSupported": False}},
        },
    }


# --- Endpoints ---------------------------------------------------------------------------------

_FILTER = re.compile(r"\s*(id|name|providerId)\s*==\s*(.+?)\s*")


def _listed(specs: dict[str, dict[str, Any]], request: Request) -> Response:
    """Only ``property`` is documented here (API contract, section 7.1)."""
    found = list(specs.values())
    for text in request.params("property"):
        match = _FILTER.fullmatch(text)
        if match is None:
            raise flow_error(1449, "Specs are found by id, name or providerId.")
        wanted = {value.strip().strip('"') for value in match.group(2).split(",")}
        found = [spec for spec in found if spec[match.group(1)] in wanted]
    return Response(body={"items": found, "_links": {}})


def _one(specs: dict[str, dict[str, Any]], request: Request) -> Response:
    spec = specs.get(request.args["id"])
    if spec is None:
        raise flow_error(1439, f"No spec {request.args['id'][:100]}.", status=404)
    return Response(body={"items": [spec]})


def list_connection_specs(_world: World, request: Request) -> Response:
    return _listed(connection_specs(), request)


def get_connection_spec(_world: World, request: Request) -> Response:
    return _one(connection_specs(), request)


def list_flow_specs(_world: World, request: Request) -> Response:
    return _listed(flow_specs(), request)


def get_flow_spec(_world: World, request: Request) -> Response:
    return _one(flow_specs(), request)


ROUTES = (
    Route("GET", f"{BASE}/connectionSpecs", list_connection_specs),
    Route("GET", f"{BASE}/connectionSpecs/{{id}}", get_connection_spec),
    Route("GET", f"{BASE}/flowSpecs", list_flow_specs),
    Route("GET", f"{BASE}/flowSpecs/{{id}}", get_flow_spec),
)
