"""Plans for what was asked of a dataflow that exists, from what AEP says about it now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from flowsite.aep.errors import NotFound
from flowsite.aep.flow_service.flows import Flow
from flowsite.aep.platform import Platform
from flowsite.definitions.columns import Column, columns_from_flat
from flowsite.definitions.mapping_rules import mapping_problems, resolve_mapping
from flowsite.definitions.model import MappingRow, Schedule
from flowsite.definitions.problems import Problem, errors_of
from flowsite.definitions.schedule import interval
from flowsite.planning import lifecycle as plans
from flowsite.planning.facts import Facts, Place
from flowsite.planning.plan import Lookup, SubmissionPlan
from flowsite.runs.models import Dataflow
from flowsite.saying import say
from flowsite.submissions.changes import newest_version
from flowsite.submissions.models import Kind, Submission
from flowsite.submissions.orphans import cleanup_plan, find_orphans
from flowsite.submissions.reading import Unresolved, reading, unresolved
from flowsite.submissions.resolve import place_of
from flowsite.submissions.targets import read_schema


def plan_for(submission: Submission, platform: Platform) -> SubmissionPlan:
    """Reads the dataflow and plans. Raises Unresolved, AepError."""
    if submission.kind == Kind.CLEANUP:
        return _cleanup(submission, platform)
    dataflow = submission.dataflow
    if dataflow is None:
        raise unresolved("gone", "review", "", say("The dataflow is no longer known here."))
    if submission.kind == Kind.DELETE:
        return _delete(submission, dataflow, platform)
    with reading("review", ""):
        flow = _flow(platform, dataflow.flow_id)
        return PLANNERS[submission.kind](submission, flow, platform)


def schedule_of(flow: Flow) -> Schedule:
    """``scheduleParams`` as a document says it."""
    params = flow.schedule_params
    start = params.get("startTime")
    frequency = params.get("frequency") or "once"
    recurring = frequency != "once"
    return Schedule(
        frequency=frequency,
        interval=params.get("interval") if recurring else None,
        start=datetime.fromtimestamp(start, UTC) if isinstance(start, int) else None,
        backfill=bool(params.get("backfill", True)) if recurring else None,
    )


def _flow(platform: Platform, flow_id: str) -> Flow:
    try:
        return platform.flow_service.flow(flow_id)
    except NotFound as error:
        text = say("AEP doesn't find the dataflow: it was deleted, or an access label hides it.")
        raise unresolved(error.code or "not-found", "review", "", text) from error


def _place(submission: Submission) -> Place:
    return place_of(submission.credential, submission.sandbox)


def _enable(submission: Submission, flow: Flow, _platform: Platform) -> SubmissionPlan:
    place = _place(submission)
    return plans.switch_plan(flow.id, flow.name, "enable", key=submission.key, place=place)


def _disable(submission: Submission, flow: Flow, _platform: Platform) -> SubmissionPlan:
    place = _place(submission)
    return plans.switch_plan(flow.id, flow.name, "disable", key=submission.key, place=place)


def _schedule(submission: Submission, flow: Flow, _platform: Platform) -> SubmissionPlan:
    current = schedule_of(flow)
    asked = Schedule.model_validate(submission.params["schedule"])
    new = current.model_copy(
        update={
            "frequency": asked.frequency,
            "interval": asked.interval,
            "start": asked.start or current.start,
            "backfill": current.backfill if asked.backfill is None else asked.backfill,
        }
    )
    problems = plans.schedule_change_problems(current, new, timezone.now())
    if blocking := errors_of(problems):
        raise Unresolved(blocking)
    return plans.schedule_plan(
        flow.id, flow.name, current, new, key=submission.key, place=_place(submission)
    )


def _mapping(submission: Submission, flow: Flow, platform: Platform) -> SubmissionPlan:
    if not flow.mapping_set_id or not flow.target_connection_ids:
        raise unresolved("FLOW-1370", "mapping", "mapping", say("The dataflow has no mapping set."))
    target = platform.flow_service.target_connection(flow.target_connection_ids[0])
    schema = read_schema(platform, target.schema_id)
    columns = _columns(submission, flow, platform)
    asked = tuple(MappingRow.model_validate(row) for row in submission.params["mapping"])
    tenant_id = platform.registry.tenant_id()
    rows = resolve_mapping(asked, columns, schema.fields, tenant_id=tenant_id)
    if blocking := errors_of(mapping_problems(rows, columns, schema.fields)):
        raise Unresolved(blocking)
    version = newest_version(platform, flow.mapping_set_id)
    mapping_set = platform.data_prep.mapping_set(flow.mapping_set_id, version)
    plan = plans.mapping_plan(
        flow.id,
        flow.name,
        mapping_set_id=flow.mapping_set_id,
        mapping_set_name=mapping_set.name,
        schema_id=schema.id,
        rows=rows,
        columns=columns,
        key=submission.key,
        place=_place(submission),
    )
    _check(plan.steps[0].body, platform)
    return plan


def _check(body: Any, platform: Platform) -> None:
    """AEP's own validation, before anything is written."""
    checks = platform.data_prep.validate(body)
    wrong = [
        Problem("mapping-refused", "mapping", f"mapping[{index}]", "; ".join(check.errors))
        for index, check in enumerate(checks)
        if not check.ok
    ]
    if wrong:
        raise Unresolved(wrong)


