"""Answers of AEP, as it sends them and as the client reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flowsite.aep.flow_service import Flow, Run
from flowsite.aep.flow_service.flows import _flow
from flowsite.aep.flow_service.runs import read_run

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PAYPAL = "221c7626-58f6-4eec-8ee2-042b0226f03b"
CRM_TO_AEP = "14518937-270c-4525-bdec-c2ba7cce3860"


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def flow_body(flow_id: str = "flow-1", **changes: Any) -> dict[str, Any]:
    """A flow as AEP sends it; hourly from noon."""
    return {
        "id": flow_id,
        "name": f"Dataflow {flow_id}",
        "state": "enabled",
        "etag": '"e-1"',
        "createdAt": ms(NOON - timedelta(days=1)),
        "updatedAt": ms(NOON - timedelta(days=1)),
        "flowSpec": {"id": CRM_TO_AEP, "version": "1.0"},
        "sourceConnectionIds": [f"source-{flow_id}"],
        "targetConnectionIds": [f"target-{flow_id}"],
        "inheritedAttributes": {
            "properties": {"isSourceFlow": True},
            "sourceConnections": [
                {
                    "id": f"source-{flow_id}",
                    "connectionSpec": {"id": PAYPAL},
                    "baseConnection": {"id": "account-1", "connectionSpec": {"id": PAYPAL}},
                }
            ],
        },
        "scheduleParams": {
            "startTime": str(int((NOON - timedelta(days=1)).timestamp())),
            "frequency": "hour",
            "interval": "1",
        },
        "transformations": [
            {"name": "Copy", "params": {"deltaColumn": {"name": "Create_Time"}}},
            {"name": "Mapping", "params": {"mappingId": "m" * 32, "mappingVersion": "0"}},
        ],
        **changes,
    }


def run_body(
    run_id: str = "run-1",
    *,
    flow_id: str = "flow-1",
    at: datetime = NOON,
    status: str | None = "success",
    minutes: float | None = 1,
    updated: datetime | None = None,
    records: dict[str, Any] | None = None,
    errors: list[dict[str, Any]] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A run as AEP sends it; ``minutes`` None: it has not ended."""
    ended = None if minutes is None else at + timedelta(minutes=minutes)
    duration = {"startedAtUTC": ms(at)} | ({"completedAtUTC": ms(ended)} if ended else {})
    return {
        "id": run_id,
        "flowId": flow_id,
        "createdAt": ms(at),
        "updatedAt": ms(updated or ended or at),
        "metrics": {
            "durationSummary": duration,
            "recordSummary": records
            if records is not None
            else {"inputRecordCount": 20, "outputRecordCount": 20, "failedRecordCount": 0},
            "statusSummary": {"status": status, "errors": errors or []},
        },
        **changes,
    }


def a_flow(*args: Any, **kwargs: Any) -> Flow:
    return _flow(flow_body(*args, **kwargs))


def a_run(*args: Any, **kwargs: Any) -> Run:
    return read_run(run_body(*args, **kwargs))
