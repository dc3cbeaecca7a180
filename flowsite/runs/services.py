"""What others ask of this room: record, adopt and remove dataflows, and poll a sandbox now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce, TruncHour
from django.utils import timezone

from flowsite.core.enqueue import enqueue_on_commit
from flowsite.credentials.models import Sandbox
from flowsite.people.models import Team, User
from flowsite.runs import ingest, rollup
from flowsite.runs.models import Dataflow, FlowRun, RunHour, SandboxSync
from flowsite.runs.rollup import HourDelta
from flowsite.runs.tasks import poll_sandbox


@transaction.atomic
def record_dataflow(
    *,
    sandbox: Sandbox,
    team: Team,
    owner: User | None,
    flow_id: str,
    etag: str,
    name: str,
    definition: dict[str, Any],
    facts: dict[str, Any],
    options: Any = None,
    made_of: Mapping[str, str] = MappingProxyType({}),
) -> Dataflow:
    """The row of a flow that a submission has just created; idempotent.

    ``options`` as sent to AEP, ``made_of``: ids by step; pages show both before the first poll.

    Adopts the row if the poller was faster. To be called inside the executor's transaction.
    """
    sync = ingest.lock(sandbox)
    now = timezone.now()
    row = Dataflow.objects.filter(sandbox=sandbox, flow_id=flow_id).first()
    if row is None:
        row = Dataflow(
            sandbox=sandbox, flow_id=flow_id, name=name[:300], etag=etag, raw_state="enabled"
        )
        row.created_at = row.seen_at = row.expect_from = now
        row.schedule, row.settled_state = schedule_of(definition), "enabled"
        row.options = options if isinstance(options, dict) else {}
        for column, step in _PARTS.items():
            setattr(row, column, made_of.get(step, "")[:100])
    row.owner = row.owner or owner
    row.definition, row.facts = definition, facts
    row.description = row.description or str(definition.get("description") or "")
    _name(row, definition, facts)
    rollup.refresh(row)
    if row.pk and row.team_id != team.pk:
        _move_hours(row, team.pk)
    row.team = team
    row.save()
    ingest.touch(sync)
    return row


def schedule_of(definition: dict[str, Any]) -> dict[str, Any]:
    """``scheduleParams`` as a definition says them; replaced by AEP's own at the next poll."""
    schedule = definition.get("schedule") or {}
    found: dict[str, Any] = {"frequency": schedule.get("frequency")}
    if start := schedule.get("start"):
        moment = start if isinstance(start, datetime) else datetime.fromisoformat(start)
        found["startTime"] = int(moment.timestamp())
    for name in ("interval", "backfill"):
        if schedule.get(name) is not None:
            found[name] = schedule[name]
    return {key: value for key, value in found.items() if value is not None}


#: Column → step of the submission that made the object.
_PARTS = {
    "source_connection_id": "source_connection",
    "target_connection_id": "target_connection",
    "mapping_set_id": "mapping_set",
    "dataset_id": "dataset",
}
_LENGTHS = {"connection_spec_id": 100, "connection_id": 100, "dataset_id": 100}


def _name(row: Dataflow, definition: dict[str, Any], facts: dict[str, Any]) -> None:
    """What lists print, as far as document and facts say it."""
    data, dataset = definition.get("data") or {}, definition.get("dataset") or {}
    account = definition.get("account") or {}
    known = facts.get("dataset") or {}
    chosen = dataset.get("new") or dataset.get("existing") or {}
    values = {
        "connection_spec_id": (facts.get("connection_spec") or {}).get("id"),
        "connection_id": facts.get("base_connection_id"),
        "account_name": facts.get("account_name") or account.get("name"),
        "dataset_id": known.get("id"),
        "dataset_name": known.get("name") or chosen.get("name"),
        "source_object": data.get("table") or data.get("resource") or data.get("path"),
        "delta_column": (definition.get("schedule") or {}).get("load_incremental_by"),
    }
    for column, value in values.items():
        if value:
            setattr(row, column, str(value)[: _LENGTHS.get(column, 300)])


@transaction.atomic
def adopt(dataflow: Dataflow, team: Team) -> Dataflow:
    """From now on the dataflow belongs to the team, its past runs in the charts included."""
    sync = ingest.lock(dataflow.sandbox)
    row = Dataflow.objects.get(pk=dataflow.pk)
    if row.team_id == team.pk:
        return row
    _move_hours(row, team.pk)
    row.team = team
    row.save(update_fields=["team"])
    ingest.touch(sync)
    return row


