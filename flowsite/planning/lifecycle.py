"""Small plans for what exists already: accounts, switching, schedules, mappings, runs, deletion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from pydantic import JsonValue

from flowsite.definitions.columns import Column
from flowsite.definitions.model import MappingRow, Schedule
from flowsite.definitions.problems import Problem
from flowsite.definitions.schedule import schedule_problems, start_problems
from flowsite.planning import bodies
from flowsite.planning.facts import Place, SpecRef
from flowsite.planning.places import DATA_PREP, FLOW_SERVICE
from flowsite.planning.plan import (
    Group,
    Line,
    Lookup,
    Operation,
    PlanKind,
    PlanPlace,
    Ref,
    SecretRef,
    Step,
    SubmissionPlan,
)
from flowsite.planning.summary import schedule_lines
from flowsite.planning.words import plan_place, shown
from flowsite.saying import say

TRANSFORMATION_PATH: Final = "/transformations/"
"""A patch names a transformation; its index is found when it is sent, as the order varies."""

_DELETE_SOURCE: Final[Operation] = "delete_source_connection"
_DELETE_TARGET: Final[Operation] = "delete_target_connection"

Ops = list[dict[str, JsonValue]]


def account_plan(
    *,
    name: str,
    description: str | None,
    spec: SpecRef,
    auth_spec: str | None,
    params: Mapping[str, JsonValue | SecretRef],
    key: str,
    place: Place,
) -> SubmissionPlan:
    """Create an account (base connection). Secrets among ``params`` are given as SecretRef.

    People choose accounts by name, so the name stays as typed and the description has the key.
    """
    body = bodies.connection_body(
        name=name,
        description=description,
        key=key,
        spec=spec,
        auth_spec=auth_spec,
        params=params,
    )
    step = Step(
        key="connection",
        operation="create_connection",
        method="POST",
        path=f"{FLOW_SERVICE}/connections",
        title=say("Create account {name}", name=shown(name)),
        body=body,
        key_field="description",
        lookup=Lookup(
            by="connection_description",
            match={"description": body["description"], "connectionSpec.id": spec.id},
        ),
    )
    return _plan("account", key, [step], place, [Line(label="Account", value=name)])


def switch_plan(
    flow_id: str, name: str, switch: Literal["enable", "disable"], *, key: str, place: Place
) -> SubmissionPlan:
    """Enable or disable a dataflow."""
    operation: Operation = "enable_flow" if switch == "enable" else "disable_flow"
    state = "enabled" if switch == "enable" else "disabled"
    step = Step(
        key=operation,
        operation=operation,
        method="POST",
        path=f"{FLOW_SERVICE}/flows/{flow_id}/action?op={switch}",
        title=say("Enable dataflow {name}", name=shown(name))
        if switch == "enable"
        else say("Disable dataflow {name}", name=shown(name)),
        lookup=Lookup(by="object", match={"state": state}),
        target_id=flow_id,
    )
    return _plan(switch, key, [step], place, [Line(label="Dataflow", value=name)])


def schedule_change_problems(current: Schedule, new: Schedule, now: datetime) -> list[Problem]:
    """What AEP would refuse: after the start, neither start nor backfill nor ``once`` can be set.

    Source: Flow Service errors 1366, 1403 and 1404.
    """
    found = schedule_problems(new)
    if current.frequency == "once" and new.recurring:
        text = say("A one-time dataflow cannot become recurring; clone it instead.")
        found.append(Problem("FLOW-1403", "schedule", "schedule.frequency", text))
    if current.start is None or current.start > now:
        return found + (start_problems(new, now) if new.start != current.start else [])
    if new.start != current.start:
        text = say("The dataflow has started; its start cannot be changed.")
        found.append(Problem("FLOW-1366", "schedule", "schedule.start", text))
    if current.recurring and not new.recurring:
        text = say("The dataflow has started; it cannot become a one-time one.")
        found.append(Problem("FLOW-1403", "schedule", "schedule.frequency", text))
    if current.recurring and new.recurring and new.backfills != current.backfills:
        text = say("The dataflow has started; backfill cannot be changed.")
        found.append(Problem("FLOW-1404", "schedule", "schedule.backfill", text))
    return found


def schedule_plan(
    flow_id: str, name: str, current: Schedule, new: Schedule, *, key: str, place: Place
) -> SubmissionPlan:
    """Edit the schedule: one PATCH of what differs. A plan without steps when nothing does."""
    ops = schedule_ops(current, new)
    step = Step(
        key="patch_schedule",
        operation="patch_schedule",
        method="PATCH",
        path=f"{FLOW_SERVICE}/flows/{flow_id}",
        title=say("Change the schedule of {name}", name=shown(name)),
        body=list(ops),
        lookup=Lookup(by="object", match={"scheduleParams": bodies.schedule_params(new)}),
        target_id=flow_id,
        needs_etag=True,
    )
    lines = [Line(label="Dataflow", value=name), *schedule_lines(new)]
    return _plan("schedule", key, [step] if ops else [], place, lines)


def schedule_ops(current: Schedule, new: Schedule) -> Ops:
    """The JSON Patch of ``scheduleParams``, with lower-case operations."""
    before, after = bodies.schedule_params(current), bodies.schedule_params(new)
    ops: Ops = []
    for field in ("startTime", "frequency", "interval", "backfill"):
        path = f"/scheduleParams/{field}"
        if field in after and after[field] != before.get(field):
            op = "replace" if field in before else "add"
            ops.append({"op": op, "path": path, "value": after[field]})
        elif field in before and field not in after:
            ops.append({"op": "remove", "path": path})
    return ops


def mapping_plan(
    flow_id: str,
    name: str,
    *,
    mapping_set_id: str,
    mapping_set_name: str,
    schema_id: str,
    rows: Iterable[MappingRow],
    columns: Sequence[Column],
    key: str,
    place: Place,
) -> SubmissionPlan:
    """Update the mapping: a new version of the mapping set, then the dataflow is pointed at it."""
    rows = list(rows)
    body = bodies.mapping_set_body(rows, columns, schema_id, name=mapping_set_name)
    replace = Step(
        key="mapping_set",
        operation="replace_mapping_set",
        method="PUT",
        path=f"{DATA_PREP}/mappingSets/{mapping_set_id}",
        title=say("Write a new version of the mapping set"),
        body=body,
        lookup=Lookup(by="object", match={"mappings": body["mappings"]}),
        target_id=mapping_set_id,
    )
    version = Ref("mapping_set", "version").as_json()
    value = bodies.mapping_transformation(mapping_set_id, version)
    patch = Step(
        key="patch_mapping",
        operation="patch_mapping",
        method="PATCH",
        path=f"{FLOW_SERVICE}/flows/{flow_id}",
        title=say("Use the new mapping in {name}", name=shown(name)),
        body=[{"op": "replace", "path": f"{TRANSFORMATION_PATH}Mapping", "value": value}],
        depends_on=("mapping_set",),
        lookup=Lookup(by="object", match={"transformations.Mapping": value}),
        target_id=flow_id,
        needs_etag=True,
    )
    lines = [
        Line(label="Dataflow", value=name),
        Line(label=say("Mapped fields"), value=str(len(rows))),
    ]
    return _plan("mapping", key, [replace, patch], place, lines)


def with_indexes(ops: Ops, transformations: Sequence[Mapping[str, object]]) -> Ops:
    """A patch as it is sent: ``/transformations/Mapping`` becomes ``/transformations/1``.

    Raises LookupError when the dataflow has no such transformation.
    """
    names = [str(one.get("name")) for one in transformations]
    result: Ops = []
    for op in ops:
        path = str(op["path"])
        name = path.removeprefix(TRANSFORMATION_PATH)
        if name != path and not name.isdigit():
            if name not in names:
                msg = say("The dataflow has no transformation called {name}.", name=name)
                raise LookupError(msg)
            path = f"{TRANSFORMATION_PATH}{names.index(name)}"
        result.append({**op, "path": path})
    return result


def run_plan(
    flow_id: str,
    name: str,
    *,
    start: datetime,
    window_start: datetime,
    window_end: datetime,
    delta_column: str | None,
    key: str,
    place: Place,
) -> SubmissionPlan:
    """Run a one-time dataflow on demand for a window of time. Moments are aware.

    ``delta_column`` is named in the first such run of a tabular dataflow and never changed later.
    Raises ValueError when the window ends before it begins (1381).
    """
    if window_end < window_start:
        msg = "The window ends before it begins."
        raise ValueError(msg)
    params: bodies.Body = {
        "startTime": int(start.timestamp()),
        "windowStartTime": int(window_start.timestamp()),
        "windowEndTime": int(window_end.timestamp()),
    }
    if delta_column is not None:
        params["deltaColumn"] = {"name": delta_column}
    step = Step(
        key="run",
        operation="create_run",
        method="POST",
        path=f"{FLOW_SERVICE}/runs",
        title=say("Run {name} on demand", name=shown(name)),
        body={"flowId": flow_id, "params": params},
        lookup=Lookup(by="newest_runs", match={"flowId": flow_id, "params": params}),
        target_id=flow_id,
    )
    window = f"{window_start:%Y-%m-%d %H:%M} to {window_end:%Y-%m-%d %H:%M}"
    lines = [Line(label="Dataflow", value=name), Line(label="Window", value=window)]
    return _plan("run", key, [step], place, lines)


def retry_plan(run_id: str, flow_id: str, name: str, *, key: str, place: Place) -> SubmissionPlan:
    """Retry a failed run with its own window."""
    step = Step(
        key="retry_run",
        operation="retry_run",
        method="POST",
        path=f"{FLOW_SERVICE}/runs/{run_id}/action?op=re-trigger",
        title=say("Retry a run of {name}", name=shown(name)),
        lookup=Lookup(by="newest_runs", match={"flowId": flow_id}),
        target_id=run_id,
    )
    lines = [Line(label="Dataflow", value=name), Line(label=say("Dataflow run"), value=run_id)]
    return _plan("retry", key, [step], place, lines)


def delete_plan(
    flow_id: str,
    name: str,
    *,
    source_connection_ids: Sequence[str],
    target_connection_ids: Sequence[str],
    key: str,
    place: Place,
) -> SubmissionPlan:
    """Delete a dataflow, then its source and target connections. The account stays."""
    flow = _removal("flow", "delete_flow", f"flows/{flow_id}", f"dataflow {shown(name)}", flow_id)
    steps = [flow]
    for kind, operation, collection, ids in (
        ("source_connection", _DELETE_SOURCE, "sourceConnections", source_connection_ids),
        ("target_connection", _DELETE_TARGET, "targetConnections", target_connection_ids),
    ):
        for number, one in enumerate(ids):
            step_key = kind if number == 0 else f"{kind}_{number + 1}"
            step = _removal(step_key, operation, f"{collection}/{one}", kind.replace("_", " "), one)
            steps.append(step.model_copy(update={"depends_on": ("flow",)}))
    left = (say("The dataset and its data"), say("The schema"), say("The mapping set"))
    plan = _plan("delete", key, steps, place, [Line(label="Dataflow", value=name)])
    return plan.model_copy(update={"left_behind": left})


def _removal(key: str, operation: Operation, path: str, words: str, target_id: str) -> Step:
    return Step(
        key=key,
        operation=operation,
        method="DELETE",
        path=f"{FLOW_SERVICE}/{path}",
        title=say("Delete {what}", what=words),
        lookup=Lookup(by="object", match={}),
        target_id=target_id,
    )


def _plan(
    kind: PlanKind, key: str, steps: Sequence[Step], place: Place, lines: Sequence[Line]
) -> SubmissionPlan:
    group = Group(title=say("What changes"), step="review", lines=tuple(lines))
    where: PlanPlace = plan_place(place)
    return SubmissionPlan(key=key, kind=kind, steps=tuple(steps), summary=(group,), place=where)
