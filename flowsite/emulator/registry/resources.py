"""Reading resources: lists, look-ups and the organisation's statistics."""

from __future__ import annotations

import re
from typing import Any

from flowsite.emulator.errors import ApiError, registry_error
from flowsite.emulator.registry import BASE, DESCRIPTORS, KINDS, accept, resolve, standard
from flowsite.emulator.web import Request, Response, Route
from flowsite.emulator.world import World

_FILTER = re.compile(r"\s*([\w:$.@-]+?)\s*(==|!=|<=|>=|<|>)(.*)", re.DOTALL)
_ALIASES = {"mixins": "fieldgroups"}
#: Without paging at most this many come back (API contract, section 1.5).
UNPAGED_MAX = 300


#: The kinds in a route's template, the old name of field groups among them.
KIND = f"{{kind:{'|'.join((*KINDS, *_ALIASES))}}}"
_CONTAINER = "{container:global|tenant}"


def kind_of(request: Request) -> str:
    return _ALIASES.get(request.args["kind"], request.args["kind"])


def not_found(resource_id: str) -> ApiError:
    return registry_error(
        1010, "Resource not found", f"No resource {resource_id[:200]}.", status=404
    )


def list_resources(world: World, request: Request) -> Response:
    kind, container = kind_of(request), request.args["container"]
    form = accept.list_form(request)
    found = _all(world, request, kind, container)
    found = [item for item in found if all(_passes(item, test) for test in _tests(request))]
    page, links = _page(world, request, found)
    if form == "xed-id":
        short = ("$id", "meta:altId", "version", "title")
        page = [{key: item[key] for key in short} for item in page]
    order, following = request.param("orderby"), links.pop("_next", None)
    return Response(
        body={
            "results": page,
            "_page": {"orderby": order or "updated", "next": following, "count": len(page)},
            "_links": {
                **links,
                "global_schemas": {"href": f"{request.base_url}{BASE}/global/schemas"},
            },
        }
    )


def _all(world: World, request: Request, kind: str, container: str) -> list[dict[str, Any]]:
    if container == "global":
        return [item for item in standard.resources().values() if item["meta:resourceType"] == kind]
    seen_until = world.clock.now_ms() - int(world.config.list_delay_s * 1000)
    titles = [test[2] for test in _tests(request) if test[0] == "title" and test[1] == "=="]
    where = "created_at <= ?"
    params: list[Any] = [seen_until]
    if titles:
        where, params = f"{where} AND name = ?", [seen_until, titles[0]]
    return [stored.body for stored in world.store.find(kind, request.scope, where, params)]


def _tests(request: Request) -> list[tuple[str, str, str]]:
    tests = []
    for text in request.params("property"):
        match = _FILTER.fullmatch(text)
        if match:
            tests.append((match.group(1), match.group(2), match.group(3).strip().strip('"')))
        else:
            tests.append((text.strip(), "exists", ""))
    return tests


def _passes(item: dict[str, Any], test: tuple[str, str, str]) -> bool:
    path, operator, wanted = test
    value: Any = item.get(path)
    if value is None and "." in path:
        value = item
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    if operator == "exists":
        return value is not None
    values = [str(entry) for entry in (value if isinstance(value, list) else [value])]
    if operator == "==":
        return value is not None and wanted in values
    if operator == "!=":
        return wanted not in values
    if value is None:
        return False
    compare = {"<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}[operator]
    return any(getattr(entry, compare)(wanted) for entry in values)


def _page(
    world: World, request: Request, found: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    order = request.param("orderby")
    if order is None:
        if request.param("limit") is not None or request.param("start") is not None:
            raise registry_error(1011, "Bad request", "limit and start need orderby.")
        return found[:UNPAGED_MAX], {}
    keys = [key.strip() for key in order.split(",") if key.strip()]
    if not keys:
        raise registry_error(1011, "Bad request", "orderby is empty.")
    for key in reversed(keys):
        found = sorted(found, key=lambda item: _sort_value(item, key), reverse=key.startswith("-"))
    first = keys[0]
    start = request.param("start")
    if start:
        found = [item for item in found if _beyond(_sort_value(item, first), start, first)]
    limit = min(_limit(request), world.config.registry_page_max)
    page = found[:limit]
    # Equal sort values aren't cut at a page border: the page grows instead.
    while page and len(page) < len(found):
        if _sort_value(found[len(page)], first) != _sort_value(page[-1], first):
            break
        page.append(found[len(page)])
    if len(page) == len(found):
        return page, {}
    following = _sort_value(page[-1], first)
    href = f"/{request.args['container']}/{request.args['kind']}?orderby={order}&start={following}"
    return page, {"_next": following, "next": {"href": href}}


def _limit(request: Request) -> int:
    text = request.param("limit")
    if text is None:
        return UNPAGED_MAX
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= 500):
        raise registry_error(1011, "Bad request", "limit is a number from 0 to 500.")
    return int(text) or UNPAGED_MAX


def _sort_value(item: dict[str, Any], key: str) -> str:
    value = item.get(key.removeprefix("-"))
    return "" if value is None else str(value)


def _beyond(value: str, start: str, key: str) -> bool:
    return value < start if key.startswith("-") else value > start


def get_resource(world: World, request: Request) -> Response:
    kind, container = kind_of(request), request.args["container"]
    form = accept.lookup_form(request)
    resource = resolve.find(world, request.scope, request.args["id"])
    if (
        resource is None
        or resource["meta:resourceType"] != kind
        or resource["meta:containerId"] != container
    ):
        raise not_found(request.args["id"])
    if not form.startswith("xed-full"):
        return Response(body=resource)
    result = resolve.full(world, request.scope, resource)
    if form == "xed-full-desc":
        result["meta:descriptors"] = [
            stored.body
            for stored in world.store.find(
                DESCRIPTORS,
                request.scope,
                "json_extract(body, '$.\"xdm:sourceSchema\"') = ?",
                (resource["$id"],),
            )
        ]
    return Response(body=result)


def stats(world: World, request: Request) -> Response:
    counts = {kind: world.store.count(kind, request.scope) for kind in (*KINDS, DESCRIPTORS)}
    newest = world.store.find(
        "schemas",
        request.scope,
        "seq IN (SELECT seq FROM objects WHERE kind = 'schemas' AND org = ? AND sandbox = ?"
        " ORDER BY created_at DESC LIMIT 5)",
        request.scope,
    )
    recent = [
        {"title": stored.name, "$id": stored.body["$id"], "meta:altId": stored.id}
        for stored in reversed(newest)
    ]
    return Response(
        body={
            "imsOrg": request.scope.org,
            "tenantId": world.tenant(request.scope),
            "counts": {
                "schemas": counts["schemas"],
                "mixins": counts["fieldgroups"],
                "datatypes": counts["datatypes"],
                "classes": counts["classes"],
                "descriptors": counts["descriptors"],
                "unions": 0,
            },
            "recentlyCreatedResources": recent,
            "recentlyUpdatedResources": recent,
            "classUsage": {},
        }
    )


ROUTES = (
    Route("GET", f"{BASE}/stats", stats),
    Route("GET", f"{BASE}/{_CONTAINER}/{KIND}", list_resources),
    Route("GET", f"{BASE}/{_CONTAINER}/{KIND}/{{id*}}", get_resource),
)
