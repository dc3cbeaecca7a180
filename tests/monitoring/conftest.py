"""Rows as ingest makes them, so that pages are tested on what the poller really writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from flowsite.credentials.models import Sandbox, SandboxAccess
from flowsite.people.models import Team
from flowsite.runs import ingest, services
from flowsite.runs.models import Dataflow, FlowRun, SandboxSync
from tests.runs.answers import a_flow, a_run

MakeFlow = Callable[..., Dataflow]
MakeRuns = Callable[..., list[FlowRun]]


@pytest.fixture
def sandbox(access: SandboxAccess) -> Sandbox:
    return access.sandbox


@pytest.fixture
def now() -> datetime:
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def make_flow(sandbox: Sandbox, team: Team, now: datetime) -> MakeFlow:
    """A dataflow of the team, hourly; ``owned=False``: made elsewhere."""

    def make(flow_id: str = "flow-1", *, owned: bool = True, **changes: Any) -> Dataflow:
        flow = a_flow(flow_id, **changes)
        ingest.ingest_flows(sandbox, [flow], now=now - timedelta(days=1))
        row = Dataflow.objects.get(flow_id=flow_id)
        values = {"account_name": "PayPal EU", "dataset_name": "Products", "source_object": "Table"}
        Dataflow.objects.filter(pk=row.pk).update(named_at=now, **values)
        SandboxSync.objects.update(succeeded_at=now)
        if owned:
            services.adopt(row, team)
        row.refresh_from_db()
        return row

    return make


@pytest.fixture
def make_runs(sandbox: Sandbox, now: datetime) -> MakeRuns:
    """Runs of a dataflow, an hour apart, the newest ``first`` hours ago; one for each state."""

    def make(row: Dataflow, *states: str, first: int = 0, **changes: Any) -> list[FlowRun]:
        runs = [
            a_run(
                f"{row.flow_id}-{n}",
                flow_id=row.flow_id,
                at=now - timedelta(hours=first + n, minutes=5),
                status=state,
                **{"minutes": None if state == "inProgress" else 1} | changes,
            )
            for n, state in enumerate(states)
        ]
        ingest.ingest_runs(sandbox, runs)
        return list(FlowRun.objects.filter(dataflow=row).order_by("-at"))

    return make
