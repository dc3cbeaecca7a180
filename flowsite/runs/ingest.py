"""Writes what AEP answered into our rows: idempotent, and the newest ``updatedAt`` wins.

Everything of one call is one transaction, roll-ups included. It begins by locking the sandbox's
``SandboxSync``, so that two workers never count the same change twice, whoever holds the lease.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from flowsite.aep.flow_service import Flow, Run
from flowsite.credentials.models import Credential, Sandbox
from flowsite.runs import drift, rollup
from flowsite.runs.bulk import update_columns
from flowsite.runs.counting import recount
from flowsite.runs.models import FINISHED, Dataflow, FlowRun, RunHour, RunState, SandboxSync
from flowsite.runs.readings import RUN_COLUMNS, flow_values, run_values
from flowsite.runs.rollup import Before, Change, HourDelta

#: Columns of a dataflow that follow from its runs.
ROLLED: Final = (
    "strip",
    "latest_at",
    "last_run_state",
    "last_run_at",
    "last_finished_state",
    "last_finished_at",
    "last_finished_run",
    "last_error_code",
    "failing_since",
    "last_success_at",
    "last_partial_at",
    "last_failed_at",
    "last_duration_s",
    "last_received",
    "last_ingested",
    "last_failed",
    "next_expected_at",
)


#: Columns of a run that a reading can change.
_READ: Final = (*RUN_COLUMNS, "missing_since", "rows_wanted_at")
#: Refused rows of a run that was over when we first saw it are kept if it is not older than this.
_RECENT: Final = timedelta(hours=24)


class LeaseLost(Exception):
    """Somebody else polls this sandbox now: stop."""


@dataclass
class Ingested:
    """What a page changed: rows that are new, and rows that differ from before."""

    new_flows: list[Dataflow] = field(default_factory=list)
    changed_flows: list[Dataflow] = field(default_factory=list)
    new_runs: list[FlowRun] = field(default_factory=list)
    changed_runs: list[FlowRun] = field(default_factory=list)

    @property
    def anything(self) -> bool:
        return bool(self.new_flows or self.changed_flows or self.new_runs or self.changed_runs)


def lock(sandbox: Sandbox, lease: str | None = None) -> SandboxSync:
    """The sandbox's sync row, locked until the transaction ends. Raises LeaseLost."""
    rows = SandboxSync.objects.select_for_update()
    sync = rows.filter(sandbox=sandbox).first()
    if sync is None:
        SandboxSync.objects.get_or_create(sandbox=sandbox, defaults={"due_at": timezone.now()})
        sync = rows.get(sandbox=sandbox)
    if lease is not None and sync.lease_token != lease:
        raise LeaseLost
    return sync


def touch(sync: SandboxSync, *, count: bool = True) -> None:
    """Something visible changed: new version stamp and, if dataflows moved, new counts."""
    counts = {"counts": recount(sync.sandbox_id)} if count else {}
    SandboxSync.objects.filter(pk=sync.pk).update(version=F("version") + 1, **counts)


# --- dataflows -----------------------------------------------------------------------------------


@transaction.atomic
def ingest_flows(
    sandbox: Sandbox, flows: Iterable[Flow], *, now: datetime, lease: str | None = None
) -> Ingested:
    """Inserts and updates dataflows. Flows must bring data in (``readings.is_ours``)."""
    sync = lock(sandbox, lease)
    by_id = {flow.id: flow for flow in flows if flow.id}
    ours = _our_clients(sandbox)
    known = {
        row.flow_id: row for row in Dataflow.objects.filter(sandbox=sandbox, flow_id__in=by_id)
    }
    result = Ingested()
    for flow_id, flow in by_id.items():
        row = known.get(flow_id)
        if row is None:
            result.new_flows.append(_new_flow(sandbox, flow, now))
        elif _apply_flow(row, flow, now, ours):
            result.changed_flows.append(row)
    Dataflow.objects.bulk_create(result.new_flows)
    for row in result.changed_flows:
        row.save()
    Dataflow.objects.filter(sandbox=sandbox, flow_id__in=by_id).update(seen_at=now)
    if result.anything:
        touch(sync)
    return result


