"""Runs as Flow Service shows and starts them (API contract, section 8)."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from flowsite.emulator import jsonschemas, run_log
from flowsite.emulator.errors import flow_error
from flowsite.emulator.flow_service import entities, flow_rules, listing, spec_schemas
from flowsite.emulator.flow_service.entities import BASE, FLOW, SOURCE_CONNECTION
from flowsite.emulator.flow_service.filters import Fields, Sql, conditions
from flowsite.emulator.flow_service.specs import flow_specs
from flowsite.emulator.store import Stored
from flowsite.emulator.web import Request, Response, Route
from flowsite.emulator.world import World

_SUMMARY = "metrics.recordSummary."
_STARTED = "metrics.durationSummary.startedAtUTC"
#: So many runs are quicker sorted than sought.
_FEW = 20_000
_FIELDS = Fields(
    columns={
        "id": "id",
        "flowId": "flow_id",
        "state": "status",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
        "flowSpec.id": "json_extract(detail, '$.spec.id')",
        "metrics.statusSummary.status": "status",
        _STARTED: "started_at",
        "metrics.durationSummary.completedAtUTC": "completed_at",
        f"{_SUMMARY}inputRecordCount": "json_extract(detail, '$.read')",
        f"{_SUMMARY}outputRecordCount": "json_extract(detail, '$.written')",
        f"{_SUMMARY}failedRecordCount": "json_extract(detail, '$.failed')",
    },
    nullable=frozenset(
        {
            "flowSpec.id",
            _STARTED,
            "metrics.durationSummary.completedAtUTC",
            f"{_SUMMARY}inputRecordCount",
            f"{_SUMMARY}outputRecordCount",
            f"{_SUMMARY}failedRecordCount",
        }
    ),
)
_MAX_EPOCH_S = 10**11


def list_runs(world: World, request: Request) -> Response:
    seen_until = world.clock.now_ms() - int(world.config.list_delay_s * 1000)
    page = listing.page(
        world,
        request,
        table=f"runs {_index(world, request)}",
        where=Sql("org = ? AND sandbox = ? AND created_at <= ?", (*request.scope, seen_until)),
        fields=_FIELDS,
        default_order="-createdAt",
    )
    if page.count is not None:
        return Response(body={"count": page.count})
    items = [run_log.view(row, request.base_url) for row in page.rows]
    return Response(body={"items": items, "_links": page.links})


def _index(world: World, request: Request) -> str:
    """Which index finds the runs; empty leaves it to SQLite, which prefers the one that
    already lies in the order asked for and then reads a million runs to find a few."""
    filters = request.params("property")
    if any(text.startswith("id==") for text in filters):
        return "INDEXED BY runs_id"
    times = [text for text in filters if text.startswith((f"{_STARTED}>", f"{_STARTED}<"))]
    if not times:
        return ""
    tests = conditions(_FIELDS, times)
    few = world.store.value(
        "SELECT count(*) FROM (SELECT 1 FROM runs INDEXED BY runs_started"
        f" WHERE org = ? AND sandbox = ? AND {' AND '.join(test.text for test in tests)} LIMIT ?)",
        (*request.scope, *(value for test in tests for value in test.params), _FEW + 1),
    )
    return "INDEXED BY runs_started" if few <= _FEW else ""


def _own(world: World, request: Request) -> sqlite3.Row:
    row = world.store.row(
        "SELECT * FROM runs WHERE id = ? AND org = ? AND sandbox = ?",
        (request.args["id"], *request.scope),
    )
    if row is None:
        raise flow_error(1439, f"The run {request.args['id'][:100]} wasn't found.", status=404)
    return row


def get_run(world: World, request: Request) -> Response:
    view = run_log.view(_own(world, request), request.base_url)
    return Response(body={"items": [view]})


def _answer(world: World, run_id: str) -> dict[str, Any]:
    etag = world.store.value("SELECT etag FROM runs WHERE id = ?", (run_id,))
    return {"id": run_id, "etag": etag}


# --- On demand ---------------------------------------------------------------------------------


def create_run(world: World, request: Request) -> Response:
    """On demand: only for batch dataflows with frequency ``once`` (API contract, section 8.5)."""
    body = entities.read_body(request)
    entities.require(body, "flowId", "params")
    flow = entities.referenced(
        world, request.scope, FLOW, body["flowId"], code=1430, where="flowId"
    )
    schedule = flow.body.get("scheduleParams")
    if schedule is None or schedule.get("frequency") != "once":
        raise flow_error(1386, "Only a dataflow with the frequency once runs on demand.")
    if flow.body["state"] != "enabled":
        raise flow_error(1387, "The dataflow isn't enabled.")
    params = entities.as_object(body["params"], "params")
    _check_params(world, flow, params)
    window_s = (float(params["windowStartTime"]), float(params["windowEndTime"]))
    run_id = run_log.create(
        world,
        flow,
        window_s=window_s,
        kind="onDemand",
        params=params,
        due_s=float(params["startTime"]),
    )
    return Response(
        201, {"items": [_answer(world, run_id)]}, headers={"Location": f"{BASE}/runs/{run_id}"}
    )


def _check_params(world: World, flow: Stored, params: dict[str, Any]) -> None:
    spec = flow_specs()[flow.body["flowSpec"]["id"]]
    schema = {**spec["runSpec"]["spec"]}
    # The delta column is asked for by its own rule, which knows the first run from later ones.
    schema["required"] = [name for name in schema["required"] if name != "deltaColumn"]
    found = jsonschemas.problems(schema, params, "params")
    if found:
        raise flow_error(1380, "; ".join(found))
    times = ("startTime", "windowStartTime", "windowEndTime")
    if not all(0 <= params[name] < _MAX_EPOCH_S for name in times):
        raise flow_error(1380, "Times are in epoch seconds.")
    if params["windowEndTime"] < params["windowStartTime"]:
        raise flow_error(1381, "windowEndTime lies before windowStartTime.")
    if spec["id"] == spec_schemas.CRM_TO_AEP:
        _check_delta(world, flow, params)


def _check_delta(world: World, flow: Stored, params: dict[str, Any]) -> None:
    """The first run names the delta column; it is kept in the dataflow's Copy."""
    given = params.get("deltaColumn")
    known = (flow_rules.transformation(flow.body, "Copy") or {}).get("deltaColumn")
    if known is not None:
        if given is not None and given["name"] != known["name"]:
            raise flow_error(1382, f"The delta column is {known['name']}.")
        return
    if given is None:
        raise flow_error(1383, "The first run must name the delta column.")
    source = world.store.get(SOURCE_CONNECTION, flow.scope, flow.body["sourceConnectionIds"][0])
    if source is None:
        raise flow_error(1323, "The source connection was deleted.")
    flow_rules.check_delta_column(given, source)
    flow.body["transformations"].insert(0, {"name": "Copy", "params": {"deltaColumn": given}})
    flow.hidden["delta_by_run"] = True
    world.store.save(flow)


