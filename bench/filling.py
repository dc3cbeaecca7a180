"""Fills the cache of dataflows and runs with made-up rows, by bulk inserts: no AEP involved.

What stands in the rows is decided by their numbers alone, so that every filling is the same. Four
fifths of the dataflows belong to the person's team, a tenth to nobody, a tenth to another team.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection
from django.utils import timezone

from flowsite.credentials.models import Credential, Organisation, Sandbox, SandboxAccess
from flowsite.definitions.sources import source_by_slug
from flowsite.people.models import Team
from flowsite.runs import ingest, rollup
from flowsite.runs.counting import recount
from flowsite.runs.models import Dataflow, FlowRun, RunHour, SandboxSync

#: Between two runs of a dataflow.
EVERY = timedelta(hours=2)
CODES = ("CONNECTOR-1001-500", "CONNECTOR-2001-500", "MAPPER-3700-400", "INGEST-1555-400")
#: One dataflow in so many fails at present.
FAILING = 25
CHUNK = 10_000


def make_access(team: Team) -> SandboxAccess:
    """A sandbox that the team reaches; nothing is called."""
    organisation = Organisation.objects.create(org_id="BENCH@AdobeOrg")
    credential = Credential.objects.create(
        team=team,
        organisation=organisation,
        name="Bench",
        client_id="bench",
        ims_url="https://ims.example",
        platform_url="https://platform.example",
    )
    sandbox = Sandbox.objects.create(
        organisation=organisation, name="bench", title="Bench", type="development"
    )
    return SandboxAccess.objects.create(
        credential=credential, sandbox=sandbox, seen_at=timezone.now()
    )


def fill(sandbox: Sandbox, team: Team, dataflows: int, runs: int) -> None:
    """Adds what is missing until there are so many dataflows with so many runs each."""
    other = Team.objects.get_or_create(name="Others")[0]
    now = timezone.now().replace(microsecond=0)
    present = Dataflow.objects.filter(sandbox=sandbox).count()
    flows = [
        _dataflow(sandbox, number, _team_of(number, team, other), now)
        for number in range(present, dataflows)
    ]
    Dataflow.objects.bulk_create(flows, batch_size=1000)
    first = FlowRun.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    hours: dict[tuple[int | None, datetime], rollup.HourDelta] = defaultdict(rollup.HourDelta)
    _insert_runs(_runs(flows, runs, first + 1, now, hours))
    Dataflow.objects.bulk_update(flows, ingest.ROLLED, batch_size=200)
    _add_hours(sandbox, hours)
    _say_read(sandbox, now)
    _settle()


def _team_of(number: int, team: Team, other: Team) -> Team | None:
    return {8: None, 9: other}.get(number % 10, team)


def _dataflow(sandbox: Sandbox, number: int, team: Team | None, now: datetime) -> Dataflow:
    words = ("payments", "orders", "customers", "products", "refunds", "invoices", "visits")
    slug = ("paypal", "square", "stripe")[number % 3]
    table = words[number * 7 % len(words)]
    made = now - timedelta(days=40)
    return Dataflow(
        sandbox=sandbox,
        team=team,
        flow_id=f"00000000-0000-4000-8000-{number:012}",
        name=f"{table} {number * 7919 % 100_003:06} to lake",
        raw_state="enabled",
        settled_state="enabled",
        connection_spec_id=source_by_slug(slug).connection_spec_id,
        connection_id=f"account-{number % 40:04}",
        account_name=f"{slug.title()} account {number % 40}",
        dataset_id=f"dataset-{number % 200:04}",
        dataset_name=f"{table.title()} {number % 200}",
        source_object=f"{slug.title()}.{table.title()}",
        schedule={"frequency": "hour", "interval": 2, "startTime": int(made.timestamp())},
        options={"errorDiagnosticsEnabled": True},
        created_at=made,
        updated_at=made,
        expect_from=made,
        named_at=now,
        seen_at=now,
    )


def _state(flow: int, back: int) -> str:
    """The state of a dataflow's run, ``back`` runs before its newest one."""
    if back == 0 and flow % 50 == 7:
        return "in_progress"
    if flow % FAILING == 0 and back < 3 + flow % 20:
        return "failed"
    lot = (flow * 31 + back * 17) % 100
    return "failed" if lot < 3 else "partial" if lot < 7 else "success"


