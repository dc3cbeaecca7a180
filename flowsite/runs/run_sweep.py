"""Reading runs of all dataflows: the newest pages, what lies further back, and the open ones.

The newest page is asked for without a filter: it holds the runs that have not started, too. Pages
follow until they meet what was read before; ``watermark`` moves on only then. What is too much for
one cycle becomes a window of the backlog, which is read in closed pieces, newest first; a piece
counts only when it was read to its end. All times compared here are AEP's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import F, Min

from flowsite.aep.errors import BadRequest
from flowsite.aep.filters import Filter
from flowsite.aep.flow_service import Run
from flowsite.aep.flow_service.pages import RowPage, run_pages
from flowsite.runs import flow_sweep, ingest
from flowsite.runs.cycle import Cycle, OutOfTime, is_refusal, taken
from flowsite.runs.models import UNFINISHED, Dataflow, FlowRun

CREATED: Final = "createdAt"
STARTED: Final = "metrics.durationSummary.startedAtUTC"
#: Pages from the top in one cycle; the rest goes into the backlog.
HEAD_PAGES: Final = 40
#: So many known runs in a row below the watermark mean that nothing arrived late.
ENOUGH_KNOWN: Final = 10
#: A piece of the backlog should take about this many pages.
FEW_PAGES, MANY_PAGES = 5, 20
SMALLEST_STEP_S: Final = 1.0
LARGEST_STEP_S: Final = 400 * 86400.0
#: A run starts at most this long after it was made, for sandboxes that filter by start only.
START_DELAY: Final = timedelta(hours=6)
#: AEP's clock is believed up to this much ahead of ours.
MOST_SKEW: Final = timedelta(hours=1)
#: Open runs that AEP did not show are asked for again this often.
MISSING_AGAIN: Final = timedelta(hours=1)
#: Pages of one dataflow's own runs in one go.
OWN_PAGES: Final = 10
OWN_PER_CYCLE: Final = 20
ROTATION: Final = 100


def sweep_runs(cycle: Cycle) -> None:
    """Reads the newest runs of the sandbox down to what is known."""
    sync, service = cycle.sync, cycle.platform.flow_service
    newest, covered = sync.watermark, False
    lowest: datetime | None = None
    for count, page in enumerate(taken(cycle, lambda: run_pages(service)), start=1):
        late_arrivals = _keep_page(cycle, page.rows, sync.watermark)
        times = [run.created_at for run in page.rows if run.created_at]
        newest = _latest(cycle, newest, times)
        lowest = min([*times, *([lowest] if lowest else [])], default=None)
        covered = _is_end(page) or _meets_known(page, times, sync.watermark, late_arrivals)
        if covered or count >= HEAD_PAGES or not cycle.has_time:
            break
    backlog = list(sync.backlog)
    if not covered and lowest is not None and (start := _from(cycle)) < lowest:
        end = lowest + timedelta(milliseconds=1)
        backlog = [[start.isoformat(), end.isoformat()], *backlog]
    cycle.save(watermark=newest, backlog=backlog)


def _keep_page(cycle: Cycle, runs: Sequence[Run], watermark: datetime | None) -> int:
    """Writes a page; how many of its runs are older than the watermark and yet new to us.

    A count of -1 says that too few runs lie below the watermark to tell.
    """
    ignored = flow_sweep.learn(cycle, {run.flow_id for run in runs})
    ours = [run for run in runs if run.flow_id not in ignored]
    changes = cycle.keep_runs(ours)
    cycle.read_runs.update(run.id for run in runs)
    if watermark is None:
        return -1
    below = [run for run in runs if run.created_at and run.created_at < watermark]
    new = {row.run_id for row in changes.new_runs}
    arrivals = sum(1 for run in below if run.id in new)
    return arrivals if arrivals or len(below) >= ENOUGH_KNOWN else -1


def _meets_known(
    page: RowPage[Run], times: list[datetime], watermark: datetime | None, late_arrivals: int
) -> bool:
    """Whether everything below this page has been read before.

    Normally the page says so itself: its part below the watermark holds nothing new. When runs
    did arrive late in AEP's list, or the part is too small to tell, the overlap is read as well.
    """
    if watermark is None or not times:
        return False
    overlap = timedelta(seconds=settings.POLL_OVERLAP_S)
    return late_arrivals == 0 or min(times) < watermark - overlap


def _is_end(page: RowPage[Run]) -> bool:
    """The end of the list; a full page without a successor may be a cap instead."""
    return not page.has_next and not page.is_full


def _latest(cycle: Cycle, newest: datetime | None, times: Sequence[datetime]) -> datetime | None:
    believable = [moment for moment in times if moment < cycle.started + MOST_SKEW]
    return max([*believable, *([newest] if newest else [])], default=None)


def _from(cycle: Cycle) -> datetime:
    """Where the unread part begins: at the watermark, or with the oldest dataflow."""
    if cycle.sync.watermark is not None:
        return cycle.sync.watermark - timedelta(seconds=settings.POLL_OVERLAP_S)
    rows = Dataflow.objects.filter(sandbox=cycle.sandbox)
    oldest: datetime | None = rows.aggregate(oldest=Min("created_at"))["oldest"]
    return (oldest or cycle.started - timedelta(days=365)) - timedelta(days=1)


# --- backlog -------------------------------------------------------------------------------------


def read_backlog(cycle: Cycle) -> None:
    """Reads what lies further back, piece by piece. Raises OutOfTime while some is left."""
    while cycle.sync.backlog:
        if cycle.is_long:
            raise OutOfTime  # the newest runs are due again
        start, end = (datetime.fromisoformat(text) for text in cycle.sync.backlog[0])
        step = timedelta(seconds=cycle.sync.backlog_step_s)
        low = max(start, end - step) if end - start > step else start
        try:
            complete, pages = _read_window(cycle, low, end)
        except OutOfTime:
            cycle.save(backlog_step_s=_bounded(cycle.sync.backlog_step_s / 2))
            raise
        except BadRequest as error:
            if not is_refusal(error):
                raise
            _other_filter(cycle, end)
            continue
        if not complete and step.total_seconds() > SMALLEST_STEP_S:
            smaller = min(step, end - low).total_seconds() / 2
            cycle.save(backlog_step_s=_bounded(smaller))
            continue
        rest = cycle.sync.backlog[1:]
        if low > start:
            rest = [[start.isoformat(), low.isoformat()], *rest]
        cycle.save(backlog=rest, backlog_step_s=_next_step(step, pages))


def _read_window(cycle: Cycle, low: datetime, end: datetime) -> tuple[bool, int]:
    """Reads runs of ``[low, end)``; whether that was all of them, and how many pages it took."""
    path = CREATED if cycle.allows(CREATED) else STARTED
    filters: list[Filter] = [
        (path, ">=", flow_sweep._ms(low)),
        (path, "<", flow_sweep._ms(end, up=True)),
    ]
    service, pages, complete = cycle.platform.flow_service, 0, True
    for page in taken(cycle, lambda: run_pages(service, filters)):
        pages += 1
        _keep_page(cycle, page.rows, None)
        complete = page.has_next or not page.is_full
    return complete, pages


def _other_filter(cycle: Cycle, end: datetime) -> None:
    """By start instead of creation, or else dataflow by dataflow."""
    if cycle.allows(CREATED):
        cycle.refuse(CREATED)
        later = [cycle.sync.backlog[0][0], (end + START_DELAY).isoformat()]
        cycle.save(backlog=[later, *cycle.sync.backlog[1:]])
        return
    Dataflow.objects.filter(sandbox=cycle.sandbox, deleted_at=None).update(catch_up=True)
    cycle.save(backlog=[])


def _next_step(step: timedelta, pages: int) -> float:
    seconds = step.total_seconds()
    if pages <= FEW_PAGES:
        seconds *= 2
    elif pages > MANY_PAGES:
        seconds /= 2
    return _bounded(seconds)


def _bounded(seconds: float) -> float:
    return min(max(seconds, SMALLEST_STEP_S), LARGEST_STEP_S)


# --- open runs -----------------------------------------------------------------------------------


def read_open(cycle: Cycle) -> None:
    """Reads the runs that have not ended and that this cycle has not just read, in lists."""
    rows = FlowRun.objects.filter(sandbox=cycle.sandbox, state__in=UNFINISHED)
    checked = cycle.sync.open_checked_at
    again = checked is None or checked + MISSING_AGAIN <= cycle.started
    if not again:
        rows = rows.filter(missing_since=None)
    ids = rows.order_by("-at").values_list("run_id", flat=True)
    wanted = [run_id for run_id in ids if run_id not in cycle.read_runs]
    for start in range(0, len(wanted), flow_sweep.IDS_PER_CALL):
        _read_list(cycle, wanted[start : start + flow_sweep.IDS_PER_CALL])
    if again:
        cycle.save(open_checked_at=cycle.started)


def _read_list(cycle: Cycle, run_ids: list[str]) -> None:
    """One list of ids; halved where AEP finds it too long (400, 414)."""
    filters: list[Filter] = [("id", "==", ",".join(run_ids))]
    service = cycle.platform.flow_service
    found: set[str] = set()
    try:
        for page in taken(cycle, lambda: run_pages(service, filters)):
            cycle.keep_runs(page.rows)
            found |= {run.id for run in page.rows}
    except BadRequest:
        if len(run_ids) == 1:
            raise
        half = len(run_ids) // 2
        _read_list(cycle, run_ids[:half])
        _read_list(cycle, run_ids[half:])
        return
    missing = [run_id for run_id in run_ids if run_id not in found]
    if missing:
        ingest.mark_runs_missing(cycle.sandbox, missing, lease=cycle.lease)
        cycle.report.runs_missing += missing


# --- runs of single dataflows --------------------------------------------------------------------


def read_own(cycle: Cycle, dataflow: Dataflow) -> None:
    """Runs of one dataflow, newest first, until a page brings nothing new."""
    filters: list[Filter] = [("flowId", "==", dataflow.flow_id)]
    service = cycle.platform.flow_service
    pages = taken(cycle, lambda: run_pages(service, filters))
    for count, page in enumerate(pages, start=1):
        changes = cycle.keep_runs([run for run in page.rows if run.flow_id == dataflow.flow_id])
        nothing_new = not changes.new_runs and not dataflow.catch_up
        if nothing_new or count >= OWN_PAGES:
            break
    now = datetime.now(UTC)
    Dataflow.objects.filter(pk=dataflow.pk).update(catch_up=False, runs_read_at=now)


def read_behind(cycle: Cycle) -> None:
    """Dataflows that were met after the sweep had passed their runs, and late ones."""
    rows = Dataflow.objects.filter(sandbox=cycle.sandbox, catch_up=True, deleted_at=None)
    late = flow_sweep.check_late(cycle)
    for dataflow in [*rows.order_by("pk")[:OWN_PER_CYCLE], *late[:OWN_PER_CYCLE]]:
        read_own(cycle, dataflow)


def read_in_turn(cycle: Cycle) -> None:
    """Where AEP refuses to list the sandbox's runs: by dataflow, the longest unread first."""
    rows = Dataflow.objects.filter(
        sandbox=cycle.sandbox, runs_supported=True, deleted_at=None, missing_since=None
    ).order_by(F("runs_read_at").asc(nulls_first=True), "pk")
    for dataflow in rows[:ROTATION]:
        read_own(cycle, dataflow)


def is_behind(cycle: Cycle) -> bool:
    """Whether there is more to read right away."""
    rows = Dataflow.objects.filter(sandbox=cycle.sandbox, catch_up=True, deleted_at=None)
    return bool(cycle.sync.backlog) or rows.exists()
