"""Flow Service: specs, connections, exploring, dataflows, runs (API contract, sections 7 and 8)."""

from __future__ import annotations

from flowsite.aep.flow_service.connections import (
    Connection,
    Connections,
    SourceConnection,
    TargetConnection,
    TestResult,
)
from flowsite.aep.flow_service.explore import Explore, Explored, SourceObject
from flowsite.aep.flow_service.flows import Flow, Flows
from flowsite.aep.flow_service.runs import Activity, Run, RunError, Runs
from flowsite.aep.flow_service.specs import AuthSpec, ConnectionSpec, FlowSpec, Specs

__all__ = [
    "Activity",
    "AuthSpec",
    "Connection",
    "ConnectionSpec",
    "Explored",
    "Flow",
    "FlowService",
    "FlowSpec",
    "Run",
    "RunError",
    "SourceConnection",
    "SourceObject",
    "TargetConnection",
    "TestResult",
]


class FlowService(Specs, Connections, Explore, Flows, Runs):
    """``platform.flow_service``."""
