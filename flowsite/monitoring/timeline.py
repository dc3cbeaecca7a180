"""What happened to a dataflow: who changed what, and its runs, in one line of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import CharField, Q
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from flowsite.core.look import Status
from flowsite.monitoring import words
from flowsite.monitoring.rows import run_url
from flowsite.people.models import AuditEntry
from flowsite.runs.models import Dataflow, FlowRun
from flowsite.submissions.models import Kind

#: Entries of the audit log, and runs, that one page looks at.
MOST_CHANGES: Final = 30
MOST_RUNS: Final = 200


@dataclass(frozen=True)
class Event:
    """Something that somebody did, or runs in a row with one outcome."""

    at: datetime
    text: str
    actor: str = ""
    url: str = ""
    #: What was changed, line by line.
    lines: tuple[str, ...] = ()
    #: Of runs: their state, and when the first of them began.
    status: Status | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Timeline:
    """Newest first. ``earlier`` is where the next page goes on; None at the end."""

    events: list[Event]
    earlier: datetime | None = None


def timeline(
    row: Dataflow,
    runs: Sequence[FlowRun],
    *,
    more_runs: bool,
    before: datetime | None = None,
) -> Timeline:
    """``runs`` are the newest ones (before ``before``), newest first. One query.

    Both kinds are shown as far back as both are known, so that no page leaves anything out.
    """
    found = _entries(row, before)
    floors = []
    if len(found) > MOST_CHANGES:
        found = found[:MOST_CHANGES]
        floors.append(found[-1].at)
    if more_runs and runs:
        floors.append(runs[-1].at)
    floor = max(floors, default=None)
    shown = [run for run in runs if floor is None or run.at >= floor]
    entries = [entry for entry in found if floor is None or entry.at >= floor]
    return Timeline(_merged(entries, shown), floor)


def _entries(row: Dataflow, before: datetime | None) -> list[AuditEntry]:
    keys = row.submissions.annotate(object_id=Cast("pk", CharField())).values("object_id")
    rows = AuditEntry.objects.filter(
        Q(object_type="dataflow", object_id=str(row.pk))
        | Q(object_type="submission", object_id__in=keys)
    )
    if before is not None:
        rows = rows.filter(at__lt=before)
    return list(rows[: MOST_CHANGES + 1])


def _merged(entries: Iterable[AuditEntry], runs: Iterable[FlowRun]) -> list[Event]:
    """By time; runs with the same outcome and nothing between them are one event."""
    both: list[tuple[datetime, AuditEntry | FlowRun]] = [
        *((entry.at, entry) for entry in entries),
        *((run.at, run) for run in runs),
    ]
    both.sort(key=lambda one: one[0], reverse=True)
    events: list[Event] = []
    group: list[FlowRun] = []
    for _at, one in both:
        if isinstance(one, FlowRun):
            if group and (group[0].state, group[0].error_code) != (one.state, one.error_code):
                events.append(_of_runs(group))
                group = []
            group.append(one)
            continue
        if group:
            events.append(_of_runs(group))
            group = []
        events.append(_of_entry(one))
    return [*events, _of_runs(group)] if group else events


def _of_runs(group: Sequence[FlowRun]) -> Event:
    newest, oldest = group[0], group[-1]
    text = ngettext("%(n)d run", "%(n)d runs", len(group)) % {"n": len(group)}
    return Event(
        at=newest.at,
        text=f"{text}, {newest.error_code}" if newest.error_code else text,
        url=run_url(newest.pk),
        status=words.run_status(newest.state, newest.raw_state),
        since=oldest.at if len(group) > 1 else None,
    )


_OF_DATAFLOW: Final = {
    "dataflow.adopted": gettext_lazy("Adopted for the team"),
    "dataflow.tagged": gettext_lazy("Tag added"),
    "dataflow.untagged": gettext_lazy("Tag removed"),
    "dataflow.owner_changed": gettext_lazy("Owner changed"),
    "dataflow.mapping_edited": gettext_lazy("Began to edit the mapping"),
    "dataflow.outside_accept": gettext_lazy("Took a change made outside over"),
    "dataflow.outside_ignore": gettext_lazy("Ignored a change made outside"),
}
_OF_SUBMISSION: Final[dict[str, Callable[[], str]]] = {
    "submitted": lambda: _("%(what)s: asked for"),
    "published": lambda: _("%(what)s: carried out"),
    "stopped": lambda: _("%(what)s: stopped, needs attention"),
    "cancelled": lambda: _("%(what)s: cancelled"),
    "resumed": lambda: _("%(what)s: continued"),
    "undo": lambda: _("%(what)s: undoing"),
    "undone": lambda: _("%(what)s: undone"),
}


def _of_entry(entry: AuditEntry) -> Event:
    url = ""
    if entry.object_type == "submission" and entry.object_id.isdecimal():
        url = reverse("submission", args=[int(entry.object_id)])
    return Event(entry.at, _said(entry), entry.actor, url, tuple(_lines(entry)))


def _said(entry: AuditEntry) -> str:
    if known := _OF_DATAFLOW.get(entry.action):
        return str(known)
    kind, _dot, verb = entry.action.partition(".")
    if verb in _OF_SUBMISSION and kind in Kind.values:
        return _OF_SUBMISSION[verb]() % {"what": Kind(kind).label}
    return f"{kind} {verb}".replace("_", " ").strip().capitalize()


def _lines(entry: AuditEntry) -> list[str]:
    """What was changed, and into what."""
    details: dict[str, Any] = entry.details
    found = []
    changes = details.get("changes")
    if isinstance(changes, dict):
        for name, pair in changes.items():
            if isinstance(pair, list) and len(pair) == 2:
                before, after = ("–" if one in (None, "") else one for one in pair)
                found.append(f"{name.replace('_', ' ').capitalize()}: {before} → {after}")
    if tag := details.get("tag"):
        found.append(str(tag))
    return found