def _columns(submission: Submission, flow: Flow, platform: Platform) -> tuple[Column, ...]:
    """As explored when the dataflow was made, else as its source connection lists them."""
    if submission.dataflow is not None and submission.dataflow.facts:
        return Facts.model_validate(submission.dataflow.facts).columns
    if not flow.source_connection_ids:
        return ()
    source = platform.flow_service.source_connection(flow.source_connection_ids[0])
    return tuple(columns_from_flat(source.params.get("columns") or ()))


def _run(submission: Submission, flow: Flow, _platform: Platform) -> SubmissionPlan:
    if flow.schedule_params.get("frequency") != "once":
        text = say("Only a one-time dataflow can be run on demand.")
        raise unresolved("FLOW-1386", "schedule", "schedule", text)
    params = submission.params
    try:
        return plans.run_plan(
            flow.id,
            flow.name,
            start=timezone.now(),
            window_start=datetime.fromisoformat(params["window_start"]),
            window_end=datetime.fromisoformat(params["window_end"]),
            delta_column=params.get("delta_column") or None,
            key=submission.key,
            place=_place(submission),
        )
    except ValueError as error:
        raise unresolved("FLOW-1381", "schedule", "schedule", str(error)) from error


def _retry(submission: Submission, flow: Flow, platform: Platform) -> SubmissionPlan:
    run = platform.flow_service.run(submission.params["run_id"])
    if flow.state != "enabled":
        text = say(
            "The dataflow is {state}; only an enabled dataflow's runs can be retried.",
            state=flow.state,
        )
        raise unresolved("FLOW-1388", "review", "", text)
    if run.run_state != "failed" and not (run.run_state == "success" and run.input_records == 0):
        text = say("Only a failed run can be retried, or one that received no records.")
        raise unresolved("FLOW-1387", "review", "", text)
    plan = plans.retry_plan(
        run.id, flow.id, flow.name, key=submission.key, place=_place(submission)
    )
    window = {
        name: int(moment.timestamp()) if moment else None
        for name, moment in (
            ("windowStartTime", run.window_start),
            ("windowEndTime", run.window_end),
        )
    }
    length = interval(schedule_of(flow))
    schedule = {
        "startTime": flow.schedule_params.get("startTime"),
        "interval_s": length.total_seconds() if length else None,
    }
    match = {"flowId": flow.id, "params": window, "not": run.id, "schedule": schedule}
    step = plan.steps[0].model_copy(update={"lookup": Lookup(by="newest_runs", match=match)})
    return plan.model_copy(update={"steps": (step,)})


def _delete(submission: Submission, dataflow: Dataflow, platform: Platform) -> SubmissionPlan:
    """What the flow is made of as AEP says it, or as we last saw it if it is gone already."""
    sources, targets = (dataflow.source_connection_id,), (dataflow.target_connection_id,)
    with reading("review", ""):
        try:
            flow = platform.flow_service.flow(dataflow.flow_id)
        except NotFound:
            pass
        else:
            sources = flow.source_connection_ids or sources  # type: ignore[assignment]
            targets = flow.target_connection_ids or targets  # type: ignore[assignment]
    return plans.delete_plan(
        dataflow.flow_id,
        dataflow.name,
        source_connection_ids=[one for one in sources if one],
        target_connection_ids=[one for one in targets if one],
        key=submission.key,
        place=_place(submission),
    )


def _cleanup(submission: Submission, platform: Platform) -> SubmissionPlan:
    """Looks again: what has been put to use since stays."""
    with reading("review", ""):
        orphans = find_orphans(platform, submission.sandbox)
    wanted = frozenset(submission.params["ids"])
    plan = cleanup_plan(orphans, wanted, submission.key, _place(submission))
    if not plan.steps:
        raise unresolved(
            "nothing-to-do", "review", "", say("None of these can be removed any more.")
        )
    return plan


PLANNERS: dict[str, Callable[[Submission, Flow, Platform], SubmissionPlan]] = {
    Kind.ENABLE: _enable,
    Kind.DISABLE: _disable,
    Kind.SCHEDULE: _schedule,
    Kind.MAPPING: _mapping,
    Kind.RUN: _run,
    Kind.RETRY: _retry,
}
