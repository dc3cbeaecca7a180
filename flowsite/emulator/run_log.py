"""Runs as rows: creating, finishing, and how a run looks (API contract, section 8.1)."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from flowsite.emulator.execution import NO_DIAGNOSTICS, Outcome
from flowsite.emulator.flow_service.entities import FLOW
from flowsite.emulator.ids import new_etag, new_uuid
from flowsite.emulator.store import Stored
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World

EXPORT = "/data/foundation/export"
OPEN = ("scheduled", "queued", "inProgress")


def has_open_run(world: World, flow_id: str) -> bool:
    return bool(
        world.store.value(
            "SELECT 1 FROM runs WHERE flow_id = ? AND due_at IS NOT NULL LIMIT 1", (flow_id,)
        )
    )


def create(
    world: World,
    flow: Stored,
    *,
    window_s: tuple[float, float],
    kind: str,
    params: dict[str, Any] | None = None,
    due_s: float | None = None,
) -> str:
    """``kind`` is scheduled, onDemand or retry; the run's id."""
    now_ms = world.clock.now_ms()
    later = due_s is not None and due_s > world.clock.now_s()
    starts_s = due_s if later and due_s else world.clock.now_s() + world.config.queued_s
    detail = {
        "spec": flow.body["flowSpec"],
        "source": flow.body["sourceConnectionIds"][0],
        "target": flow.body["targetConnectionIds"][0],
        "kind": kind,
        "window": [int(window_s[0] * 1000), int(window_s[1] * 1000)],
    }
    if params:
        detail["params"] = params
    run_id = new_uuid()
    insert(
        world,
        run_id,
        flow.scope,
        flow.id,
        status="scheduled" if later else "queued",
        created_ms=now_ms,
        updated_ms=now_ms,
        due_s=starts_s,
        detail=detail,
    )
    return run_id


def insert(
    world: World,
    run_id: str,
    scope: Scope,
    flow_id: str,
    *,
    status: str,
    created_ms: int,
    updated_ms: int,
    detail: dict[str, Any],
    due_s: float | None = None,
    started_ms: int | None = None,
    completed_ms: int | None = None,
) -> None:
    world.store.execute(
        "INSERT INTO runs (id, org, sandbox, flow_id, status, created_at, updated_at, started_at,"
        " completed_at, due_at, etag, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run_id,
            *scope,
            flow_id,
            status,
            created_ms,
            updated_ms,
            started_ms,
            completed_ms,
            due_s,
            new_etag(),
            json.dumps(detail, separators=(",", ":")),
        ),
    )


def finish(
    world: World,
    row: sqlite3.Row,
    detail: dict[str, Any],
    outcome: Outcome,
    batch_id: str | None,
    now_ms: int,
) -> None:
    detail.update(outcome_detail(outcome), batch=batch_id)
    status = "failed" if outcome.stage else "success"
    world.store.execute(
        "UPDATE runs SET status = ?, completed_at = ?, updated_at = ?, due_at = NULL, etag = ?,"
        " detail = ? WHERE id = ?",
        (
            status,
            now_ms,
            now_ms,
            new_etag(),
            json.dumps(detail, separators=(",", ":")),
            row["id"],
        ),
    )
    flow = world.store.get(FLOW, Scope(row["org"], row["sandbox"]), row["flow_id"])
    if flow is not None:
        set_last_run(flow, row["id"], status, row["started_at"], now_ms)
        world.store.save(flow)


def set_last_run(flow: Stored, run_id: str, status: str, started_ms: int, ended_ms: int) -> None:
    """A run changes neither the flow's etag nor its ``updatedAt``."""
    flow.body["lastRunDetails"] = {
        "id": run_id,
        "state": status,
        "startedAtUTC": started_ms,
        "completedAtUTC": ended_ms,
    }


def outcome_detail(outcome: Outcome) -> dict[str, Any]:
    """Counts and errors in short form."""
    detail: dict[str, Any] = {
        "stage": outcome.stage,
        "read": outcome.read,
        "written": outcome.written,
        "failed": outcome.failed,
        "warned": outcome.warned,
        "bytes": [outcome.bytes_read, outcome.bytes_written],
        "files": [outcome.files_read or int(outcome.read > 0), int(outcome.written > 0)],
        "errors": outcome.errors,
        "rowErrors": [
            [code, message, count] for (code, message), count in outcome.failures.most_common(20)
        ],
        "diagnostics": outcome.diagnostics,
    }
    if outcome.failed and not outcome.diagnostics:
        message = "Error diagnostics are off, so there is no list of failed rows."
        detail["errors"] = [*outcome.errors, {"code": NO_DIAGNOSTICS, "message": message}]
    return detail


# --- View --------------------------------------------------------------------------------------


