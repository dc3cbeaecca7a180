"""Reading dataflows: the changed ones by ``-updatedAt``, all of them once a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db.models import Q

from flowsite.aep.errors import BadRequest
from flowsite.aep.filters import Filter
from flowsite.aep.flow_service import Flow
from flowsite.aep.flow_service.pages import flow_pages
from flowsite.runs.cycle import Cycle, is_refusal, taken
from flowsite.runs.models import Dataflow, IgnoredFlow
from flowsite.runs.readings import is_ours
from flowsite.runs.selectors import late_before

SOURCE_FILTER: Final[Filter] = ("inheritedAttributes.properties.isSourceFlow", "==", "true")
#: All dataflows are read this often, to notice those that are gone.
COMPLETE_EVERY: Final = timedelta(days=1)
#: Changed ones are looked for this often, or when somebody asks.
CHANGED_EVERY: Final = timedelta(seconds=110)
#: Ids in one filter: stays under about 2 kB of query (API contract, section 14).
IDS_PER_CALL: Final = 50
#: How often a dataflow that is late, or a flow that was hidden, is looked up by itself.
CHECK_EVERY: Final = timedelta(hours=1)
#: Lists may lag behind: a dataflow younger than this is not missed.
SETTLING: Final = timedelta(minutes=10)


def is_due(cycle: Cycle) -> bool:
    """Whether this cycle reads dataflows."""
    sync = cycle.sync
    if sync.flows_read_at is None or sync.flows_progress:
        return True
    asked = sync.asked_at is not None and sync.asked_at > sync.flows_read_at
    return asked or sync.flows_read_at + CHANGED_EVERY <= cycle.started


def sweep_flows(cycle: Cycle) -> None:
    """Reads dataflows until the first known ``updatedAt``; goes on where an earlier cycle stopped.

    Raises OutOfTime when it has to go on later; what was read until then is kept.
    """
    sync = cycle.sync
    progress = dict(sync.flows_progress)
    if not progress:
        complete = sync.flows_complete_at
        due = complete is None or complete + COMPLETE_EVERY <= cycle.started
        progress = {"started": cycle.started.isoformat(), "complete": "yes" if due else ""}
    floor = progress.get("floor") if cycle.allows("updatedAt") else None
    until = None if progress["complete"] else sync.flows_watermark
    try:
        _read_down(cycle, progress, until, floor)
    except BadRequest as error:
        _give_way(cycle, floor, error)
        return sweep_flows(cycle)
    top = _moment(progress.get("top"))
    began = datetime.fromisoformat(progress["started"])
    done = {"flows_watermark": max(filter(None, (top, sync.flows_watermark)), default=None)}
    if progress["complete"]:
        _look_for_missing(cycle, began)
        done["flows_complete_at"] = began
    cycle.save(flows_progress={}, flows_read_at=cycle.started, **done)
    return None


def _read_down(
    cycle: Cycle, progress: dict[str, str], until: datetime | None, floor: str | None
) -> None:
    filters: list[Filter] = [SOURCE_FILTER] if cycle.allows("isSourceFlow") else []
    if floor:
        filters.append(("updatedAt", "<=", _ms(datetime.fromisoformat(floor), up=True)))
    service = cycle.platform.flow_service
    for page in taken(cycle, lambda: flow_pages(service, filters)):
        keep(cycle, page.rows)
        times = [flow.updated_at for flow in page.rows if flow.updated_at]
        if times:
            top = _moment(progress.get("top"))
            progress["top"] = max(filter(None, (top, times[0]))).isoformat()
            progress["floor"] = min(times).isoformat()
            cycle.save(flows_progress=dict(progress))
        if until and times and min(times) < until:
            return


def _give_way(cycle: Cycle, floor: str | None, error: BadRequest) -> None:
    """One filter less. Raises the refusal when there is none left to drop."""
    if is_refusal(error) and floor:
        cycle.refuse("updatedAt")
    elif is_refusal(error) and cycle.allows("isSourceFlow"):
        cycle.refuse("isSourceFlow")
    else:
        raise error


def keep(cycle: Cycle, flows: Iterable[Flow]) -> None:
    """Writes the flows that bring data in; remembers the others, so that their runs are skipped."""
    ours: list[Flow] = []
    others: list[Flow] = []
    for flow in flows:
        (ours if is_ours(flow) else others).append(flow)
    changes = cycle.keep_flows(ours)
    _ignore(cycle, [flow.id for flow in others], "destination")
    IgnoredFlow.objects.filter(sandbox=cycle.sandbox, flow_id__in=[f.id for f in ours]).delete()
    if cycle.sync.watermark is not None:
        _catch_up_later(changes.new_flows, cycle.sync.watermark - SETTLING)


def _catch_up_later(rows: Sequence[Dataflow], before: datetime) -> None:
    """New to us but older than the sweep: its earlier runs have to be read by themselves."""
    late = [row.pk for row in rows if row.created_at is None or row.created_at < before]
    Dataflow.objects.filter(pk__in=late).update(catch_up=True)


def _ignore(cycle: Cycle, flow_ids: Iterable[str], reason: str) -> None:
    rows = [
        IgnoredFlow(
            sandbox=cycle.sandbox, flow_id=flow_id[:100], reason=reason, seen_at=cycle.started
        )
        for flow_id in set(flow_ids)
    ]
    IgnoredFlow.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["sandbox", "flow_id"],
        update_fields=["reason", "seen_at"],
    )


def read_by_id(cycle: Cycle, flow_ids: Sequence[str]) -> set[str]:
    """Reads these flows in lists; which of them AEP shows."""
    found: set[str] = set()
    service = cycle.platform.flow_service
    for start in range(0, len(flow_ids), IDS_PER_CALL):
        chunk = ",".join(flow_ids[start : start + IDS_PER_CALL])
        pages = partial(flow_pages, service, [("id", "==", chunk)])
        for page in taken(cycle, pages):
            keep(cycle, page.rows)
            found |= {flow.id for flow in page.rows}
    return found


def learn(cycle: Cycle, flow_ids: Iterable[str]) -> set[str]:
    """Reads flows that runs name and we don't know; which ids are to be ignored."""
    wanted = {flow_id for flow_id in flow_ids if flow_id}
    known = set(
        Dataflow.objects.filter(sandbox=cycle.sandbox, flow_id__in=wanted).values_list(
            "flow_id", flat=True
        )
    )
    fresh = Q(reason="destination") | Q(seen_at__gt=cycle.started - CHECK_EVERY)
    ignored = set(
        IgnoredFlow.objects.filter(
            fresh, sandbox=cycle.sandbox, flow_id__in=wanted - known
        ).values_list("flow_id", flat=True)
    )
    unknown = sorted(wanted - known - ignored)
    if unknown:
        hidden = set(unknown) - read_by_id(cycle, unknown)
        _ignore(cycle, hidden, "hidden")
    ours = Dataflow.objects.filter(sandbox=cycle.sandbox, flow_id__in=unknown)
    return wanted - known - set(ours.values_list("flow_id", flat=True))


