"""Keeps the rows that runs refused: Adobe throws them away after 30 days.

Ingest marks runs that end badly while we watch (``rows_wanted_at``); a task of its own reads their
rows. A claim moves the mark into the future, so that a worker that dies only costs time.
"""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from flowsite.aep.errors import AepError
from flowsite.core.encrypted import Undecryptable, decrypt, encrypt
from flowsite.credentials.models import Sandbox, SandboxAccess
from flowsite.runs.models import FlowRun, KeptRows, SandboxSync
from flowsite.runs.row_errors import RefusedRow, RefusedRows, read_refused_rows

#: A claimed run is due again after this, should its worker die or AEP not answer.
CLAIM: Final = timedelta(minutes=10)
PER_TASK: Final = 20
TASK_S: Final = 60.0


def keep_wanted_rows(sandbox: Sandbox) -> int:
    """Reads the rows of runs that are marked; how many runs were dealt with."""
    started, done = time.monotonic(), 0
    access = _access(sandbox)
    if access is None:
        return 0
    due = FlowRun.objects.filter(sandbox=sandbox, rows_wanted_at__lte=timezone.now())
    for run in list(due.order_by("rows_wanted_at")[:PER_TASK]):
        if time.monotonic() - started > TASK_S:
            break
        if not _claim(run):
            continue
        try:
            keep(run, read_refused_rows(access, run))
        except (AepError, Undecryptable) as error:
            if not getattr(error, "permanent", False):
                break
            FlowRun.objects.filter(pk=run.pk).update(rows_wanted_at=None)
        done += 1
    return done


def _claim(run: FlowRun) -> bool:
    rows = FlowRun.objects.filter(pk=run.pk, rows_wanted_at=run.rows_wanted_at)
    return bool(rows.update(rows_wanted_at=timezone.now() + CLAIM))


def _access(sandbox: Sandbox) -> SandboxAccess | None:
    """The credential that last polled the sandbox, else any that reaches it."""
    rows = SandboxAccess.objects.filter(sandbox=sandbox).select_related(
        "credential__organisation", "sandbox"
    )
    sync = SandboxSync.objects.filter(sandbox=sandbox).first()
    working = rows.filter(credential=sync.credential_id).first() if sync else None
    return working or rows.order_by("pk").first()


@transaction.atomic
def keep(run: FlowRun, found: RefusedRows) -> None:
    """Stores what was read, also that there was nothing."""
    if found.rows:
        KeptRows.objects.update_or_create(
            run=run,
            defaults={
                "rows": encrypt(json.dumps([_as_json(row) for row in found.rows]), secret=False),
                "count": len(found.rows),
                "more": found.more,
            },
        )
    FlowRun.objects.filter(pk=run.pk).update(rows_wanted_at=None)
    syncs = SandboxSync.objects.filter(sandbox_id=run.sandbox_id)
    syncs.update(row_calls=F("row_calls") + found.calls)


def kept_rows(run: FlowRun) -> tuple[RefusedRows, datetime] | None:
    """The kept rows and since when; None when there are none, or no key opens them any more."""
    kept = KeptRows.objects.filter(run=run).first()
    if kept is None:
        return None
    try:
        rows = json.loads(decrypt(kept.rows, secret=False))
    except Undecryptable:
        return None
    return RefusedRows([_from_json(row) for row in rows], more=kept.more), kept.kept_at


def _as_json(row: RefusedRow) -> dict[str, Any]:
    return {"errors": [list(error) for error in row.errors], "values": row.values}


def _from_json(row: dict[str, Any]) -> RefusedRow:
    return RefusedRow(tuple((code, message) for code, message in row["errors"]), row["values"])