def view(row: sqlite3.Row, base_url: str) -> dict[str, Any]:
    detail = json.loads(row["detail"])
    run: dict[str, Any] = {
        "id": row["id"],
        "flowId": row["flow_id"],
        "flowSpec": detail["spec"],
        "providerRefId": row["id"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "createdBy": "emulator",
        "updatedBy": "emulator",
        "createdClient": "emulator",
        "updatedClient": "emulator",
        "sandboxName": row["sandbox"],
        "imsOrgId": row["org"],
        "etag": row["etag"],
        "metrics": _metrics(row, detail),
        "activities": _activities(row, detail, base_url),
    }
    if "params" in detail:
        run["params"] = detail["params"]
    return run


def _duration(started: int | None, completed: int | None) -> dict[str, Any]:
    summary: dict[str, Any] = {}
    if started is not None:
        summary["startedAtUTC"] = started
        summary["completedAtUTC"] = completed or 0
    return summary


def _metrics(row: sqlite3.Row, detail: dict[str, Any]) -> dict[str, Any]:
    status: dict[str, Any] = {"status": row["status"]}
    metrics: dict[str, Any] = {"durationSummary": _duration(row["started_at"], row["completed_at"])}
    if row["completed_at"] is not None:
        if detail["errors"]:
            status["errors"] = detail["errors"]
        status["activityRefs"] = ["promotionActivity"]
        metrics["sizeSummary"] = {
            "inputBytes": detail["bytes"][0],
            "outputBytes": detail["bytes"][1],
        }
        metrics["recordSummary"] = _records(detail)
        metrics["fileSummary"] = {
            "inputFileCount": detail["files"][0],
            "outputFileCount": detail["files"][1],
        }
    metrics["statusSummary"] = status
    return metrics


def _records(detail: dict[str, Any]) -> dict[str, Any]:
    records: dict[str, Any] = {
        "inputRecordCount": detail["read"],
        "outputRecordCount": detail["written"],
        "createdRecordCount": detail["written"],
        "failedRecordCount": detail["failed"],
    }
    if detail["warned"]:
        records["warningRecordCount"] = detail["warned"]
    if detail["rowErrors"]:
        records["failedInfo"] = [
            {"code": code, "message": message, "count": count}
            for code, message, count in detail["rowErrors"]
        ]
    return records


def _activities(row: sqlite3.Row, detail: dict[str, Any], base_url: str) -> list[dict[str, Any]]:
    if row["started_at"] is None:
        return []
    activities = [_copy(row, detail)]
    if row["completed_at"] is not None and detail.get("stage") != "copy":
        activities.append(_promotion(row, detail, base_url))
    return activities


def _copied_at(row: sqlite3.Row) -> int | None:
    if row["completed_at"] is None:
        return None
    return int((row["started_at"] + row["completed_at"]) // 2)


def _copy(row: sqlite3.Row, detail: dict[str, Any]) -> dict[str, Any]:
    start, end = detail["window"]
    finished = row["completed_at"] is not None
    failed = detail.get("stage") == "copy"
    status: dict[str, Any] = {"status": "inProgress"}
    if finished:
        status = {"status": "failed" if failed else "success"}
    if failed:
        status["errors"] = detail["errors"]
    activity: dict[str, Any] = {
        "id": "copyActivity",
        "name": "Copy activity",
        "updatedAtUTC": row["updated_at"],
        "durationSummary": {
            **_duration(row["started_at"], _copied_at(row)),
            "extensions": {"windowStart": start, "windowEnd": end},
        },
        "statusSummary": status,
        "sourceInfo": [
            {
                "id": detail["source"],
                "type": "SourceConnection",
                "reference": {"type": "AdfRunId", "ids": [row["id"]]},
            }
        ],
    }
    if finished and not failed:
        activity["sizeSummary"] = {"inputBytes": detail["bytes"][0]}
        activity["recordSummary"] = {"inputRecordCount": detail["read"]}
        activity["fileSummary"] = {"inputFileCount": detail["files"][0]}
    return activity


def _promotion(row: sqlite3.Row, detail: dict[str, Any], base_url: str) -> dict[str, Any]:
    batch_id = detail.get("batch")
    meta = f"{base_url}{EXPORT}/batches/{batch_id}/meta?path="
    status: dict[str, Any] = {"status": "failed" if detail["stage"] else "success"}
    if detail["stage"]:
        status["errors"] = detail["errors"]
    extensions: dict[str, Any] = {"type": "one-time"}
    if detail["rowErrors"] and batch_id:
        if detail["diagnostics"]:
            extensions["manifest"] = {
                "failedRecords": f"{meta}row_errors",
                "sampleErrors": f"{meta}row_error_samples.json",
            }
        extensions["errors"] = [
            {
                "code": code,
                "message": message,
                **({"recordCount": count} if detail["diagnostics"] else {}),
            }
            for code, message, count in detail["rowErrors"]
        ]
    status["extensions"] = extensions
    files: dict[str, Any] = {"outputFileCount": detail["files"][1]}
    if batch_id:
        files["extensions"] = {"manifest": {"fileInfo": f"{meta}input_files"}}
    return {
        "id": "promotionActivity",
        "name": "Promotion activity",
        "updatedAtUTC": row["updated_at"],
        "durationSummary": _duration(_copied_at(row), row["completed_at"]),
        "sizeSummary": {"outputBytes": detail["bytes"][1]},
        "recordSummary": _records(detail),
        "fileSummary": files,
        "statusSummary": status,
        "targetInfo": [
            {
                "id": detail["target"],
                "type": "TargetConnection",
                "reference": {"type": "Batch", "ids": [batch_id] if batch_id else []},
            }
        ],
    }
