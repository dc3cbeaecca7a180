"""One poller per sandbox: takes the lease, finds a credential that works, and runs one cycle."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from flowsite.aep.errors import (
    AepError,
    BadCredential,
    BadRequest,
    Forbidden,
    NotFound,
    Unauthorized,
)
from flowsite.core import leases, stopping
from flowsite.core.encrypted import Undecryptable
from flowsite.credentials.connect import open_platform
from flowsite.credentials.models import Credential, Sandbox, SandboxAccess
from flowsite.credentials.services import refresh_sandboxes
from flowsite.runs import flow_sweep, naming, run_sweep, work
from flowsite.runs.cycle import (
    Cycle,
    OutOfTime,
    Report,
    error_facts,
    is_refusal,
    lease_length,
)
from flowsite.runs.ingest import LeaseLost
from flowsite.runs.models import SandboxSync
from flowsite.saying import say

logger = logging.getLogger(__name__)

#: A failing sandbox is tried again after at most this.
LONGEST_WAIT_S: Final = 900.0
#: Which sandboxes a credential reaches is asked this often.
SANDBOXES_EVERY: Final = timedelta(hours=1)
#: Another credential may do better.
_OF_THE_CREDENTIAL: Final = (BadCredential, Unauthorized, Forbidden, NotFound, Undecryptable)


def poll_once(
    sandbox: Sandbox, *, credential: Credential | None = None, budget_s: float | None = None
) -> Report | None:
    """One cycle now, whether it is due or not; None while another process polls the sandbox.

    ``credential``: only through this one. Never raises for an answer of AEP: see ``error``.
    """
    sync, _ = SandboxSync.objects.get_or_create(
        sandbox=sandbox, defaults={"due_at": timezone.now()}
    )
    return poll(sync, credential=credential, budget_s=budget_s)


def poll_if_due(sync_id: int) -> Report | None:
    """One cycle if the sandbox is due and nobody polls it; none in a process that is to stop."""
    if stopping.asked():
        return None
    sync = SandboxSync.objects.filter(pk=sync_id, due_at__lte=timezone.now()).first()
    return poll(sync) if sync else None


def poll(
    sync: SandboxSync, *, credential: Credential | None = None, budget_s: float | None = None
) -> Report | None:
    """One cycle; None when the lease is held."""
    lease = leases.take(sync, lease_length())
    if lease is None:
        return None
    started = timezone.now()
    sync = SandboxSync.objects.select_related("sandbox__organisation").get(pk=sync.pk)
    report = Report(sandbox=sync.sandbox.name)
    try:
        budget_s = settings.TASK_BUDGET_S if budget_s is None else budget_s
        _through_some_credential(sync, lease, report, credential, budget_s)
        _finish(sync, lease, report, started)
    except LeaseLost:
        report.finished = False
        logger.warning("lost the lease of a sandbox", extra={"sandbox": sync.sandbox.name})
    except Exception as error:
        _give_back(sync, lease, error)
        raise
    return report


def _through_some_credential(
    sync: SandboxSync,
    lease: str,
    report: Report,
    only: Credential | None,
    budget_s: float,
) -> None:
    accesses = _accesses(sync, only)
    if not accesses:
        report.error = {
            "message": say("No credential reaches this sandbox any more."),
            "whose_turn": "admin",
            "remedy": say("Add or test a credential on the Credentials page."),
        }
    for access in accesses:
        report.credential, report.error = access.credential.name, None
        try:
            _run(sync, access, lease, report, budget_s)
        except (AepError, Undecryptable) as error:
            report.error = error_facts(error)
            report.retry_after_s = getattr(error, "retry_after_s", None)
            report.finished = False
            if not isinstance(error, _OF_THE_CREDENTIAL):
                return
        else:
            SandboxSync.objects.filter(pk=sync.pk).update(credential=access.credential)
            return


def _accesses(sync: SandboxSync, only: Credential | None) -> list[SandboxAccess]:
    """Ways into the sandbox: the one that worked last, then healthy ones, then the others."""
    rows: Iterable[SandboxAccess] = SandboxAccess.objects.filter(
        sandbox=sync.sandbox, sandbox__state__iexact="active"
    ).select_related("credential__organisation", "credential__team")
    found = [row for row in rows if only is None or row.credential_id == only.pk]
    return sorted(
        found,
        key=lambda row: (
            row.credential_id != sync.credential_id,
            bool(row.credential.last_error),
            row.credential_id,
        ),
    )


def _run(
    sync: SandboxSync, access: SandboxAccess, lease: str, report: Report, budget_s: float
) -> None:
    credential = access.credential
    if access.seen_at + SANDBOXES_EVERY < timezone.now():
        report.calls += 1
        refresh_sandboxes(credential)
    with open_platform(credential, sync.sandbox) as platform:
        cycle = Cycle.begin(sync, platform, lease, report, budget_s)
        try:
            _steps(cycle)
        except OutOfTime:
            report.finished = False


def _steps(cycle: Cycle) -> None:
    if flow_sweep.is_due(cycle):
        flow_sweep.sweep_flows(cycle)
    if cycle.allows("runs"):
        try:
            run_sweep.sweep_runs(cycle)
        except BadRequest as error:
            if not is_refusal(error):
                raise
            cycle.refuse("runs")
    if not cycle.allows("runs"):
        run_sweep.read_in_turn(cycle)
    run_sweep.read_open(cycle)
    run_sweep.read_behind(cycle)
    naming.resolve_names(cycle)
    run_sweep.read_backlog(cycle)
    work.forget_what_is_over(cycle.sandbox)
    if run_sweep.is_behind(cycle):
        raise OutOfTime


def _finish(sync: SandboxSync, lease: str, report: Report, started: datetime) -> None:
    """Gives the lease back with when to come again. Raises LeaseLost."""
    now = timezone.now()
    values: dict[str, Any] = {"calls": F("calls") + report.calls}
    if report.error:
        values |= {
            "error": report.error,
            "failed_at": now,
            "failures": F("failures") + 1,
            "version": F("version") + 1,
        }
    else:
        values |= {"error": None, "succeeded_at": now, "failures": 0}
    values["due_at"] = now + timedelta(seconds=_wait_s(sync, report, started, now))
    if not leases.release(sync, lease, **values):
        raise LeaseLost
    # Somebody asked while the cycle was under way, perhaps for what it had read already.
    SandboxSync.objects.filter(pk=sync.pk, asked_at__gt=started).update(due_at=now)


def _wait_s(sync: SandboxSync, report: Report, started: datetime, now: datetime) -> float:
    """Seconds until the next cycle: the interval counts from start to start."""
    if report.error:
        wait = min(float(settings.POLL_S) * 2.0 ** min(sync.failures, 10), LONGEST_WAIT_S)
        return max(wait, report.retry_after_s or 0.0)
    if not report.finished:
        return 0.0
    took = (now - started).total_seconds()
    return max(float(settings.POLL_S) - took, took, 0.0)


def _give_back(sync: SandboxSync, lease: str, error: Exception) -> None:
    """After an error of ours: not again at once, and said on the board."""
    now = timezone.now()
    told = {
        "message": say(
            "Flowsite failed while it read this sandbox ({name}).", name=type(error).__name__
        ),
        "whose_turn": "admin",
        "remedy": say("This is a fault of Flowsite, not of AEP: see the log of the worker."),
    }
    leases.release(
        sync,
        lease,
        due_at=now + timedelta(seconds=min(settings.POLL_S * 5, LONGEST_WAIT_S)),
        failures=F("failures") + 1,
        failed_at=now,
        error=told,
        version=F("version") + 1,
    )
