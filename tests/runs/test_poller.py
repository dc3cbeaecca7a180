from __future__ import annotations

import json
import random
from datetime import timedelta
from io import StringIO
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from flowsite.core import leases, stopping
from flowsite.credentials import connect
from flowsite.credentials.models import Credential, Sandbox, SandboxAccess
from flowsite.runs import cycle, flow_sweep, poller, run_sweep, services
from flowsite.runs.cycle import Report
from flowsite.runs.models import Dataflow, FlowRun, IgnoredFlow, RunHour, SandboxSync
from tests.runs.world import Platform

pytestmark = pytest.mark.django_db


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> Platform:
    """Flow Service with as many flows and runs as a test wants, and whatever it refuses."""
    world = Platform()
    monkeypatch.setattr(connect, "make_transport", lambda: httpx.MockTransport(world.answer))
    monkeypatch.setattr(connect, "HostThrottle", lambda *args, **kwargs: None)
    return world


def poll(sandbox: Sandbox) -> Report:
    report = poller.poll_once(sandbox)
    assert report is not None
    return report


def equals_truth(platform: Platform) -> None:
    """Run by run: what we keep is what the platform shows of flows that bring data in."""
    kept = {
        (run.run_id, run.dataflow.flow_id, run.raw_state, run.received)
        for run in FlowRun.objects.select_related("dataflow")
    }
    assert kept == platform.truth()


# --- the emulator --------------------------------------------------------------------------------


def test_everything_is_read_from_the_emulator(emulator: Any, sandbox: Sandbox) -> None:
    report = poll(sandbox)

    assert report.error is None
    assert report.finished
    names = set(
        Dataflow.objects.values_list("name", "account_name", "source_object", "dataset_name")
    )
    assert names == {
        ("PayPal transactions", "PayPal EU", "PayPal.Transactions", "PayPal transactions"),
        ("PayPal products (legacy)", "PayPal Legacy", "PayPal.Catalog_Products", "PayPal products"),
    }
    failing = Dataflow.objects.get(name="PayPal products (legacy)")
    assert [mark[1] for mark in failing.strip] == ["failed"] * 7 + ["success"] * 7
    stored = emulator.world.store.rows("SELECT * FROM runs WHERE sandbox = 'dev'")
    assert FlowRun.objects.count() == len(stored)
    read = sum(json.loads(row["detail"])["read"] for row in stored)
    assert sum(RunHour.objects.values_list("received", flat=True)) == read


def test_a_quiet_cycle_costs_one_call(emulator: Any, sandbox: Sandbox) -> None:
    poll(sandbox)
    before = emulator.world.calls

    report = poll(sandbox)

    assert emulator.world.calls - before == report.calls == 1
    assert not report.runs_new
    assert not report.runs_changed


def test_a_run_is_followed_from_start_to_end(emulator: Any, sandbox: Sandbox) -> None:
    poll(sandbox)
    emulator.world.clock.advance(7 * 3600)
    emulator.world.config = emulator.world.config.__class__(running_s=60)
    emulator.tick()

    started = poll(sandbox)
    emulator.world.clock.advance(61)
    emulator.tick()
    ended = poll(sandbox)

    assert {line["state"] for line in started.runs_new} == {"in_progress"}
    assert {line["id"] for line in ended.runs_changed} == {line["id"] for line in started.runs_new}
    assert not FlowRun.objects.filter(state="in_progress").exists()


# --- the sweep -----------------------------------------------------------------------------------


def test_pages_are_read_to_the_end_and_only_once(platform: Platform, sandbox: Sandbox) -> None:
    platform.add_flows(3)
    platform.add_runs(250)

    first = poll(sandbox)
    second = poll(sandbox)

    equals_truth(platform)
    assert first.finished
    assert platform.count("/runs") == 3 + 1
    assert not second.runs_new


def test_new_runs_cost_their_pages(platform: Platform, sandbox: Sandbox) -> None:
    platform.add_flows(2)
    platform.add_runs(300)
    poll(sandbox)
    platform.calls.clear()

    platform.add_runs(220)
    poll(sandbox)

    equals_truth(platform)
    assert platform.count("/runs") == 3


def test_a_run_that_appears_late_is_found(platform: Platform, sandbox: Sandbox) -> None:
    platform.step = timedelta(seconds=3)
    platform.add_flows(1)
    platform.add_runs(150)
    hidden = [platform.runs.pop(20), platform.runs.pop(120)]
    poll(sandbox)

    platform.runs += hidden
    poll(sandbox)

    equals_truth(platform)


