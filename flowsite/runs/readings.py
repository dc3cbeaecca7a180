"""From the client's ``Flow`` and ``Run`` to the columns of our rows. No database, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from flowsite.aep.flow_service import Activity, Flow, Run
from flowsite.aep.reading import as_objects, as_text, dig
from flowsite.runs.models import FlowState

#: Streaming flow specs: their flows never have runs. Source: API contract, section 7.7.
STREAMING_SPECS: Final = frozenset(
    {"d69717ba-71b4-4313-b654-49f9cf126d7a", "c1a19761-d2c7-4702-b9fa-fe91f0613e81"}
)
_STATES: Final = {
    "enabled": FlowState.ENABLED,
    "disabled": FlowState.DISABLED,
    "draft": FlowState.DRAFT,
    "error": FlowState.ERROR,
    "failed": FlowState.ERROR,
}
LONGEST_MESSAGE: Final = 2000
MOST_ERRORS: Final = 50


def flow_state(raw: str) -> FlowState:
    """The state shown. Everything that AEP is still doing, or that is new to us, is Processing."""
    return _STATES.get(raw.strip().lower(), FlowState.PROCESSING)


def is_ours(flow: Flow) -> bool:
    """Whether a flow brings data in; destinations share AEP's lists."""
    if flow.is_source_flow is not None:
        return flow.is_source_flow
    destination = dig(flow.inherited_attributes, "properties", "isDestinationFlow")
    return as_text(destination).lower() != "true"


def flow_values(flow: Flow) -> dict[str, Any]:
    """Columns of ``Dataflow`` that AEP decides."""
    return {
        "name": (flow.name or flow.id)[:300],
        "description": flow.description,
        "state": flow_state(flow.state_raw),
        "raw_state": flow.state_raw[:60],
        "etag": flow.etag[:200],
        "flow_spec_id": flow.flow_spec_id[:100],
        "source_connection_id": _first(flow.source_connection_ids),
        "target_connection_id": _first(flow.target_connection_ids),
        "mapping_set_id": flow.mapping_set_id[:100],
        "mapping_version": flow.mapping_version,
        "delta_column": _delta_column(flow)[:300],
        "schedule": flow.schedule_params,
        "options": flow.options,
        "created_at": flow.created_at,
        "updated_at": flow.updated_at,
        "created_client": flow.created_client[:100],
        "updated_client": flow.updated_client[:100],
        "runs_supported": flow.flow_spec_id not in STREAMING_SPECS,
        **_known(
            connection_id=flow.connection_id[:100], connection_spec_id=flow.connection_spec_id[:100]
        ),
    }


def run_values(run: Run) -> dict[str, Any]:
    """Columns of ``FlowRun`` that AEP decides; counters that it doesn't know are None."""
    errors = [
        {
            "code": error.code[:60],
            "message": error.message[:LONGEST_MESSAGE],
            "count": error.count,
            "activity": error.activity,
        }
        for error in run.errors[:MOST_ERRORS]
    ]
    return {
        "state": run.run_state,
        "raw_state": run.state_raw[:60],
        "at": run_time(run),
        "started_at": run.started_at,
        "ended_at": run.completed_at if run.is_finished else None,
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "window_start": run.window_start,
        "window_end": run.window_end,
        "received": run.input_records,
        "ingested": run.output_records,
        "failed": run.failed_records,
        "skipped": run.skipped_records,
        "deleted": run.deleted_records,
        "input_bytes": run.input_bytes,
        "output_bytes": run.output_bytes,
        "input_files": run.input_files,
        "output_files": run.output_files,
        "error_code": next((error["code"] for error in errors if error["code"]), ""),
        "errors": errors,
        "activities": [_activity(activity) for activity in run.activities],
        "batch_ids": [batch[:100] for batch in run.batch_ids],
        "parent_run_id": run.parent_run_id[:100],
    }


def run_time(run: Run) -> datetime:
    """When it started, or else was made. A run without any time stands at the epoch: kept, last."""
    found = run.started_at or run.created_at or run.updated_at or run.completed_at
    return found or datetime.fromtimestamp(0, UTC)


def _activity(activity: Activity) -> dict[str, Any]:
    values = activity.model_dump(mode="json", exclude_none=True, exclude={"errors", "state_raw"})
    return {**values, "state": activity.state_raw}


def _delta_column(flow: Flow) -> str:
    index = flow.transformation_index("Copy")
    if index is None:
        return ""
    return as_text(dig(flow.transformations[index], "params", "deltaColumn", "name"))


def source_object(params: Mapping[str, Any]) -> str:
    """What a source connection reads: its table, resource or path."""
    for name in ("tableName", "resourcePath", "path"):
        if text := as_text(params.get(name)):
            return text[:500]
    paths = as_objects(params.get("paths"))
    return as_text(paths[0].get("path"))[:500] if paths else ""


def _first(ids: tuple[str, ...]) -> str:
    return ids[0][:100] if ids else ""


def _known(**values: str) -> dict[str, str]:
    """Only what AEP told: an answer without it must not wipe what is known."""
    return {name: value for name, value in values.items() if value}


RUN_COLUMNS: Final = tuple(run_values(Run()))
