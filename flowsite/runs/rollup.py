"""What the board and the charts print, kept current while runs change. No queries here.

``note_runs`` merges changed runs into a dataflow's row; where merging can't be exact (a run moved
back in time, or a finished run changed its outcome) it says so, and the caller reads the rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from flowsite.runs.expectation import next_expected
from flowsite.runs.models import FINISHED, Dataflow, FlowRun, FlowState, RunState

STRIP_LENGTH: Final = 14
#: Dataflows in these states are expected to run.
_RUNNING_STATES: Final = (FlowState.ENABLED, FlowState.PROCESSING)
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Before:
    """What counted of a run before it changed; None in its place for a new run."""

    state: str
    at: datetime
    received: int | None
    ingested: int | None
    failed: int | None

    @classmethod
    def of(cls, run: FlowRun) -> Before:
        return cls(run.state, run.at, run.received, run.ingested, run.failed)


@dataclass(frozen=True)
class Change:
    """A run as it is now, and as it was."""

    run: FlowRun
    before: Before | None


@dataclass
class HourDelta:
    """What to add to a row of ``RunHour``."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, sign: int, run: FlowRun | Before) -> None:
        """Counts a run in (1) or out (-1). Unknown counters are never summed."""
        self.counts[run.state if run.state in FINISHED else "unfinished"] += sign
        self.counts["received"] += sign * (run.received or 0)
        self.counts["ingested"] += sign * (run.ingested or 0)
        self.counts["failed_records"] += sign * (run.failed or 0)

    @property
    def is_zero(self) -> bool:
        return not any(self.counts.values())


def hour_of(moment: datetime) -> datetime:
    """The hour that a run is counted in."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def hour_deltas(changes: Iterable[tuple[int | None, Change]]) -> dict[Any, HourDelta]:
    """``(team, hour)`` → what changed there, from (team of the dataflow, change) pairs."""
    deltas: dict[tuple[int | None, datetime], HourDelta] = defaultdict(HourDelta)
    for team, change in changes:
        if change.before is not None:
            deltas[team, hour_of(change.before.at)].add(-1, change.before)
        deltas[team, hour_of(change.run.at)].add(1, change.run)
    return {key: delta for key, delta in deltas.items() if not delta.is_zero}


def note_runs(dataflow: Dataflow, changes: Sequence[Change]) -> bool:
    """Merges changed runs into the row; False where only reading all its runs is exact."""
    if any(_is_correction(change) for change in changes):
        return False
    floor = _key(dataflow.strip[-1]) if len(dataflow.strip) == STRIP_LENGTH else None
    marks = {mark[0]: mark for mark in dataflow.strip}
    marks |= {change.run.pk: _mark(change.run) for change in changes}
    strip = sorted(marks.values(), key=_key, reverse=True)[:STRIP_LENGTH]
    if floor and _key(strip[-1]) < floor:
        return False
    dataflow.strip = strip
    for change in changes:
        _note_outcome(dataflow, change.run)
    refresh(dataflow)
    return True


def set_runs(
    dataflow: Dataflow, newest: Sequence[FlowRun], newest_by_state: dict[str, FlowRun]
) -> None:
    """The row from scratch: its newest 14 runs, and the newest run of each finished state."""
    dataflow.strip = [_mark(run) for run in newest[:STRIP_LENGTH]]
    dataflow.last_finished_at = dataflow.last_finished_run = None
    dataflow.last_success_at = dataflow.last_partial_at = dataflow.last_failed_at = None
    dataflow.last_finished_state = dataflow.last_error_code = ""
    dataflow.failing_since = None
    for run in newest_by_state.values():
        _note_outcome(dataflow, run)
    refresh(dataflow)


def refresh(dataflow: Dataflow) -> None:
    """What follows from the strip and the schedule."""
    if dataflow.strip:
        _, dataflow.last_run_state, at = dataflow.strip[0]
        dataflow.last_run_at = datetime.fromisoformat(at)
    else:
        dataflow.last_run_state, dataflow.last_run_at = "", None
    dataflow.failing_since = _failing_since(dataflow)
    dataflow.latest_at = dataflow.last_run_at or dataflow.created_at or _EPOCH
    expected = dataflow.runs_supported and dataflow.state in _RUNNING_STATES
    dataflow.next_expected_at = (
        next_expected(dataflow.schedule, last_run=dataflow.last_run_at, since=dataflow.expect_from)
        if expected and not dataflow.missing_since and not dataflow.deleted_at
        else None
    )


def _failing_since(dataflow: Dataflow) -> datetime | None:
    """Start of the failures in a row, newest run first; what the strip has forgotten is kept."""
    since = None
    finished = [mark for mark in dataflow.strip if mark[1] in FINISHED]
    for mark in finished:
        if mark[1] != RunState.FAILED:
            return since
        since = datetime.fromisoformat(mark[2])
    known = dataflow.failing_since
    return min(known, since) if known and since else since


def _note_outcome(dataflow: Dataflow, run: FlowRun) -> None:
    if run.state not in FINISHED:
        return
    column = {
        RunState.SUCCESS.value: "last_success_at",
        RunState.PARTIAL.value: "last_partial_at",
        RunState.FAILED.value: "last_failed_at",
    }[run.state]
    setattr(dataflow, column, max(run.at, getattr(dataflow, column) or run.at))
    newest = (dataflow.last_finished_at or _EPOCH, dataflow.last_finished_run or 0)
    if (run.at, run.pk) < newest:
        return
    dataflow.last_finished_at, dataflow.last_finished_run = run.at, run.pk
    dataflow.last_finished_state = run.state
    dataflow.last_duration_s = run.duration_s
    dataflow.last_received, dataflow.last_ingested = run.received, run.ingested
    dataflow.last_failed = run.failed
    dataflow.last_error_code = run.error_code if run.state != RunState.SUCCESS else ""


def _is_correction(change: Change) -> bool:
    """Whether something that was counted as an outcome is no longer so, or moved back."""
    before, run = change.before, change.run
    if before is None:
        return False
    if before.state in FINISHED:
        return before.state != run.state or before.at != run.at
    return run.at < before.at


def _mark(run: FlowRun) -> list[Any]:
    return [run.pk, str(run.state), run.at.astimezone(UTC).isoformat()]


def _key(mark: list[Any]) -> tuple[datetime, int]:
    return datetime.fromisoformat(mark[2]), mark[0]
