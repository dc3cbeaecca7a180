"""What the board is made of: counts as chips, sync status, version stamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from flowsite.core.look import TONE_ICONS
from flowsite.credentials.models import Sandbox
from flowsite.definitions.sources import find_source, source_by_spec
from flowsite.monitoring import words
from flowsite.monitoring.filters import RANGES, BoardFilter, with_params
from flowsite.monitoring.rows import Chip, FlowRow
from flowsite.people.models import User
from flowsite.runs.counting import UNOWNED
from flowsite.runs.models import Dataflow, SandboxSync
from flowsite.runs.selectors import late_dataflows
from flowsite.runs.tagging import tags_of


@dataclass(frozen=True)
class SyncLine:
    """How current a sandbox is, and why not."""

    sandbox: str
    at: datetime | None
    error: dict[str, Any] | None
    failed_at: datetime | None
    #: How far back the first reading, or one after a long pause, has come.
    reading_to: datetime | None
    runs_read: int


def sync_lines(sandboxes: Sequence[Sandbox], syncs: Sequence[SandboxSync]) -> list[SyncLine]:
    """One line a sandbox, also for those that were never read."""
    by_sandbox = {sync.sandbox_id: sync for sync in syncs}
    return [_sync_line(sandbox, by_sandbox.get(sandbox.pk)) for sandbox in sandboxes]


def _sync_line(sandbox: Sandbox, sync: SandboxSync | None) -> SyncLine:
    if sync is None:
        return SyncLine(sandbox.name, None, None, None, None, 0)
    error = sync.error and {
        **sync.error,
        "whose": words.whose_turn(sync.error.get("whose_turn", "")),
    }
    reading = datetime.fromisoformat(sync.backlog[0][1]) if sync.backlog else None
    return SyncLine(sandbox.name, sync.succeeded_at, error, sync.failed_at, reading, sync.runs_read)


@dataclass(frozen=True)
class Tally:
    """Numbers of all dataflows in view, whatever the filters."""

    counts: dict[str, int]
    late: int
    had: dict[str, int]

    def __getitem__(self, key: str) -> int:
        return self.counts.get(key, 0)


def tally(
    syncs: Sequence[SandboxSync], team_ids: set[int], rows: QuerySet[Dataflow], now: datetime
) -> Tally:
    """From the counts that ingest keeps; late and failed lately are counted (indexed)."""
    counts: dict[str, int] = {}
    for sync in syncs:
        for team, numbers in sync.counts.items():
            if team == UNOWNED or int(team) in team_ids:
                for key, value in numbers.items():
                    counts[key] = counts.get(key, 0) + value
    had = rows.filter(last_failed_at__gte=now - RANGES["24h"][1]).count()
    return Tally(counts, late_dataflows(rows, now).count(), {"24h": had})


def data_stamp(syncs: Sequence[SandboxSync], tallied: Tally, now: datetime) -> str:
    """Changes with everything that the table and the chips print."""
    versions = "-".join(str(sync.version) for sync in syncs)
    # What is late gets later: its words are renewed every ten minutes.
    aging = int(now.timestamp() // 600) if tallied.late else 0
    return f"{versions}~{tallied.late}~{tallied.had.get('24h', 0)}~{aging}"


def sync_stamp(syncs: Sequence[SandboxSync]) -> str:
    """Changes with what the status line prints."""
    moments = [moment for sync in syncs for moment in (sync.succeeded_at, sync.failed_at)]
    return "-".join(format(int(moment.timestamp()), "x") if moment else "" for moment in moments)


def outcome_chips(query: QueryDict, asked: BoardFilter, tallied: Tally) -> list[Chip]:
    """By the latest finished run, late, and failed at any time lately."""
    nothing = not asked.run and not asked.late and not asked.had and not asked.state
    everything = with_params(query, run=None, late=None, had=None, state=None)
    chips = [Chip(_("All"), everything, tallied["all"], nothing)]
    for state, label, tone in (
        ("failed", _("Latest finished run failed"), "negative"),
        ("partial", _("Latest finished run partial"), "notice"),
    ):
        current = asked.run == state
        url = with_params(query, run=None if current else state)
        chips.append(Chip(label, url, tallied[f"run:{state}"], current, TONE_ICONS[tone]))
    late = with_params(query, late=None if asked.late else "1")
    chips.append(Chip(_("Late"), late, tallied.late, asked.late, "clock"))
    had = with_params(query, had=None if asked.had == "24h" else "24h")
    chips.append(Chip(_had_words("24h"), had, tallied.had["24h"], asked.had == "24h"))
    return chips


def _had_words(name: str) -> str:
    return _("Had failures in %(range)s") % {"range": RANGES[name][0]}


def _source_words(source: str) -> str:
    known = find_source(source) or source_by_spec(source)
    return known.name if known else source


def _narrowed(asked: BoardFilter, first: FlowRow | None) -> list[tuple[str, str]]:
    """Parameter and words of each filter that has no chip of its own.

    Names of people and accounts are those of the first line: all lines share them.
    """
    found = []
    if asked.run == "none":
        found.append(("run", _("No run has finished")))
    if asked.run == "success":
        found.append(("run", _("Latest finished run succeeded")))
    if asked.had and asked.had != "24h":
        found.append(("had", _had_words(asked.had)))
    if asked.source:
        found.append(("source", _source_words(asked.source)))
    if asked.account:
        name = first.account if first else ""
        found.append(("account", _("Account: %(name)s") % {"name": name or asked.account}))
    if asked.code:
        found.append(("code", _("No error code") if asked.code == "none" else asked.code))
    if asked.owner == "none":
        found.append(("owner", _("Nobody's")))
    elif asked.owner:
        name = first.owner if first else ""
        found.append(("owner", _("Owner: %(name)s") % {"name": name or asked.owner}))
    if asked.tag:
        found.append(("tag", _("Tag: %(name)s") % {"name": asked.tag}))
    return found


def narrowing_chips(
    query: QueryDict, asked: BoardFilter, rows: Sequence[FlowRow] = ()
) -> list[Chip]:
    """What links and the filter menu have narrowed the list to, to be taken away."""
    first = rows[0] if rows else None
    return [
        Chip(words, with_params(query, **{name: None}), None, True, "x-mark")
        for name, words in _narrowed(asked, first)
    ]


def in_words(query: str) -> str:
    """What a saved query narrows the board to, for lists of views."""
    asked = BoardFilter.of(QueryDict(query))
    found = []
    if asked.run in ("failed", "partial"):
        failed = asked.run == "failed"
        found.append(
            _("Latest finished run failed") if failed else _("Latest finished run partial")
        )
    if asked.late:
        found.append(_("Late"))
    if asked.had == "24h":
        found.append(_had_words("24h"))
    if asked.state:
        found.append(str(words.flow_status(asked.state).word))
    found += [text for _name, text in _narrowed(asked, None)]
    if asked.text:
        found.append(f"“{asked.text}”")
    return " · ".join(str(one) for one in found) or _("All dataflows")


def cleared(query: QueryDict) -> str:
    """The address without filters; sandboxes and order stay."""
    return with_params(query, **dict.fromkeys(("state", "run", "late", *FILTER_FIELDS, "q")))


def state_chips(query: QueryDict, asked: BoardFilter, tallied: Tally) -> list[Chip]:
    """By the dataflow's own state; states that nobody is in are left out."""
    chips = []
    for state in ("enabled", "disabled", "processing", "error", "draft"):
        current = asked.state == state
        if not tallied[state] and not current:
            continue
        url = with_params(query, state=None if current else state)
        status = words.flow_status(state)
        chips.append(Chip(str(status.word), url, tallied[state], current))
    return chips


