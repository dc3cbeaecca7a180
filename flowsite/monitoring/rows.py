"""What templates print of dataflows and runs: words, tones and addresses, ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from flowsite.aep.codes import explain
from flowsite.aep.flow_service.runs import run_state
from flowsite.core.look import Status, strip
from flowsite.core.wording import NOTHING, number
from flowsite.monitoring import words
from flowsite.runs.models import Dataflow, FlowRun, FlowState, RunState
from flowsite.runs.selectors import late_before


@dataclass(frozen=True)
class Chip:
    """A filter with its count, as a link."""

    label: str
    url: str
    count: int | None = None
    current: bool = False
    icon: str = ""


@dataclass(frozen=True)
class Fact:
    """A term and its value; see components/facts.html."""

    term: str
    value: Any
    href: str = ""
    as_id: bool = False
    mono: bool = False


@dataclass(frozen=True)
class Figure:
    """A number with its name; see components/figures.html."""

    term: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Freshness:
    """Whether the data is as fresh as the schedule promises."""

    text: str
    tone: str = ""
    icon: str = ""
    note: str = ""


@dataclass(frozen=True)
class FlowRow:
    """A line of the board."""

    pk: int
    name: str
    url: str
    #: Account and dataset; ``path`` is the whole way from source to dataset.
    brief: str
    path: str
    source: str
    account: str
    dataset: str
    sandbox: str
    owner: str
    tags: list[str]
    status: Status
    strip: SafeString
    last: Status | None
    last_at: datetime | None
    duration_s: float | None
    received: int | None
    ingested: int | None
    failed: int | None
    loss: str
    freshness: Freshness
    schedule: str
    is_unowned: bool
    is_enabled: bool


@dataclass(frozen=True)
class RunRow:
    """A line of a list of runs."""

    pk: int
    url: str
    dataflow: str
    dataflow_url: str
    sandbox: str
    status: Status
    at: datetime
    duration_s: float | None
    received: int | None
    ingested: int | None
    failed: int | None
    loss: str
    code: str
    cause: str


@dataclass(frozen=True)
class ErrorRow:
    """An error of a run, explained."""

    code: str
    message: str
    count: int | None
    activity: str
    cause: str
    whose_turn: str
    remedy: str
    tone: str = "negative"
    #: Words and address of the place where it is mended.
    link: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class ActivityRow:
    """One of the two halves of a run."""

    title: str
    subtitle: str
    status: Status
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    facts: list[Fact] = field(default_factory=list)


@cache
def _address(name: str) -> tuple[str, str]:
    """An address around its key: reversing 700 of them would cost more than the page."""
    before, _, after = reverse(name, args=[0]).rpartition("0")
    return before, after


def run_url(pk: int) -> str:
    before, after = _address("run")
    return f"{before}{pk}{after}"


def flow_url(pk: int) -> str:
    before, after = _address("dataflow")
    return f"{before}{pk}{after}"


def flow_rows(
    rows: Iterable[Dataflow],
    now: datetime,
    *,
    several: bool,
    read_at: Mapping[int, datetime | None],
) -> list[FlowRow]:
    """Lines of the board; ``several``: name the sandbox of each."""
    return [_flow_row(row, now, several, read_at.get(row.sandbox_id)) for row in rows]


def _flow_row(row: Dataflow, now: datetime, several: bool, read_at: datetime | None) -> FlowRow:
    names = (words.source_name(row.connection_spec_id), row.account_name, row.source_object)
    origin = " · ".join(name for name in names if name)
    account = row.account_name or origin
    return FlowRow(
        pk=row.pk,
        name=row.name,
        url=flow_url(row.pk),
        brief=f"{account} → {row.dataset_name}" if row.dataset_name else account,
        path=f"{origin} → {row.dataset_name}" if row.dataset_name else origin,
        source=words.source_name(row.connection_spec_id) or "–",
        account=row.account_name,
        dataset=row.dataset_name,
        sandbox=row.sandbox.name if several else "",
        owner=str(row.owner) if row.owner_id else "",
        tags=row.tags,
        status=words.flow_status(row.state, row.raw_state),
        strip=run_strip(row),
        last=words.run_status(row.last_run_state) if row.last_run_state else None,
        last_at=row.last_run_at,
        duration_s=row.last_duration_s if row.last_finished_run else None,
        received=row.last_received,
        ingested=row.last_ingested,
        failed=row.last_failed,
        loss=words.loss(row.last_failed, row.last_received),
        freshness=freshness(row, now, read_at),
        schedule=words.schedule_words(row.schedule),
        is_unowned=row.team_id is None,
        is_enabled=row.state == FlowState.ENABLED,
    )


def run_strip(row: Dataflow) -> SafeString:
    """The last 14 runs as marks, oldest first."""
    labels = {state: RunState(state).label for _, state, _ in row.strip}
    marks = [
        # The times are UTC (``rollup``): taking them apart would cost more than all the rest.
        (
            words.MARKS.get(state, "running"),
            gettext("{labels}, {at} {at2} UTC").format(
                labels=labels[state], at=at[:10], at2=at[11:16]
            ),
            run_url(pk),
        )
        for pk, state, at in reversed(row.strip)
    ]
    return (
        strip(marks, gettext("Last {count} runs of {name}").format(count=len(marks), name=row.name))
        if marks
        else SafeString("–")
    )


def freshness(row: Dataflow, now: datetime, read_at: datetime | None) -> Freshness:
    """How the newest run compares with the schedule, as of the last reading of the sandbox."""
    if row.deleted_at:
        return Freshness(
            gettext("Deleted {deleted_at}").format(deleted_at=words.clock(row.deleted_at, now)),
            "notice",
            "trash",
        )
    if row.missing_since:
        since = words.clock(row.missing_since, now)
        return Freshness(
            gettext("Not found in AEP since {since}").format(since=since),
            "notice",
            "question-mark-circle",
        )
    if not row.runs_supported:
        return Freshness(gettext("Streams; has no runs"))
    if row.state not in (FlowState.ENABLED, FlowState.PROCESSING):
        return Freshness(gettext("Not running"))
    expected = row.next_expected_at
    if expected is None:
        return Freshness(gettext("Ran once") if row.last_run_at else "–")
    if expected < late_before(now):
        if read_at is None or expected >= late_before(read_at):
            since = (
                gettext("Not read since {read_at}").format(read_at=words.clock(read_at, now))
                if read_at
                else gettext("Not read yet")
            )
            return Freshness(since, "notice", "question-mark-circle")
        note = gettext("expected {expected}").format(expected=words.clock(expected, now))
        return Freshness(words.lateness(expected, now), "negative", "clock", note)
    if expected < now:
        return Freshness(
            gettext("Due since {expected}").format(expected=words.clock(expected, now))
        )
    return Freshness(gettext("Next {expected}").format(expected=words.clock(expected, now)))


def run_rows(rows: Iterable[FlowRun], *, several: bool = False) -> list[RunRow]:
    """Lines of a list of runs."""
    return [_run_row(row, several) for row in rows]


def _run_row(row: FlowRun, several: bool) -> RunRow:
    return RunRow(
        pk=row.pk,
        url=run_url(row.pk),
        dataflow=row.dataflow.name,
        dataflow_url=flow_url(row.dataflow_id),
        sandbox=row.sandbox.name if several else "",
        status=words.run_status(row.state, row.raw_state),
        at=row.at,
        duration_s=row.duration_s,
        received=row.received,
        ingested=row.ingested,
        failed=row.failed,
        loss=words.loss(row.failed, row.received),
        code=row.error_code,
        cause=explain(row.error_code).cause if row.error_code else "",
    )


def error_rows(run: FlowRun) -> list[ErrorRow]:
    """The run's errors in AEP's order, each with cause, whose turn and remedy."""
    found = []
    for error in run.errors:
        told = explain(error["code"])
        found.append(
            ErrorRow(
                code=error["code"],
                message=error["message"],
                count=error["count"],
                activity={"copy": "Copy", "promotion": "Promotion"}.get(error["activity"], ""),
                cause=told.cause,
                whose_turn=words.whose_turn(told.whose_turn),
                remedy=told.remedy,
                tone="negative" if run.state == RunState.FAILED else "notice",
            )
        )
    return found


_ACTIVITIES = {
    "copy": ("Copy", gettext_lazy("Source to staging")),
    "promotion": (
        "Promotion",
        gettext_lazy("Staging to the data lake, with mapping and validation"),
    ),
}


def activity_rows(run: FlowRun) -> list[ActivityRow]:
    """Copy and promotion, as far as AEP tells them."""
    return [_activity_row(activity, run) for activity in run.activities]


def _activity_row(activity: dict[str, Any], run: FlowRun) -> ActivityRow:
    title, subtitle = _ACTIVITIES.get(
        activity.get("kind", ""), (activity.get("name") or gettext("Activity"), "")
    )
    started, ended = _moment(activity.get("started_at")), _moment(activity.get("ended_at"))
    raw = activity.get("state", "")
    counters = [
        (gettext("Records in"), _count(activity.get("input_records"))),
        (gettext("Records out"), _count(activity.get("output_records"))),
        (gettext("Records failed"), _count(activity.get("failed_records"))),
        (gettext("Files in"), _count(activity.get("input_files"))),
        (gettext("Files out"), _count(activity.get("output_files"))),
        (gettext("Read"), words.size(activity.get("input_bytes"))),
        (gettext("Written"), words.size(activity.get("output_bytes"))),
    ]
    return ActivityRow(
        title=title,
        subtitle=subtitle,
        status=_activity_status(raw, run),
        started_at=started,
        ended_at=ended,
        duration_s=(ended - started).total_seconds() if started and ended else None,
        facts=[Fact(term, value) for term, value in counters if value != NOTHING],
    )


def _activity_status(raw: str, run: FlowRun) -> Status:
    """AEP's word for it; nothing of a finished run goes on, whatever AEP leaves out."""
    state = run_state(raw, None, ())
    if run.is_finished and state in {"in_progress", "scheduled", "queued"}:
        return Status(raw or NOTHING)
    return words.run_status(state, raw)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _count(value: int | None) -> str:
    return number(value)


def poll_seconds() -> int:
    """How often an open page asks whether something changed."""
    return max(2, min(15, int(settings.POLL_S / 4)))