def _new_flow(sandbox: Sandbox, flow: Flow, now: datetime) -> Dataflow:
    row = Dataflow(sandbox=sandbox, flow_id=flow.id[:100], seen_at=now, expect_from=now)
    for name, value in flow_values(flow).items():
        setattr(row, name, value)
    row.settled_state = drift.settled_state(row.state, "")
    rollup.refresh(row)
    return row


def _note_outside_change(
    row: Dataflow, before: dict[str, Any], flow: Flow, ours: frozenset[str]
) -> None:
    """Only for dataflows of a team, and only where AEP names a client that is none of ours."""
    if row.team_id is None or not flow.updated_client:
        return
    after = drift.watched(vars(row))
    if flow.updated_client in ours:
        row.outside_change = drift.still_true(row.outside_change, after)
        return
    row.outside_change = drift.noted(
        row.outside_change, before, after, client=flow.updated_client, at=flow.updated_at
    )


def _our_clients(sandbox: Sandbox) -> frozenset[str]:
    """Client ids of the credentials that reach the sandbox's organisation."""
    rows = Credential.objects.filter(organisation=sandbox.organisation_id)
    return frozenset(rows.values_list("client_id", flat=True))


def _apply_flow(row: Dataflow, flow: Flow, now: datetime, ours: frozenset[str]) -> bool:
    """Whether the row differs now. An answer older than the row is left out."""
    back = row.missing_since is not None
    row.missing_since = None
    if row.updated_at and flow.updated_at and flow.updated_at < row.updated_at:
        return back
    before, watched = (row.state, row.schedule), drift.watched(vars(row))
    values = flow_values(flow)
    values["settled_state"] = drift.settled_state(values["state"], row.settled_state)
    changed = _assign(row, values)
    _note_outside_change(row, watched, flow, ours)
    if (row.state, row.schedule) != before or back:
        row.expect_from = now
    if row.source_connection_id and "source_connection_id" in changed:
        row.named_at = None
    rollup.refresh(row)
    return bool(changed) or back


@transaction.atomic
def mark_missing(rows: Sequence[Dataflow], *, now: datetime, lease: str | None = None) -> None:
    """AEP doesn't show them any more: deleted there, or hidden by an access label."""
    if not rows:
        return
    sync = lock(rows[0].sandbox, lease)
    for row in rows:
        row.missing_since, row.checked_at = now, now
        rollup.refresh(row)
        row.save(update_fields=["missing_since", "checked_at", *ROLLED])
    touch(sync)


# --- runs ----------------------------------------------------------------------------------------


@transaction.atomic
def ingest_runs(sandbox: Sandbox, runs: Iterable[Run], *, lease: str | None = None) -> Ingested:
    """Inserts and updates runs of known dataflows; others are left out. Keeps all roll-ups."""
    sync = lock(sandbox, lease)
    by_id = _newest_by_id(runs)
    dataflows = _dataflows_of(sandbox, by_id.values())
    known = {row.run_id: row for row in FlowRun.objects.filter(sandbox=sandbox, run_id__in=by_id)}
    result, changes = Ingested(), []
    for run_id, run in by_id.items():
        dataflow = dataflows.get(run.flow_id)
        if dataflow is None:
            continue
        row = known.get(run_id)
        if row is None:
            row = FlowRun(sandbox=sandbox, dataflow=dataflow, run_id=run_id, **run_values(run))
            result.new_runs.append(row)
            changes.append(Change(row, None))
        else:
            before = Before.of(row)
            if _apply_run(row, run):
                result.changed_runs.append(row)
                changes.append(Change(row, before))
    if changes:
        _write(sync, result, changes, {row.pk: row for row in dataflows.values()})
    return result


def _write(
    sync: SandboxSync, result: Ingested, changes: list[Change], dataflows: dict[int, Dataflow]
) -> None:
    for change in changes:
        _want_rows(change, dataflows[change.run.dataflow_id])
    FlowRun.objects.bulk_create(result.new_runs)
    update_columns(result.changed_runs, _READ)
    moved = roll_up(changes, dataflows)
    pairs = ((dataflows[change.run.dataflow_id].team_id, change) for change in changes)
    add_hours(sync.sandbox_id, rollup.hour_deltas(pairs))
    SandboxSync.objects.filter(pk=sync.pk).update(runs_read=F("runs_read") + len(result.new_runs))
    touch(sync, count=moved)