def _runs(
    flows: list[Dataflow], count: int, key: int, now: datetime, hours: dict[Any, Any]
) -> Iterator[FlowRun]:
    """The runs, oldest first of each dataflow; rolls them up into dataflow and hours."""
    for flow in flows:
        number = int(flow.flow_id[-12:])
        newest = now - timedelta(seconds=60 + number * 37 % 6600)
        made = []
        for back in range(count - 1, -1, -1):
            run = _run(flow, key, _state(number, back), newest - EVERY * back, number)
            hours[flow.team_id, rollup.hour_of(run.at)].add(1, run)
            made.append(run)
            key += 1
        recent = made[::-1]
        by_state = {run.state: run for run in made if run.is_finished}
        rollup.set_runs(flow, recent, by_state)
        yield from made


def _run(flow: Dataflow, key: int, state: str, at: datetime, number: int) -> FlowRun:
    received = None if state == "in_progress" else 500 + (number * 13 + key) % 1500
    failed = {"success": 0, "partial": 12, "failed": received}.get(state)
    over = state != "in_progress"
    ended = at + timedelta(seconds=40 + key % 90) if over else None
    code = CODES[number % 40 % len(CODES)] if state in ("failed", "partial") else ""
    error = {"code": code, "message": f"{code} at record {key}", "count": 1, "activity": "copy"}
    return FlowRun(
        pk=key,
        dataflow=flow,
        sandbox_id=flow.sandbox_id,
        run_id=f"10000000-0000-4000-8000-{key:012}",
        state=state,
        raw_state="inProgress" if not over else "failed" if state == "failed" else "success",
        at=at,
        started_at=at,
        ended_at=ended,
        created_at=at,
        updated_at=ended or at,
        window_start=at - EVERY,
        window_end=at,
        received=received,
        ingested=None if received is None else received - (failed or 0),
        failed=failed,
        input_bytes=received and received * 60,
        output_bytes=received and received * 85,
        error_code=code,
        errors=[error] if code else [],
        activities=_activities(at, ended, state),
        batch_ids=[f"01HBENCH{key:018}"],
    )


def _activities(at: datetime, ended: datetime | None, state: str) -> list[dict[str, Any]]:
    end = ended.isoformat() if ended else None
    return [
        {"kind": kind, "name": "", "state": state, "started_at": at.isoformat(), "ended_at": end}
        for kind in ("copy", "promotion")
    ]


def _insert_runs(runs: Iterator[FlowRun]) -> None:
    """COPY on PostgreSQL; prepared inserts, a transaction for each chunk, on SQLite."""
    fields = FlowRun._meta.concrete_fields
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    values = (tuple(_plain(getattr(run, field.attname)) for field in fields) for run in runs)
    table = FlowRun._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            )
            return
        places = ", ".join("?" for _ in fields)
        sql = f"INSERT INTO {table} ({names}) VALUES ({places})"
        while chunk := list(islice(values, CHUNK)):
            raw = connection.connection
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany(sql, chunk)
            raw.execute("COMMIT")


def _plain(value: Any) -> Any:
    if isinstance(value, list | dict):
        return json.dumps(value)
    if isinstance(value, datetime) and connection.vendor == "sqlite":
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return value


def _add_hours(sandbox: Sandbox, hours: dict[tuple[int | None, datetime], Any]) -> None:
    for (team_id, hour), delta in hours.items():
        row, _ = RunHour.objects.get_or_create(sandbox=sandbox, team_id=team_id, hour=hour)
        for name, value in delta.counts.items():
            setattr(row, name, getattr(row, name) + value)
        row.save()


def _say_read(sandbox: Sandbox, now: datetime) -> None:
    """The poller has just been here, and comes again tomorrow."""
    SandboxSync.objects.update_or_create(
        sandbox=sandbox,
        defaults={
            "due_at": now + timedelta(days=1),
            "watermark": now,
            "flows_watermark": now,
            "flows_read_at": now,
            "flows_complete_at": now,
            "succeeded_at": now,
            "counts": recount(sandbox.pk),
            "runs_read": FlowRun.objects.filter(sandbox=sandbox).count(),
        },
    )


def _settle() -> None:
    """What autovacuum does a minute later; SQLite gets no statistics, as in production."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