#: Filters of the menu; the others are chips.
FILTER_FIELDS: Final = ("had", "source", "account", "code", "owner", "tag")
#: Entries of one list of the menu.
MOST_OPTIONS: Final = 500


def filter_options(rows: QuerySet[Dataflow]) -> list[dict[str, Any]]:
    """The menu's lists: what occurs among these dataflows. Five queries."""
    specs = rows.order_by().values_list("connection_spec_id", flat=True).distinct()
    sources = sorted(
        {(spec, _source_words(spec)) for spec in specs if spec}, key=lambda one: one[1]
    )
    accounts = (
        rows.exclude(connection_id="")
        .order_by("account_name")
        .values_list("connection_id", "account_name")
        .distinct()[:MOST_OPTIONS]
    )
    codes = rows.exclude(last_error_code="").order_by("last_error_code")
    owners = User.objects.filter(pk__in=rows.order_by().values("owner"))
    people = sorted(((str(one.pk), str(one)) for one in owners), key=lambda one: one[1].lower())
    return [
        _options("had", _("Had failures in"), [(key, str(RANGES[key][0])) for key in RANGES]),
        _options("source", _("Source"), sources),
        _options("account", _("Account"), [(key, name or key) for key, name in accounts]),
        _options("owner", _("Owner"), [("none", _("Nobody's")), *people]),
        _options("tag", _("Tag"), [(name, name) for name in tags_of(rows)[:MOST_OPTIONS]]),
        _options(
            "code",
            _("Error code of the latest finished run"),
            [
                ("none", _("No error code")),
                *(
                    (code, code)
                    for code in codes.values_list("last_error_code", flat=True).distinct()[
                        :MOST_OPTIONS
                    ]
                ),
            ],
        ),
    ]


def _options(name: str, label: str, options: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {"name": name, "label": label, "options": options}