def test_open_runs_are_read_in_lists(platform: Platform, sandbox: Sandbox) -> None:
    platform.add_flows(1)
    platform.add_runs(120, status="inProgress")
    platform.add_runs(200)
    poll(sandbox)
    platform.calls.clear()

    for run in platform.runs[:120]:
        platform.end(run, "failed")
    poll(sandbox)

    equals_truth(platform)
    lists = [call for call in platform.calls if "id==" in call.filters]
    assert [len(call.filters.split(",")) for call in lists] == [50, 50, 20]


def test_a_list_that_is_too_long_is_halved(platform: Platform, sandbox: Sandbox) -> None:
    platform.longest_list = 20
    platform.add_flows(1)
    platform.add_runs(50, status="inProgress")
    platform.add_runs(200)
    poll(sandbox)

    for run in platform.runs[:50]:
        platform.end(run, "success")
    poll(sandbox)

    equals_truth(platform)


def test_an_open_run_that_vanishes_is_marked(platform: Platform, sandbox: Sandbox) -> None:
    platform.add_flows(1)
    platform.add_runs(1, status="inProgress")
    platform.add_runs(150)
    poll(sandbox)
    gone = platform.runs.pop(0)

    report = poll(sandbox)
    quiet = poll(sandbox)

    assert report.runs_missing == [gone["id"]]
    row = FlowRun.objects.get(run_id=gone["id"])
    assert row.missing_since is not None
    assert row.state == "in_progress"
    assert not quiet.runs_missing


def test_runs_of_destinations_are_skipped(platform: Platform, sandbox: Sandbox) -> None:
    platform.add_flows(1)
    platform.add_flows(1, source=False)
    platform.add_runs(30)

    poll(sandbox)
    platform.calls.clear()
    poll(sandbox)

    equals_truth(platform)
    assert IgnoredFlow.objects.get().reason == "destination"
    assert platform.count("/flows") == 0


def test_an_older_dataflow_met_late_brings_its_runs(platform: Platform, sandbox: Sandbox) -> None:
    platform.add_flows(2)
    platform.add_runs(260)
    platform.hidden = {platform.flows[1]["id"]}
    poll(sandbox)
    assert Dataflow.objects.count() == 1

    platform.hidden = set()
    platform.touch(platform.flows[1])
    IgnoredFlow.objects.update(seen_at=timezone.now() - timedelta(hours=2))
    platform.add_runs(1, flow=1)
    poll(sandbox)

    equals_truth(platform)


