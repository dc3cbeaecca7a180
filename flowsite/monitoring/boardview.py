"""What the board is made of: counts as chips, sync status, version stamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from flowsite.core.look import TONE_ICONS
from flowsite.credentials.models import Sandbox
from flowsite.definitions.sources import find_source, source_by_spec
from flowsite.monitoring import words
from flowsite.monitoring.filters import RANGES, BoardFilter, with_params
from flowsite.monitoring.rows import Chip
from flowsite.runs.counting import UNOWNED
from flowsite.runs.models import Dataflow, SandboxSync
from flowsite.runs.selectors import late_dataflows


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
    chips = [Chip("All", everything, tallied["all"], nothing)]
    for state, label in (
        ("failed", "Latest finished run failed"),
        ("partial", "Latest finished run partial"),
    ):
        tone = {"failed": "negative", "partial": "notice"}[state]
        current = asked.run == state
        url = with_params(query, run=None if current else state)
        chips.append(Chip(label, url, tallied[f"run:{state}"], current, TONE_ICONS[tone]))
    late = with_params(query, late=None if asked.late else "1")
    chips.append(Chip("Late", late, tallied.late, asked.late, "clock"))
    had = with_params(query, had=None if asked.had == "24h" else "24h")
    chips.append(Chip("Had failures in 24 hours", had, tallied.had["24h"], asked.had == "24h"))
    return chips


def narrowing_chips(query: QueryDict, asked: BoardFilter) -> list[Chip]:
    """What links from elsewhere have narrowed the list to, to be taken away."""
    chips = []
    if asked.source:
        source = find_source(asked.source) or source_by_spec(asked.source)
        label = source.name if source else asked.source
        chips.append(Chip(label, with_params(query, source=None), None, True, "x-mark"))
    for name, value, label in (
        ("account", asked.account, "One account"),
        ("code", asked.code, "No error code" if asked.code == "none" else asked.code),
        ("owner", asked.owner, "One owner"),
    ):
        if value:
            url = with_params(query, **{name: None})
            chips.append(Chip(label, url, None, True, "x-mark"))
    return chips


def cleared(query: QueryDict) -> str:
    """The address without filters; sandboxes and order stay."""
    names = ("state", "run", "had", "late", "source", "account", "code", "owner", "q")
    return with_params(query, **dict.fromkeys(names))


def state_chips(query: QueryDict, asked: BoardFilter, tallied: Tally) -> list[Chip]:
    """By the dataflow's own state; states that nobody is in are left out."""
    chips = []
    for state in ("enabled", "disabled", "processing", "error", "draft"):
        current = asked.state == state
        if not tallied[state] and not current:
            continue
        url = with_params(query, state=None if current else state)
        status = words.flow_status(state)
        chips.append(Chip(status.word, url, tallied[state], current))
    return chips
