"""The made-up cache of ``bench/pages.py`` is one that the poller could have written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from flowsite.credentials.models import Sandbox
from flowsite.people.models import Team
from flowsite.runs import services
from flowsite.runs.models import Dataflow, FlowRun, RunHour, SandboxSync

COLUMNS = ("strip", "last_run_state", "last_finished_state", "last_finished_run", "last_error_code")
COLUMNS += ("last_failed_at", "last_success_at", "last_received", "last_failed", "latest_at")


def kept() -> list[Any]:
    """What the board and the charts print."""
    rows = Dataflow.objects.order_by("flow_id").values_list(*COLUMNS)
    hours = RunHour.objects.order_by("hour", "team").values_list(
        "hour", "team", "success", "partial", "failed", "unfinished", "received", "failed_records"
    )
    return [*rows, *hours, SandboxSync.objects.get().counts]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_made_up_roll_ups_are_those_of_their_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "bench"))
    import filling

    team = Team.objects.create(name="Bench")
    sandbox: Sandbox = filling.make_access(team).sandbox

    filling.fill(sandbox, team, 12, 5)
    filling.fill(sandbox, team, 30, 5)
    made = kept()
    services.rebuild(sandbox)

    assert FlowRun.objects.count() == 150
    assert made == kept()
    sys.modules.pop("filling")
