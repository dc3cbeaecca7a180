"""The audit log as people read it: filters, lines of the table, rows of the export."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext

from flowsite.people.models import AuditEntry

#: Object type → URL name of its page, which takes the key; and what people call the type.
PAGES = {
    "user": "person",
    "team": "team",
    "credential": "credential",
    "sourceaccount": "account-detail",
    "draft": "draft-resume",
    "submission": "submission",
    "dataflow": "dataflow",
    "flowrun": "run",
    "alertrule": "rule",
    "channel": "channel",
}
TYPE_WORDS = {
    "user": "person",
    "sourceaccount": "account",
    "flowrun": "dataflow run",
    "alertrule": "alert rule",
}
_ACTIONS_KEY, _ACTIONS_S = "people:actions", 300
#: A cell that begins like this is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Asked:
    """What the log is filtered by; an empty value doesn't filter. Days are UTC, both inclusive."""

    who: str = ""
    action: str = ""
    object_type: str = ""
    object_id: str = ""
    team: int | None = None
    since: date | None = None
    until: date | None = None
    text: str = ""

    def describe(self) -> dict[str, str]:
        """The filters that are set, for the entry about an export."""
        return {name: str(value) for name, value in vars(self).items() if value}


def entries(asked: Asked) -> QuerySet[AuditEntry]:
    """Entries that fit; ``action`` also takes the part before the dot."""
    rows = AuditEntry.objects.select_related("team")
    if asked.who:
        rows = rows.filter(actor__icontains=asked.who)
    if asked.action:
        rows = rows.filter(Q(action=asked.action) | Q(action__startswith=asked.action + "."))
    if asked.object_type:
        rows = rows.filter(object_type=asked.object_type)
    if asked.object_id:
        rows = rows.filter(object_id=asked.object_id)
    if asked.team is not None:
        rows = rows.filter(team=asked.team)
    if asked.since:
        rows = rows.filter(at__gte=datetime.combine(asked.since, time(), UTC))
    if asked.until:
        rows = rows.filter(at__lt=datetime.combine(asked.until, time(), UTC) + timedelta(days=1))
    for word in asked.text.split()[:5]:
        rows = rows.alias(said=Cast("details", TextField())).filter(
            Q(object_name__icontains=word)
            | Q(object_id__icontains=word)
            | Q(action__icontains=word)
            | Q(request_id__icontains=word)
            | Q(remote_addr__icontains=word)
            | Q(said__icontains=word)
        )
    return rows


def known_actions() -> list[str]:
    """Actions that occur, with their groups; a few minutes old at most."""
    found: list[str] | None = cache.get(_ACTIONS_KEY)
    if found is None:
        rows = AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct()
        actions = list(rows)
        groups = {action.partition(".")[0] for action in actions if "." in action}
        found = sorted({*actions, *groups})
        cache.set(_ACTIONS_KEY, found, _ACTIONS_S)
    return found


def in_words(code: str) -> str:
    """``person.signed_in`` as "Person signed in"."""
    words = code.replace(".", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


@dataclass(frozen=True)
class Detail:
    """One thing an entry says. With ``before``, it is a change."""

    label: str
    text: str
    before: str | None = None


@dataclass(frozen=True)
class Line:
    """An entry as the table prints it."""

    at: datetime
    actor: str
    actor_url: str
    action: str
    code: str
    object_name: str
    object_words: str
    object_url: str
    history: str
    team: str
    remote_addr: str
    request_id: str
    details: list[Detail]


def lines(rows: Iterable[AuditEntry]) -> list[Line]:
    """Lines for the template."""
    return [_line(entry) for entry in rows]


def _line(entry: AuditEntry) -> Line:
    kind, key = entry.object_type, entry.object_id
    return Line(
        at=entry.at,
        actor=entry.actor,
        actor_url=_page("user", str(entry.user_id or "")),
        action=gettext(in_words(entry.action)),
        code=entry.action,
        object_name=entry.object_name,
        object_words=gettext(TYPE_WORDS.get(kind, kind)) if kind else "",
        object_url=_page(kind, key),
        history=f"{kind}:{key}" if kind and key else "",
        team=entry.team.name if entry.team else "",
        remote_addr=entry.remote_addr,
        request_id=entry.request_id,
        details=list(_details(entry.details)),
    )


def _page(kind: str, key: str) -> str:
    if kind not in PAGES or not key.isdecimal():
        return ""
    try:
        return reverse(PAGES[kind], args=[int(key)])
    except NoReverseMatch:
        return ""


def _details(details: dict[str, Any]) -> Iterator[Detail]:
    for name, value in details.items():
        if name == "changes" and isinstance(value, dict):
            for what, pair in value.items():
                if isinstance(pair, list) and len(pair) == 2:
                    yield Detail(_label(what), _said(pair[1]), before=_said(pair[0]))
        elif isinstance(value, dict):
            for what, inner in value.items():
                yield Detail(f"{_label(name)}: {_label(what)}", _said(inner))
        else:
            yield Detail(_label(name), _said(value))


def _label(name: str) -> str:
    return str(name).replace("_", " ")


def _said(value: Any) -> str:
    if value in (None, "", [], {}):
        return gettext("nothing")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(_said(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- export --------------------------------------------------------------------------------------

HEADINGS = (
    "time_utc",
    "actor",
    "action",
    "object_type",
    "object_id",
    "object_name",
    "team",
    "from",
    "aep_request_id",
    "details",
)


def export_row(entry: AuditEntry) -> list[str]:
    """One row of the CSV file; nothing in it is a formula to a spreadsheet."""
    cells = [
        entry.at.astimezone(UTC).isoformat(),
        entry.actor,
        entry.action,
        entry.object_type,
        entry.object_id,
        entry.object_name,
        entry.team.name if entry.team else "",
        entry.remote_addr,
        entry.request_id,
        json.dumps(entry.details, ensure_ascii=False, sort_keys=True),
    ]
    return [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
