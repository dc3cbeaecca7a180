"""What the page of a run prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from flowsite.aep.errors import AepError
from flowsite.core.encrypted import Undecryptable
from flowsite.core.look import Status
from flowsite.core.wording import duration, moment, number
from flowsite.core.wording import words as say_it
from flowsite.monitoring import words
from flowsite.monitoring.rows import Fact, Figure, run_url
from flowsite.runs.models import Dataflow, FlowRun, FlowState, RunState
from flowsite.runs.row_errors import RefusedRows

#: Columns of a dataflow that pages about runs don't print.
BULKY = ("definition", "facts", "description", "strip")


@dataclass(frozen=True)
class RowLine:
    """A refused row: its errors, and its cells in the order of the columns."""

    errors: tuple[tuple[str, str], ...]
    cells: list[str]


def crumbs(dataflow: Dataflow) -> list[dict[str, str]]:
    """Board › dataflow."""
    return [
        {"label": gettext("Monitoring"), "url": reverse("board")},
        {"label": dataflow.name, "url": reverse("dataflow", args=[dataflow.pk])},
    ]


def status_of(run: FlowRun) -> Status:
    return words.run_status(run.state, run.raw_state)


def figures(run: FlowRun) -> list[Figure]:
    """The numbers on top; a dash for what AEP does not know."""
    ingested_rate = "–"
    if run.received and run.ingested is not None:
        ingested_rate = f"{100 * run.ingested / run.received:.1f} %"
    shown = [
        Figure(gettext("Records received"), number(run.received)),
        Figure(gettext("Records ingested"), number(run.ingested)),
        Figure(gettext("Records failed"), number(run.failed), words.loss(run.failed, run.received)),
        Figure(gettext("Ingested rate"), ingested_rate),
        Figure(gettext("Duration"), duration(run.duration_s)),
    ]
    if run.skipped:
        shown.insert(3, Figure(gettext("Records skipped"), number(run.skipped)))
    if run.deleted:
        shown.insert(4, Figure(gettext("Records deleted"), number(run.deleted)))
    return shown


def facts(run: FlowRun) -> list[Fact]:
    """Times, sizes and ids."""
    found = [
        Fact(gettext("Started"), moment(run.started_at, seconds=True)),
        Fact(gettext("Ended"), moment(run.ended_at, seconds=True)),
        *(
            Fact(term, moment(at, seconds=True))
            for term, at in (
                (gettext("Data from"), run.window_start),
                (gettext("Data until"), run.window_end),
            )
            if at
        ),
        *_sizes(run),
        Fact(gettext("Sandbox"), run.sandbox.name),
        Fact(gettext("Run id"), run.run_id, as_id=True),
        Fact(gettext("Dataflow id"), run.dataflow.flow_id, as_id=True),
    ]
    found += [Fact(gettext("Batch"), batch, as_id=True) for batch in run.batch_ids[:10]]
    if run.parent_run_id:
        found.append(Fact(gettext("Retry of"), run.parent_run_id, as_id=True))
    found.append(Fact("AEP's word", run.raw_state or "–", mono=True))
    return found


def _sizes(run: FlowRun) -> list[Fact]:
    """Bytes and files, as far as AEP knows them."""
    found = []
    for term, in_bytes, files in (
        (gettext("Read"), run.input_bytes, run.input_files),
        (gettext("Written"), run.output_bytes, run.output_files),
    ):
        text = words.size(in_bytes)
        if files is not None:
            text += f" in {number(files)} file{'' if files == 1 else 's'}"
        if in_bytes is not None or files is not None:
            found.append(Fact(term, text))
    return found


def may_be_retried(run: FlowRun) -> bool:
    """Failed, or without records, and the dataflow enabled. Source: API contract, section 8.4."""
    empty = run.state == RunState.SUCCESS and run.received == 0
    flow = run.dataflow
    enabled = flow.state == FlowState.ENABLED and not flow.missing_since and not flow.deleted_at
    return (run.state == RunState.FAILED or empty) and enabled and not run.missing_since


def neighbours(run: FlowRun) -> dict[str, str]:
    """Addresses of the run before and after this one. Two queries."""
    same = FlowRun.objects.filter(dataflow_id=run.dataflow_id).exclude(pk=run.pk)
    older = same.filter(at__lte=run.at).order_by("-at", "-pk").values_list("pk", flat=True).first()
    newer = same.filter(at__gt=run.at).order_by("at", "pk").values_list("pk", flat=True).first()
    return {"older": run_url(older) if older else "", "newer": run_url(newer) if newer else ""}


def failure_words(error: AepError | Undecryptable) -> dict[str, Any]:
    """An error of a reading, as components/alert.html prints it."""
    if isinstance(error, Undecryptable):
        return {"text": str(error), "whose_turn": words.whose_turn("admin")}
    told = error.explanation
    return {
        "text": str(error),
        "whose_turn": words.whose_turn(told.whose_turn),
        "remedy": f"{say_it(told.cause)} {say_it(told.remedy)}",
        "code": error.code or "",
        "request_id": error.request_id or "",
    }


def row_lines(found: RefusedRows, show: Callable[[Any], str]) -> list[RowLine]:
    """Rows as cells under ``found.columns``."""
    columns = found.columns
    return [
        RowLine(
            row.errors, [show(row.values[name]) if name in row.values else "" for name in columns]
        )
        for row in found.rows
    ]
