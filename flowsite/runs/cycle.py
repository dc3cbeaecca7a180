"""What one polling cycle carries with it: lease, time, calls, and what it has changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.conf import settings
from django.utils import timezone

from flowsite.aep.codes import number_of
from flowsite.aep.errors import AepError, BadRequest
from flowsite.aep.flow_service import Flow, Run
from flowsite.aep.flow_service.pages import RowPage
from flowsite.aep.platform import Platform
from flowsite.core import leases, stopping
from flowsite.core.encrypted import Undecryptable
from flowsite.credentials.models import Sandbox
from flowsite.runs import ingest
from flowsite.runs.ingest import Ingested, LeaseLost
from flowsite.runs.models import Dataflow, FlowRun, SandboxSync
from flowsite.saying import say

Row = TypeVar("Row")
#: A call may take its own limit and waits between attempts; none is begun with less time left.
LONGEST_CALL_S: Final = 50.0
#: A filter that AEP refused is tried again after this.
REFUSED_FOR: Final = timedelta(days=1)


class OutOfTime(Exception):
    """The task's time is used up: go on in the next one."""


def lease_length() -> timedelta:
    """Long enough for one slow call between two renewals."""
    return timedelta(seconds=settings.LEASE_S * 2)


@dataclass
class Report:
    """What a cycle did, for ``runs sync`` and the log."""

    sandbox: str
    credential: str = ""
    calls: int = 0
    flows_new: list[dict[str, Any]] = field(default_factory=list)
    flows_changed: list[dict[str, Any]] = field(default_factory=list)
    flows_missing: list[dict[str, Any]] = field(default_factory=list)
    runs_new: list[dict[str, Any]] = field(default_factory=list)
    runs_changed: list[dict[str, Any]] = field(default_factory=list)
    runs_missing: list[str] = field(default_factory=list)
    #: False when there was no time left to read everything.
    finished: bool = True
    error: dict[str, Any] | None = None
    retry_after_s: float | None = None

    def add(self, changes: Ingested) -> None:
        """Notes what a page changed."""
        self.flows_new += map(_flow_line, changes.new_flows)
        self.flows_changed += map(_flow_line, changes.changed_flows)
        self.runs_new += map(_run_line, changes.new_runs)
        self.runs_changed += map(_run_line, changes.changed_runs)

    def as_dict(self) -> dict[str, Any]:
        """JSON for people and scripts."""
        return {
            "sandbox": self.sandbox,
            "credential": self.credential,
            "calls": self.calls,
            "finished": self.finished,
            "dataflows": {
                "new": self.flows_new,
                "changed": self.flows_changed,
                "missing": self.flows_missing,
            },
            "runs": {
                "new": self.runs_new,
                "changed": self.runs_changed,
                "missing": self.runs_missing,
            },
            "error": self.error,
        }


def _flow_line(row: Dataflow) -> dict[str, Any]:
    return {"id": row.flow_id, "name": row.name, "state": str(row.state)}


def _run_line(row: FlowRun) -> dict[str, Any]:
    flow_id = row.dataflow.flow_id if "dataflow" in row._state.fields_cache else None
    return {"id": row.run_id, "dataflow": flow_id, "state": str(row.state)}


@dataclass
class Cycle:
    """One cycle of one sandbox. Every write goes through here and is bound to the lease."""

    sync: SandboxSync
    platform: Platform
    lease: str
    report: Report
    #: Our clock, when the cycle began.
    started: datetime
    deadline: float
    #: Runs that this cycle has read already.
    read_runs: set[str] = field(default_factory=set)

    @classmethod
    def begin(
        cls, sync: SandboxSync, platform: Platform, lease: str, report: Report, budget_s: float
    ) -> Cycle:
        deadline = time.monotonic() + max(budget_s - LONGEST_CALL_S, budget_s / 2)
        return cls(sync, platform, lease, report, timezone.now(), deadline)

    @property
    def sandbox(self) -> Sandbox:
        return self.sync.sandbox

    @property
    def has_time(self) -> bool:
        return time.monotonic() < self.deadline

    @property
    def is_long(self) -> bool:
        """Whether the next cycle would already be due."""
        return timezone.now() - self.started > timedelta(seconds=settings.POLL_S)

    def spend_call(self) -> None:
        """Before each call: is there time, does this process stay, and is the sandbox still ours?

        Raises OutOfTime, LeaseLost.
        """
        if not self.has_time or stopping.asked():
            raise OutOfTime
        if not leases.renew(self.sync, self.lease, lease_length()):
            raise LeaseLost
        self.report.calls += 1

    def save(self, **values: Any) -> None:
        """Writes where the poller stands. Raises LeaseLost."""
        rows = SandboxSync.objects.filter(pk=self.sync.pk, lease_token=self.lease)
        if not rows.update(**values):
            raise LeaseLost
        for name, value in values.items():
            setattr(self.sync, name, value)

    def keep_flows(self, flows: Iterable[Flow]) -> Ingested:
        """Writes dataflows and notes what changed."""
        changes = ingest.ingest_flows(self.sandbox, flows, now=self.started, lease=self.lease)
        self.report.add(changes)
        return changes

    def keep_runs(self, runs: list[Run]) -> Ingested:
        """Writes runs of known dataflows and notes what changed."""
        changes = ingest.ingest_runs(self.sandbox, runs, lease=self.lease)
        self.read_runs.update(run.id for run in runs)
        self.report.add(changes)
        return changes

    def keep_missing(self, rows: list[Dataflow]) -> None:
        """Marks dataflows that AEP shows no more."""
        ingest.mark_missing(rows, now=self.started, lease=self.lease)
        self.report.flows_missing += map(_flow_line, rows)

    def allows(self, name: str) -> bool:
        """Whether AEP has not refused this kind of filter lately."""
        at = self.sync.refusals.get(name)
        return at is None or datetime.fromisoformat(at) + REFUSED_FOR < self.started

    def refuse(self, name: str) -> None:
        """Remembers that AEP refuses this kind of filter."""
        self.save(refusals={**self.sync.refusals, name: self.started.isoformat()})


def error_facts(error: AepError | Undecryptable) -> dict[str, Any]:
    """What the board shows of a failed cycle."""
    if isinstance(error, Undecryptable):
        return {
            "message": str(error),
            "whose_turn": "admin",
            "remedy": say("Save the credential's client secret again."),
        }
    explained = error.explanation
    return {
        "message": str(error),
        "code": error.code or "",
        "request_id": error.request_id or "",
        "cause": explained.cause,
        "whose_turn": explained.whose_turn,
        "remedy": explained.remedy,
    }


#: Codes about ``property`` and ``orderby``. Source: API contract, section 7.10.
_QUERY_CODES: Final = frozenset({1401, 1424, 1432, 1433, 1440, 1443, *range(1448, 1455)})


def is_refusal(error: BadRequest) -> bool:
    """Whether AEP refuses the filter or the order, and not the call as such."""
    number = number_of(error.code)
    return number is None or number in _QUERY_CODES


def taken(cycle: Cycle, pages: Callable[[], Iterator[RowPage[Row]]]) -> Iterator[RowPage[Row]]:
    """Pages of a list, each counted and bound to time and lease before it is asked for."""
    source = pages()
    while True:
        cycle.spend_call()
        page = next(source, None)
        if page is None:
            cycle.report.calls -= 1
            return
        yield page
        if not page.has_next:
            return
