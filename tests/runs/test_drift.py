from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flowsite.credentials.models import Sandbox
from flowsite.people.models import Team
from flowsite.runs import ingest, services
from flowsite.runs.models import Dataflow
from tests.runs.answers import NOON, a_flow, ms

pytestmark = pytest.mark.django_db

DAILY = {"frequency": "day", "interval": 1}


@pytest.fixture
def dataflow(sandbox: Sandbox, team: Team) -> Dataflow:
    ingest.ingest_flows(sandbox, [a_flow()], now=NOON)
    return services.adopt(Dataflow.objects.get(), team)


def read(sandbox: Sandbox, minutes: int, client: str = "somebody", **changes: Any) -> Dataflow:
    """The dataflow as AEP shows it after a change by ``client``."""
    flow = a_flow(updatedAt=ms(NOON + timedelta(minutes=minutes)), updatedClient=client, **changes)
    ingest.ingest_flows(sandbox, [flow], now=NOON)
    return Dataflow.objects.get()


def changes(row: Dataflow) -> dict[str, Any]:
    return (row.outside_change or {}).get("changes", {})


def test_a_change_by_another_client_is_noted(sandbox: Sandbox, dataflow: Dataflow) -> None:
    row = read(sandbox, 1, scheduleParams=DAILY, state="disabled")

    assert changes(row) == {"frequency": ["hour", "day"], "state": ["enabled", "disabled"]}
    assert row.outside_change is not None
    assert row.outside_change["client"] == "somebody"


def test_changes_add_up_to_what_was_first(sandbox: Sandbox, dataflow: Dataflow) -> None:
    read(sandbox, 1, scheduleParams=DAILY)
    row = read(sandbox, 2, scheduleParams={"frequency": "week", "interval": 2})

    assert changes(row) == {"frequency": ["hour", "week"], "interval": [1, 2]}


def test_a_change_taken_back_is_none(sandbox: Sandbox, dataflow: Dataflow) -> None:
    read(sandbox, 1, state="disabled")

    assert read(sandbox, 2, state="enabled").outside_change is None


def test_passing_states_are_no_change(sandbox: Sandbox, dataflow: Dataflow) -> None:
    read(sandbox, 1, state="updating")
    row = read(sandbox, 2, state="disabled")

    assert changes(row) == {"state": ["enabled", "disabled"]}


def test_our_own_changes_are_not_noted(sandbox: Sandbox, dataflow: Dataflow) -> None:
    assert read(sandbox, 1, client="demo-client", state="disabled").outside_change is None


def test_our_own_change_settles_what_was_noted(sandbox: Sandbox, dataflow: Dataflow) -> None:
    read(sandbox, 1, state="disabled", scheduleParams=DAILY)
    row = read(sandbox, 2, client="demo-client", state="enabled", scheduleParams=DAILY)

    assert changes(row) == {"frequency": ["hour", "day"]}


def test_nobodys_dataflow_may_change(sandbox: Sandbox) -> None:
    ingest.ingest_flows(sandbox, [a_flow()], now=NOON)

    assert read(sandbox, 1, state="disabled").outside_change is None


def test_without_a_client_nothing_is_claimed(sandbox: Sandbox, dataflow: Dataflow) -> None:
    assert read(sandbox, 1, client="", state="disabled").outside_change is None


def test_taking_over_changes_the_document(sandbox: Sandbox, dataflow: Dataflow) -> None:
    document = {"name": "Dataflow flow-1", "schedule": {"frequency": "hour", "interval": 1}}
    Dataflow.objects.update(definition=document)
    row = read(sandbox, 1, scheduleParams=DAILY, name="Renamed")

    services.accept_outside_change(row)

    row.refresh_from_db()
    assert row.outside_change is None
    assert row.definition == {"name": "Renamed", "schedule": {"frequency": "day", "interval": 1}}