# --- what AEP may refuse -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param("isSourceFlow", id="flows by kind"),
        pytest.param("updatedAt", id="flows by change"),
        pytest.param("createdAt", id="runs by creation"),
        pytest.param("createdAt|startedAtUTC", id="runs by any time"),
        pytest.param("UNFILTERED", id="runs of the whole sandbox"),
    ],
)
def test_a_refused_filter_is_done_without(
    platform: Platform, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    monkeypatch.setattr(run_sweep, "HEAD_PAGES", 2)
    platform.refused = set(refused.split("|"))
    platform.add_flows(3)
    platform.add_flows(1, source=False)
    platform.add_runs(700)

    reports = [poll(sandbox) for _ in range(4)]

    assert [report.error for report in reports] == [None] * 4
    equals_truth(platform)


def test_another_refusal_is_an_error(platform: Platform, sandbox: Sandbox) -> None:
    platform.refused = {"sandbox"}

    report = poll(sandbox)

    assert report.error is not None
    assert report.error["code"] == "FLOW-2105-400"
    assert SandboxSync.objects.get().refusals == {}


# --- a first sync, and a long pause --------------------------------------------------------------


def test_what_is_too_much_becomes_a_backlog(
    platform: Platform, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_sweep, "HEAD_PAGES", 2)
    monkeypatch.setattr(cycle.Cycle, "is_long", property(lambda self: bool(self.sync.backlog)))
    platform.add_flows(3)
    platform.add_runs(900)

    first = poll(sandbox)

    assert not first.finished
    assert FlowRun.objects.count() == 200
    [[_, end]] = SandboxSync.objects.get().backlog
    assert end > FlowRun.objects.order_by("created_at").first().created_at.isoformat()

    monkeypatch.setattr(cycle.Cycle, "is_long", False)
    assert poll(sandbox).finished
    equals_truth(platform)


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_poller_loses_nothing(
    platform: Platform, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Killed at any call, pages shifting while runs arrive, duplicates, a 429 now and then."""
    chance = random.Random(seed)
    monkeypatch.setattr(run_sweep, "HEAD_PAGES", 3)
    platform.page_size = 20
    platform.add_flows(4)
    platform.add_runs(200)

    for _ in range(12):
        platform.add_runs(chance.randrange(90), status=chance.choice(["success", "inProgress"]))
        for run in platform.open_runs():
            if chance.random() < 0.4:
                platform.end(run, chance.choice(["success", "failed"]))
        platform.die_in(chance.randrange(1, 25), arriving=chance.randrange(5))
        try:
            poller.poll_once(sandbox)
        except KeyboardInterrupt:
            SandboxSync.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    platform.live()
    for _ in range(3):
        poll(sandbox)

    equals_truth(platform)


def test_a_capped_list_is_read_in_smaller_windows(
    platform: Platform, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.capped = True
    platform.add_flows(2)
    platform.add_runs(450)

    poll(sandbox)

    equals_truth(platform)


def test_a_clock_that_differs_loses_nothing(platform: Platform, sandbox: Sandbox) -> None:
    platform.skew = timedelta(minutes=12)
    platform.add_flows(1)
    platform.add_runs(120)
    poll(sandbox)
    platform.skew = timedelta(minutes=12)
    platform.add_runs(130)

    poll(sandbox)

    equals_truth(platform)


# --- dataflows -----------------------------------------------------------------------------------


def test_only_changed_dataflows_are_read(platform: Platform, sandbox: Sandbox) -> None:
    platform.add_flows(230)
    poll(sandbox)
    platform.calls.clear()

    platform.touch(platform.flows[7], state="disabled")
    services.request_poll(sandbox)
    report = poll(sandbox)

    assert [line["id"] for line in report.flows_changed] == [platform.flows[7]["id"]]
    assert platform.count("/flows") == 1


def test_a_dataflow_that_is_gone_is_marked(platform: Platform, sandbox: Sandbox) -> None:
    platform.add_flows(3)
    poll(sandbox)
    gone = platform.flows.pop(1)
    SandboxSync.objects.update(
        flows_read_at=timezone.now() - timedelta(hours=1),
        flows_complete_at=timezone.now() - timedelta(days=2),
    )
    Dataflow.objects.update(seen_at=timezone.now() - timedelta(hours=1))

    report = poll(sandbox)

    assert [line["id"] for line in report.flows_missing] == [gone["id"]]
    assert Dataflow.objects.filter(missing_since=None).count() == 2


def test_a_late_dataflow_is_looked_up(platform: Platform, sandbox: Sandbox) -> None:
    platform.add_flows(1)
    poll(sandbox)
    Dataflow.objects.update(next_expected_at=timezone.now() - timedelta(hours=2))
    platform.flows.clear()

    poll(sandbox)

    assert Dataflow.objects.get().missing_since is not None


# --- leases, credentials, waiting ----------------------------------------------------------------


def test_two_pollers_never_meet(platform: Platform, sandbox: Sandbox) -> None:
    sync = SandboxSync.objects.create(sandbox=sandbox, due_at=timezone.now())
    lease = leases.take(sync, timedelta(minutes=1))

    assert poller.poll_once(sandbox) is None
    assert platform.calls == []
    assert lease is not None


def test_a_lost_lease_ends_the_cycle(platform: Platform, sandbox: Sandbox) -> None:
    platform.add_flows(1)
    platform.add_runs(150)
    platform.before_call = lambda: SandboxSync.objects.update(lease_token="another")

    report = poll(sandbox)

    assert not report.finished
    assert SandboxSync.objects.get().lease_token == "another"
    assert len(platform.calls) == 1


def test_a_sandbox_that_is_not_due_is_left_alone(platform: Platform, sandbox: Sandbox) -> None:
    later = timezone.now() + timedelta(minutes=1)
    sync = SandboxSync.objects.create(sandbox=sandbox, due_at=later)

    assert poller.poll_if_due(sync.pk) is None


def test_a_failing_credential_is_recorded_and_waits_longer(
    platform: Platform, sandbox: Sandbox
) -> None:
    platform.refused = {"token"}

    waits = []
    for _ in range(3):
        report = poll(sandbox)
        sync = SandboxSync.objects.get()
        waits.append(round((sync.due_at - sync.failed_at).total_seconds()))

    assert waits == [60, 120, 240]
    assert report.error["whose_turn"] == "admin"
    assert sync.error == report.error
    assert (sync.failures, sync.succeeded_at) == (3, None)


def test_a_fault_of_ours_is_shown_and_waits(
    platform: Platform, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow_sweep, "sweep_flows", lambda cycle: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        poller.poll_once(sandbox)

    sync = SandboxSync.objects.get()
    assert sync.lease_token == ""
    assert sync.due_at > timezone.now() + timedelta(minutes=1)
    assert sync.error is not None
    assert "ZeroDivisionError" in sync.error["message"]


def test_another_credential_takes_over(
    platform: Platform, sandbox: Sandbox, credential: Credential
) -> None:
    other = Credential.objects.get(pk=credential.pk)
    other.pk, other.name, other.client_id = None, "Second", "other-client"
    other.save()
    SandboxAccess.objects.create(credential=other, sandbox=sandbox, seen_at=timezone.now())
    platform.refused = {"client:demo-client"}
    platform.add_flows(1)

    report = poll(sandbox)

    assert (report.credential, report.error) == ("Second", None)
    assert SandboxSync.objects.get().credential == other


def test_a_request_for_fewer_calls_is_obeyed(platform: Platform, sandbox: Sandbox) -> None:
    platform.retry_after_s = 400

    poll(sandbox)

    sync = SandboxSync.objects.get()
    assert (sync.due_at - sync.failed_at).total_seconds() == pytest.approx(400, abs=1)


def test_a_request_during_a_cycle_makes_another(platform: Platform, sandbox: Sandbox) -> None:
    platform.add_flows(1)
    platform.before_call = lambda: SandboxSync.objects.update(asked_at=timezone.now())

    poll(sandbox)

    assert SandboxSync.objects.get().due_at <= timezone.now()


def test_without_time_it_goes_on_at_once(platform: Platform, sandbox: Sandbox) -> None:
    platform.add_flows(2)

    report = poller.poll_once(sandbox, budget_s=0)

    assert report is not None
    assert not report.finished
    assert platform.calls == []
    assert SandboxSync.objects.get().due_at <= timezone.now()


def test_a_stopping_worker_hands_over_between_pages(
    platform: Platform, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.add_flows(2)

    def stop_then_answer(request: httpx.Request) -> httpx.Response:
        stopping.ask()
        return platform.answer(request)

    try:
        with monkeypatch.context() as patch:
            stop = httpx.MockTransport(stop_then_answer)
            patch.setattr(connect, "make_transport", lambda: stop)
            report = poller.poll_once(sandbox)
        sync = SandboxSync.objects.get()
        assert report is not None
        assert not report.finished
        assert len(platform.calls) == 1
        assert sync.lease_token == ""
        assert sync.due_at <= timezone.now()
        assert poller.poll_if_due(sync.pk) is None
    finally:
        stopping.forget()

    poll(sandbox)
    equals_truth(platform)


# --- commands and tasks --------------------------------------------------------------------------


def test_sync_prints_what_changed(platform: Platform, sandbox: Sandbox) -> None:
    platform.add_flows(1)
    platform.add_runs(2)
    out = StringIO()

    call_command("runs", "sync", "--credential", "Acme", "--sandbox", "dev", stdout=out)

    [report] = json.loads(out.getvalue())
    assert report["sandbox"] == "dev"
    assert [line["name"] for line in report["dataflows"]["new"]] == [platform.flows[0]["name"]]
    assert len(report["runs"]["new"]) == 2
    assert report["error"] is None


def test_sync_fails_when_a_sandbox_does(platform: Platform, sandbox: Sandbox) -> None:
    platform.refused = {"token"}

    with pytest.raises(CommandError, match="dev: "):
        call_command("runs", "sync", stdout=StringIO())


@pytest.mark.parametrize("option", ["--credential", "--sandbox"])
def test_sync_names_what_it_does_not_find(sandbox: Sandbox, option: str) -> None:
    with pytest.raises(CommandError, match="No"):
        call_command("runs", "sync", option, "Nowhere", stdout=StringIO())


def test_the_sweep_calls_workers_for_due_sandboxes(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flowsite.runs import tasks

    sent: list[int] = []
    monkeypatch.setattr(tasks, "enqueue", lambda task, pk: not sent.append(pk))

    counts = [tasks.sweep_sandboxes(), tasks.sweep_sandboxes()]

    assert counts == [1, 0]
    assert sent == [SandboxSync.objects.get().pk]


def test_ids_fit_into_an_address() -> None:
    assert flow_sweep.IDS_PER_CALL * 40 < 2100
