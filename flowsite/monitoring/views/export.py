"""Lists as CSV, with the filters of the page, read row by row however long they are."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from flowsite.monitoring import words
from flowsite.monitoring.filters import BoardFilter, RunFilter, chosen_sandboxes
from flowsite.monitoring.rows import freshness
from flowsite.monitoring.views.common import ANYBODY, UNPRINTED_FLOW
from flowsite.monitoring.windows import window_of
from flowsite.people.rights import role_required
from flowsite.runs.models import Dataflow, FlowRun
from flowsite.runs.selectors import dataflows_for_user, read_at, runs_for_user, syncs_of

FLOW_HEADINGS = (
    "Sandbox",
    "Dataflow",
    "Dataflow id",
    "State",
    "Source",
    "Account",
    "Dataset",
    "Schedule",
    "Latest run",
    "Latest run at (UTC)",
    "Latest finished run",
    "Records received",
    "Records ingested",
    "Records failed",
    "Loss rate",
    "Duration (s)",
    "Freshness",
    "Owner",
    "Tags",
)
RUN_HEADINGS = (
    "Sandbox",
    "Dataflow",
    "Run id",
    "State",
    "Started (UTC)",
    "Ended (UTC)",
    "Records received",
    "Records ingested",
    "Records failed",
    "Error code",
)
#: A spreadsheet would take a text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file for ``csv.writer`` that hands each line back."""

    def write(self, line: str) -> str:
        return line


@role_required(*ANYBODY)
@require_GET
def board_export(request: HttpRequest) -> StreamingHttpResponse:
    """The board's dataflows, all pages."""
    user: Any = request.user
    sandboxes, now = chosen_sandboxes(request), timezone.now()
    asked = BoardFilter.of(request.GET)
    seen = read_at(syncs_of(sandboxes))
    rows = (
        asked.narrow(dataflows_for_user(user).filter(sandbox__in=sandboxes), now)
        .select_related("owner", "sandbox")
        .defer(*UNPRINTED_FLOW, "strip")
        .order_by("sandbox__name", "name", "pk")
    )
    lines = (_flow_line(row, now, seen.get(row.sandbox_id)) for row in rows.iterator(1000))
    return _answer("dataflows", FLOW_HEADINGS, lines)


def _flow_line(row: Dataflow, now: datetime, seen: datetime | None) -> list[Any]:
    fresh = freshness(row, now, seen)
    return [
        row.sandbox.name,
        row.name,
        row.flow_id,
        words.flow_status(row.state).word,
        words.source_name(row.connection_spec_id),
        row.account_name,
        row.dataset_name,
        words.schedule_words(row.schedule),
        words.run_status(row.last_run_state).word if row.last_run_state else "",
        _time(row.last_run_at),
        words.run_status(row.last_finished_state).word if row.last_finished_state else "",
        row.last_received,
        row.last_ingested,
        row.last_failed,
        words.loss(row.last_failed, row.last_received),
        row.last_duration_s,
        f"{fresh.text}; {fresh.note}" if fresh.note else fresh.text,
        str(row.owner) if row.owner_id else "",
        ", ".join(row.tags),
    ]


@role_required(*ANYBODY)
@require_GET
def runs_export(request: HttpRequest) -> StreamingHttpResponse:
    """The runs of the chosen time, all pages."""
    user: Any = request.user
    sandboxes, now = chosen_sandboxes(request), timezone.now()
    asked = RunFilter.of(request.GET)
    window = window_of(request.GET, now)
    rows = (
        asked.narrow(runs_for_user(user).filter(sandbox__in=sandboxes), window.start, window.last)
        .select_related("dataflow", "sandbox")
        .only(*_RUN_COLUMNS, "dataflow__name", "sandbox__name")
        .order_by("-at", "-pk")
    )
    return _answer("runs", RUN_HEADINGS, (_run_line(row) for row in rows.iterator(1000)))


_RUN_COLUMNS = (
    "run_id",
    "state",
    "at",
    "started_at",
    "ended_at",
    "received",
    "ingested",
    "failed",
    "error_code",
)


def _run_line(row: FlowRun) -> list[Any]:
    return [
        row.sandbox.name,
        row.dataflow.name,
        row.run_id,
        words.run_status(row.state).word,
        _time(row.at),
        _time(row.ended_at),
        row.received,
        row.ingested,
        row.failed,
        row.error_code,
    ]


def _time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _answer(
    name: str, headings: Iterable[str], lines: Iterable[list[Any]]
) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        _csv(headings, lines),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": (
                f'attachment; filename="{name}-{timezone.now():%Y%m%d-%H%M%S}.csv"'
            )
        },
    )


def _csv(headings: Iterable[str], lines: Iterable[list[Any]]) -> Iterator[str]:
    writer: Any = csv.writer(_Echo())
    yield writer.writerow(headings)
    for line in lines:
        yield writer.writerow([_plain(value) for value in line])


def _plain(value: Any) -> Any:
    """Unknown numbers are empty; text is never a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
