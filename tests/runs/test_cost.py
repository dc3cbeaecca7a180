"""What polling costs in calls: it grows with what changed, not with how many dataflows exist."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine

from flowsite.credentials import connect
from flowsite.credentials.models import Sandbox
from flowsite.runs import poller, run_sweep
from flowsite.runs.models import FlowRun
from tests.runs.world import Platform

pytestmark = pytest.mark.django_db


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> Platform:
    world = Platform()
    monkeypatch.setattr(connect, "make_transport", lambda: httpx.MockTransport(world.answer))
    monkeypatch.setattr(connect, "HostThrottle", lambda *args, **kwargs: None)
    return world


def test_a_steady_load_costs_its_pages(platform: Platform, sandbox: Sandbox) -> None:
    """50 new runs a minute: one page of runs a cycle, dataflows every other cycle."""
    platform.add_flows(300)
    platform.step = timedelta(seconds=60 / 50)
    platform.clock = datetime.now(UTC) - timedelta(minutes=30)
    with time_machine.travel(platform.clock, tick=False) as traveller:
        platform.add_runs(120)
        for _ in range(3):  # names are looked up in the first cycles
            poller.poll_once(sandbox)
        platform.calls.clear()
        for _ in range(20):
            platform.add_runs(50)
            traveller.shift(timedelta(minutes=1))
            poller.poll_once(sandbox)

    assert FlowRun.objects.count() == len(platform.runs)
    assert platform.count("/runs") == 20
    assert platform.count("/flows") <= 11


def test_a_day_off_costs_the_pages_that_hold_its_runs(
    platform: Platform, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_sweep, "HEAD_PAGES", 5)
    platform.add_flows(4)
    platform.add_runs(100)
    poller.poll_once(sandbox)
    platform.step = timedelta(seconds=24 * 3600 / 2400)
    platform.calls.clear()

    platform.add_runs(2400)
    while not (report := poller.poll_once(sandbox)).finished:  # type: ignore[union-attr]
        pass

    assert report is not None
    assert FlowRun.objects.count() == 2500
    assert platform.count("/runs") <= 1.3 * 24