def _want_rows(change: Change, dataflow: Dataflow) -> None:
    """Marks a run that has just ended badly: its refused rows are to be kept."""
    run, before = change.run, change.before
    ended_badly = run.state in (RunState.FAILED, RunState.PARTIAL) and bool(run.batch_ids)
    if not ended_badly or not dataflow.options.get("errorDiagnosticsEnabled"):
        return
    now = timezone.now()
    watched = before is not None and before.state not in FINISHED
    if watched or (before is None and run.at > now - _RECENT):
        run.rows_wanted_at = now


def _newest_by_id(runs: Iterable[Run]) -> dict[str, Run]:
    """One reading of each run: a page can repeat a run of the one before, older or newer."""
    found: dict[str, Run] = {}
    for run in runs:
        key = run.id[:100]
        other = found.get(key)
        if not key or (other is not None and _is_older(run.updated_at, other.updated_at)):
            continue
        found[key] = run
    return found


def _is_older(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other


def _dataflows_of(sandbox: Sandbox, runs: Iterable[Run]) -> dict[str, Dataflow]:
    rows = Dataflow.objects.filter(sandbox=sandbox, flow_id__in={run.flow_id for run in runs})
    return {row.flow_id: row for row in rows.defer("definition", "facts")}


def _apply_run(row: FlowRun, run: Run) -> bool:
    """Whether the row differs now. An older answer is left out, also a dateless unfinished one."""
    if _is_older(run.updated_at, row.updated_at):
        return False
    if run.updated_at is None and row.is_finished and not run.is_finished:
        return False
    changed = _assign(row, {**run_values(run), "missing_since": None})
    return bool(changed)


def _assign(row: Any, values: dict[str, Any]) -> set[str]:
    changed = {name for name, value in values.items() if getattr(row, name) != value}
    for name in changed:
        setattr(row, name, values[name])
    return changed


def roll_up(changes: Sequence[Change], dataflows: dict[int, Dataflow]) -> bool:
    """Brings the rows of the dataflows up to date; whether any has another outcome now."""
    by_dataflow: dict[int, list[Change]] = defaultdict(list)
    for change in changes:
        by_dataflow[change.run.dataflow_id].append(change)
    outcomes = {pk: dataflows[pk].last_finished_state for pk in by_dataflow}
    for pk, own in by_dataflow.items():
        if not rollup.note_runs(dataflows[pk], own):
            recompute(dataflows[pk])
    rows = [dataflows[pk] for pk in by_dataflow]
    update_columns(rows, ROLLED)
    return any(dataflows[pk].last_finished_state != state for pk, state in outcomes.items())


def recompute(dataflow: Dataflow) -> None:
    """A dataflow's roll-up from its runs (five indexed queries); doesn't save."""
    runs = FlowRun.objects.filter(dataflow=dataflow).order_by("-at", "-pk")
    by_state = {state: runs.filter(state=state).first() for state in FINISHED}
    rollup.set_runs(
        dataflow,
        list(runs[: rollup.STRIP_LENGTH]),
        {state: run for state, run in by_state.items() if run is not None},
    )


def add_hours(sandbox_id: int, deltas: dict[Any, HourDelta]) -> None:
    """Adds to the hourly roll-ups; the caller holds the sync row's lock."""
    hours = {hour for _, hour in deltas}
    rows = {
        (row.team_id, row.hour): row
        for row in RunHour.objects.filter(sandbox_id=sandbox_id, hour__in=hours)
    }
    new = []
    for (team_id, hour), delta in deltas.items():
        row = rows.get((team_id, hour))
        if row is None:
            new.append(RunHour(sandbox_id=sandbox_id, team_id=team_id, hour=hour, **delta.counts))
            continue
        values = {name: F(name) + value for name, value in delta.counts.items() if value}
        RunHour.objects.filter(pk=row.pk).update(**values)
    RunHour.objects.bulk_create(new)


@transaction.atomic
def mark_runs_missing(sandbox: Sandbox, run_ids: Iterable[str], *, lease: str | None = None) -> int:
    """Open runs that AEP doesn't show any more keep their last state and are marked."""
    lock(sandbox, lease)
    rows = FlowRun.objects.filter(sandbox=sandbox, run_id__in=list(run_ids), missing_since=None)
    return rows.update(missing_since=timezone.now())