def _look_for_missing(cycle: Cycle, began: datetime) -> None:
    """Dataflows that the complete list did not show, each asked for by its id before it counts."""
    rows = Dataflow.objects.filter(
        Q(created_at=None) | Q(created_at__lt=began - SETTLING),
        Q(seen_at=None) | Q(seen_at__lt=began),
        sandbox=cycle.sandbox,
        missing_since=None,
        deleted_at=None,
    )
    _check(cycle, list(rows))


def check_late(cycle: Cycle) -> list[Dataflow]:
    """Looks late dataflows up: disabled or deleted in AEP? Returns those that are still late."""
    rows = list(
        Dataflow.objects.filter(
            Q(checked_at=None) | Q(checked_at__lt=cycle.started - CHECK_EVERY),
            sandbox=cycle.sandbox,
            next_expected_at__lt=late_before(cycle.started),
        ).order_by("checked_at")[:IDS_PER_CALL]
    )
    _check(cycle, rows)
    Dataflow.objects.filter(pk__in=[row.pk for row in rows]).update(checked_at=cycle.started)
    return list(
        Dataflow.objects.filter(
            pk__in=[row.pk for row in rows], next_expected_at__lt=late_before(cycle.started)
        )
    )


def _check(cycle: Cycle, rows: list[Dataflow]) -> None:
    if not rows:
        return
    found = read_by_id(cycle, [row.flow_id for row in rows])
    cycle.keep_missing([row for row in rows if row.flow_id not in found])


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _ms(moment: datetime, *, up: bool = False) -> int:
    """Epoch milliseconds; rounded up for an upper bound."""
    exact = moment.timestamp() * 1000
    whole = int(exact)
    return whole + 1 if up and exact > whole else whole
