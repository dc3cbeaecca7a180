"""Dataflows (API contract, sections 7.8 and 7.9)."""

from __future__ import annotations

from typing import Any

from flowsite.emulator import schedules
from flowsite.emulator.errors import flow_error
from flowsite.emulator.flow_service import entities, flow_rules
from flowsite.emulator.flow_service.entities import BASE, FLOW, Collection
from flowsite.emulator.flow_service.flow_rules import Parts, flow_spec_of
from flowsite.emulator.flow_service.schedule_rules import check_change
from flowsite.emulator.json_patch import apply_patch, read_patch
from flowsite.emulator.store import Stored
from flowsite.emulator.web import Request, Response, Route
from flowsite.emulator.world import World

_KEPT = (
    "name",
    "description",
    "flowSpec",
    "sourceConnectionIds",
    "targetConnectionIds",
    "transformations",
    "scheduleParams",
    "options",
    "labels",
)
_PATCHABLE = ("name", "description", "transformations", "scheduleParams", "options", "labels")
_SETTLED = ("enabled", "disabled", "initializing")


def check(world: World, request: Request, body: dict[str, Any]) -> None:
    flow_rules.check_flow(world, request.scope, body, flow_id=body.get("id"), new_start=True)


def view(_world: World, stored: Stored) -> dict[str, Any]:
    return stored.body


COLLECTION = Collection(FLOW, "flows", check, view)


def inherited(parts: Parts) -> dict[str, Any]:
    source, base, target = parts.source, parts.base, parts.target
    return {
        "properties": {"isSourceFlow": True, "isDestinationFlow": False},
        "sourceConnections": [
            {
                "id": source.id,
                "connectionSpec": source.body["connectionSpec"],
                "baseConnection": {
                    "id": base.id,
                    "connectionSpec": base.body["connectionSpec"],
                },
            }
        ],
        "targetConnections": [{"id": target.id, "connectionSpec": target.body["connectionSpec"]}],
    }


def last_operation(now_ms: int, name: str) -> dict[str, Any]:
    return {
        "started": now_ms,
        "updated": now_ms,
        "percentCompleted": 100,
        "operation": name,
        "status": {"value": "COMPLETED", "errors": []},
    }


def create_flow(world: World, request: Request) -> Response:
    body = entities.read_body(request)
    if "state" in body:
        raise flow_error(1410, "state must not be sent.")
    kept = {name: body[name] for name in _KEPT if name in body}
    kept["lastOperation"] = last_operation(world.clock.now_ms(), "create")
    if entities.is_draft(request):
        flow_spec_of(kept)
        entities.check_texts(kept, "name", "description")
        stored = entities.create(world, request, FLOW, kept, state="draft")
        return entities.created(stored, COLLECTION)
    parts = flow_rules.check_flow(world, request.scope, kept, flow_id=None, new_start=True)
    kept["inheritedAttributes"] = inherited(parts)
    stored = entities.create(
        world, request, FLOW, kept, state="enabled", hidden={"base": parts.base.id}
    )
    schedules.start(world, stored)
    return entities.created(stored, COLLECTION)


def list_flows(world: World, request: Request) -> Response:
    return entities.list_of(world, request, COLLECTION)


def get_flow(world: World, request: Request) -> Response:
    return entities.one_of(world, request, COLLECTION)


def patch_flow(world: World, request: Request) -> Response:
    stored = entities.find(world, request, FLOW)
    entities.check_etag(request, stored)
    state = stored.body["state"]
    if state in ("updating", "disabling", "enabling"):
        raise flow_error(1420, f"The dataflow is {state}.")
    if state not in (*_SETTLED, "draft"):
        raise flow_error(1416, f"A dataflow that is {state} can't be changed.")
    operations = read_patch(request)
    if state == "draft":
        ends = ("sourceConnectionIds", "targetConnectionIds")
        stored.body = apply_patch(stored.body, operations, (*_PATCHABLE, *ends))
        entities.check_texts(stored.body, "name", "description")
        entities.touch(world, request, stored)
        return entities.changed(stored)
    body = apply_patch(stored.body, operations, _PATCHABLE)
    flow_rules.check_flow(world, request.scope, body, flow_id=stored.id, new_start=False)
    old_schedule = stored.body.get("scheduleParams")
    if old_schedule is not None:
        check_change(old_schedule, body["scheduleParams"], world.clock.now_s())
    stored.body = body
    _begin(world, stored, "update")
    entities.touch(world, request, stored)
    if body.get("scheduleParams") != old_schedule:
        schedules.change(world, stored)
    return entities.changed(stored)


def _begin(world: World, stored: Stored, name: str) -> None:
    """The answer to a change means accepted; it settles later (API contract, section 7.9)."""
    now = world.clock.now_ms()
    stored.body["lastOperation"] = last_operation(now, name)
    delay_s = world.config.update_delay_s
    if not delay_s:
        return
    stored.hidden["settled_state"] = stored.body["state"]
    stored.hidden["settles_at"] = now + int(delay_s * 1000)
    stored.body["lastOperation"].update(
        percentCompleted=0, status={"value": "IN_PROGRESS", "errors": []}
    )
    stored.body["state"] = "updating"


def flow_action(world: World, request: Request) -> Response:
    op = entities.operation(request, "enable", "disable", "publish")
    stored = entities.find(world, request, FLOW)
    entities.check_etag(request, stored, required=False)
    if op == "publish":
        return _publish(world, request, stored)
    expected, wanted = ("disabled", "enabled") if op == "enable" else ("enabled", "disabled")
    if stored.body["state"] != expected:
        raise flow_error(1422, f"{op} isn't possible while {stored.body['state']}.")
    stored.body["state"] = wanted
    stored.body["lastOperation"] = last_operation(world.clock.now_ms(), "update")
    entities.touch(world, request, stored)
    if op == "enable":
        schedules.resume(world, stored)
    else:
        schedules.stop(world, stored)
    return entities.changed(stored)


def _publish(world: World, request: Request, stored: Stored) -> Response:
    if stored.body["state"] != "draft":
        raise flow_error(1422, "Only a draft can be published.")
    parts = flow_rules.check_flow(
        world, request.scope, stored.body, flow_id=stored.id, new_start=True
    )
    stored.body["state"] = "enabled"
    stored.body["inheritedAttributes"] = inherited(parts)
    stored.hidden["base"] = parts.base.id
    entities.touch(world, request, stored)
    schedules.start(world, stored)
    return entities.changed(stored)


def delete_flow(world: World, request: Request) -> Response:
    stored = entities.find(world, request, FLOW)
    schedules.remove(world, stored)
    world.store.delete(stored)
    return Response(204)


ROUTES = (
    Route("GET", f"{BASE}/flows", list_flows),
    Route("POST", f"{BASE}/flows", create_flow, writes=True),
    Route("GET", f"{BASE}/flows/{{id}}", get_flow),
    Route("PATCH", f"{BASE}/flows/{{id}}", patch_flow, writes=True),
    Route("DELETE", f"{BASE}/flows/{{id}}", delete_flow),
    Route("POST", f"{BASE}/flows/{{id}}/action", flow_action),
)