def _move_hours(row: Dataflow, team_id: int) -> None:
    """Takes the dataflow's runs out of one team's roll-ups and adds them to another's."""
    hours = (
        FlowRun.objects.filter(dataflow=row)
        .annotate(hour=TruncHour("at"))
        .values("hour")
        .annotate(
            success=Count("pk", filter=Q(state="success")),
            partial=Count("pk", filter=Q(state="partial")),
            failed_runs=Count("pk", filter=Q(state="failed")),
            runs=Count("pk"),
            sum_received=Coalesce(Sum("received"), 0),
            sum_ingested=Coalesce(Sum("ingested"), 0),
            sum_failed=Coalesce(Sum("failed"), 0),
        )
        .order_by()
    )
    deltas: dict[Any, HourDelta] = {}
    for hour in hours:
        finished = hour["success"] + hour["partial"] + hour["failed_runs"]
        counts = {
            "success": hour["success"],
            "partial": hour["partial"],
            "failed": hour["failed_runs"],
            "unfinished": hour["runs"] - finished,
            "received": hour["sum_received"],
            "ingested": hour["sum_ingested"],
            "failed_records": hour["sum_failed"],
        }
        gone = {name: -value for name, value in counts.items()}
        deltas[row.team_id, hour["hour"]] = HourDelta(gone)
        deltas[team_id, hour["hour"]] = HourDelta(counts)
    ingest.add_hours(row.sandbox_id, deltas)


@transaction.atomic
def accept_outside_change(dataflow: Dataflow) -> None:
    """What was changed outside stands: also in our document, as far as it says the same things."""
    sync = ingest.lock(dataflow.sandbox)
    row = Dataflow.objects.get(pk=dataflow.pk)
    if row.definition:
        row.definition = _with_changes(row.definition, row)
    row.outside_change = None
    row.save(update_fields=["definition", "outside_change"])
    ingest.touch(sync, count=False)


def forget_outside_change(dataflow: Dataflow) -> None:
    """Not mentioned any more; our document stays as it is."""
    Dataflow.objects.filter(pk=dataflow.pk).update(outside_change=None)


def _with_changes(definition: dict[str, Any], row: Dataflow) -> dict[str, Any]:
    """The document with the changed name, description and schedule."""
    changes = (row.outside_change or {}).get("changes", {})
    made = {**definition, "schedule": {**(definition.get("schedule") or {})}}
    for name in ("name", "description"):
        if name in changes:
            made[name] = changes[name][1]
    for name in ("frequency", "interval"):
        if name in changes:
            made["schedule"][name] = changes[name][1]
    return made


@transaction.atomic
def mark_deleted(dataflow: Dataflow) -> None:
    """We deleted it: gone from the board; its runs stay for the record."""
    sync = ingest.lock(dataflow.sandbox)
    Dataflow.objects.filter(pk=dataflow.pk).update(
        deleted_at=timezone.now(), next_expected_at=None, catch_up=False
    )
    ingest.touch(sync)
    dataflow.refresh_from_db()


def request_poll(sandbox: Sandbox) -> None:
    """The sandbox is polled as soon as a worker is free, dataflows included."""
    now = timezone.now()
    with transaction.atomic():
        sync, _ = SandboxSync.objects.get_or_create(sandbox=sandbox, defaults={"due_at": now})
        SandboxSync.objects.filter(pk=sync.pk).update(due_at=now, asked_at=now, woken_at=now)
        enqueue_on_commit(poll_sandbox, sync.pk)


def rebuild(sandbox: Sandbox) -> int:
    """All roll-ups of a sandbox from its runs, for repair. Returns the number of dataflows."""
    with transaction.atomic():
        sync = ingest.lock(sandbox)
        RunHour.objects.filter(sandbox=sandbox).delete()
        rows = list(Dataflow.objects.filter(sandbox=sandbox).defer("definition", "facts"))
        for row in rows:
            ingest.recompute(row)
            row.save()
            _add_hours_of(row)
        ingest.touch(sync)
    return len(rows)


def _add_hours_of(row: Dataflow) -> None:
    changes = (
        (row.team_id, rollup.Change(run, None))
        for run in FlowRun.objects.filter(dataflow=row).iterator(chunk_size=2000)
    )
    ingest.add_hours(row.sandbox_id, rollup.hour_deltas(changes))
