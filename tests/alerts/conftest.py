"""Dataflows as rows, a rule, a channel, and workers that are called for at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction

from flowsite.alerts import tasks
from flowsite.alerts.models import AlertRule, Channel, ChannelKind, Kind
from flowsite.core.encrypted import encrypt
from flowsite.credentials.models import Sandbox, SandboxAccess
from flowsite.people.models import Team
from flowsite.runs.models import Dataflow, SandboxSync

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECRET = "canary-signing-secret"


@pytest.fixture
def clock(team: Team) -> Iterator[Any]:
    """Tuesday noon, until a test moves it."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that is called for runs at once, as a worker would a moment later."""
    monkeypatch.setattr(tasks, "enqueue", lambda task, *args: task(*args) or True)


@pytest.fixture
def sandbox(access: SandboxAccess) -> Sandbox:
    SandboxSync.objects.create(sandbox=access.sandbox, due_at=NOON, succeeded_at=NOON)
    return access.sandbox


MakeFlows = Callable[..., list[Dataflow]]


@pytest.fixture
def make_flows(sandbox: Sandbox, team: Team) -> MakeFlows:
    def make(count: int = 1, *, name: str = "Payments", **values: Any) -> list[Dataflow]:
        first = Dataflow.objects.count()
        rows = [
            Dataflow(
                **{
                    "sandbox": sandbox,
                    "team": team,
                    "flow_id": f"flow-{first + n}",
                    "name": f"{name} {n:03}" if count > 1 else name,
                    "connection_id": "account-1",
                    "account_name": "PayPal EU",
                    **values,
                }
            )
            for n in range(count)
        ]
        return Dataflow.objects.bulk_create(rows)

    return make


FAILED = {"last_finished_state": "failed", "last_error_code": "CONNECTOR-2001"}


@pytest.fixture
def channel(team: Team) -> Channel:
    return Channel.objects.create(
        team=team,
        name="On duty",
        kind=ChannelKind.EMAIL,
        target=encrypt("ops@acme.example"),
        shown="ops@acme.example",
    )


@pytest.fixture
def make_rule(team: Team, channel: Channel) -> Callable[..., AlertRule]:
    def make(kind: str = Kind.FAILED, **values: Any) -> AlertRule:
        rule = AlertRule.objects.create(
            **{"team": team, "name": f"Rule {AlertRule.objects.count()}", "kind": kind, **values}
        )
        rule.channels.add(channel)
        return rule

    return make


@pytest.fixture
def read_at(sandbox: Sandbox) -> Callable[[datetime], None]:
    """The poller has read the sandbox to its end."""

    def note(moment: datetime) -> None:
        with transaction.atomic():
            SandboxSync.objects.filter(sandbox=sandbox).update(succeeded_at=moment)

    return note


MINUTE = timedelta(minutes=1)