# --- Retry -------------------------------------------------------------------------------------


def run_action(world: World, request: Request) -> Response:
    """A new run over the window of a failed one, at each call (API contract, section 8.4)."""
    op = (request.param("op") or "").lower().replace("_", "-")
    if op != "re-trigger":
        raise flow_error(1401, "The run action must be re-trigger.")
    row = _own(world, request)
    detail = json.loads(row["detail"])
    empty = row["status"] == "success" and detail.get("read") == 0
    if row["status"] != "failed" and not empty:
        raise flow_error(1388, "Only a failed run, or one without records, can be retried.")
    flow = world.store.get(FLOW, request.scope, row["flow_id"])
    if flow is None or flow.body["state"] != "enabled":
        raise flow_error(1387, "The dataflow isn't enabled.")
    start, end = detail["window"]
    run_id = run_log.create(
        world,
        flow,
        window_s=(start / 1000, end / 1000),
        kind="retry",
        params=detail.get("params"),
    )
    return Response(200, _answer(world, run_id))


ROUTES = (
    Route("GET", f"{BASE}/runs", list_runs),
    Route("POST", f"{BASE}/runs", create_run, writes=True),
    Route("GET", f"{BASE}/runs/{{id}}", get_run),
    Route("POST", f"{BASE}/runs/{{id}}/action", run_action),
)
