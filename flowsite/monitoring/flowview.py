"""What the page of a dataflow prints."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext

from flowsite.aep.codes import explain
from flowsite.core.wording import duration, moment, number
from flowsite.core.wording import words as say_it
from flowsite.monitoring import words
from flowsite.monitoring.rows import Fact, Figure, Freshness
from flowsite.runs.drift import WATCHED
from flowsite.runs.models import FINISHED, Dataflow, FlowRun, FlowState, RunState


@dataclass(frozen=True)
class Notice:
    """What somebody should know before anything else."""

    tone: str
    title: str
    text: str
    whose_turn: str = ""
    remedy: str = ""
    code: str = ""


def notices(row: Dataflow, newest: Sequence[FlowRun], fresh: Freshness) -> list[Notice]:
    """Gone, late, failing, unowned: at most one of each."""
    found = []
    if row.deleted_at:
        found.append(
            Notice(
                "neutral",
                gettext("Deleted"),
                gettext("{text}. Its runs are kept here.").format(text=fresh.text),
            )
        )
    elif row.missing_since:
        text = gettext(
            "{text}: it was deleted there, or an access label hides it from our account."
        ).format(text=fresh.text)
        found.append(Notice("notice", gettext("Not found in AEP"), text, words.whose_turn("admin")))
    elif fresh.tone == "negative":
        found.append(_late(row, f"{fresh.text}; {fresh.note}"))
    failed = next((run for run in newest if run.state in FINISHED), None)
    if failed is not None and failed.state == RunState.FAILED and not row.deleted_at:
        found.append(_failing(failed))
    return found


def _late(row: Dataflow, text: str) -> Notice:
    remedy = gettext("Look at the account and at AEP's status page; a run may be queued.")
    if row.last_run_state == RunState.IN_PROGRESS:
        remedy = gettext("The run before is still in progress: AEP begins the next one after it.")
    return Notice("notice", gettext("Late"), f"{text}.", words.whose_turn("ops"), remedy)


def _failing(run: FlowRun) -> Notice:
    told = explain(run.error_code) if run.error_code else None
    text = run.errors[0]["message"] if run.errors else gettext("AEP gives no reason.")
    return Notice(
        "negative",
        gettext("The latest finished run failed"),
        text,
        words.whose_turn(told.whose_turn) if told else "",
        f"{say_it(told.cause)} {say_it(told.remedy)}" if told else "",
        run.error_code,
    )


def stamp(row: Dataflow) -> str:
    """Changes with everything about the dataflow that moves."""
    moving = (
        row.state,
        row.raw_state,
        row.etag,
        row.strip,
        row.last_finished_run,
        row.last_finished_state,
        row.next_expected_at,
        row.missing_since,
        row.deleted_at,
        row.team_id,
        row.outside_change,
    )
    return hashlib.sha256(repr(moving).encode()).hexdigest()[:16]


def figures(row: Dataflow, now: datetime, fresh: Freshness) -> list[Figure]:
    """The numbers on top."""
    finished = [state for _, state, _ in row.strip if state in FINISHED]
    good = sum(1 for state in finished if state == RunState.SUCCESS)
    return [
        Figure(gettext("Latest run"), _ago(row.last_run_at, now)),
        Figure(gettext("Freshness"), fresh.text, fresh.note),
        Figure(
            gettext("Succeeded"),
            gettext("{good} of {count}").format(good=good, count=len(finished))
            if finished
            else "–",
        ),
        Figure(gettext("Records received"), number(row.last_received)),
        Figure(
            gettext("Records failed"),
            number(row.last_failed),
            words.loss(row.last_failed, row.last_received),
        ),
        Figure(gettext("Duration"), duration(row.last_duration_s)),
    ]


def _ago(at: datetime | None, now: datetime) -> str:
    return moment(at, ago=True) if at else "–"


def definition_facts(row: Dataflow) -> list[Fact]:
    """What it reads, where it goes, and when."""
    start = words.first_start(row.schedule)
    found = [
        Fact(
            gettext("Source"),
            words.source_name(row.connection_spec_id) or row.connection_spec_id or "–",
        ),
        Fact(gettext("Account"), row.account_name or "–"),
        Fact(gettext("Table or resource"), row.source_object or "–", mono=True),
        Fact(gettext("Target dataset"), row.dataset_name or "–"),
        Fact(gettext("Schedule"), words.schedule_words(row.schedule)),
        Fact(gettext("Start time"), moment(start) if start else "–"),
    ]
    if row.schedule.get("frequency") != "once":
        found.append(
            Fact(
                gettext("Backfill"),
                gettext("On") if row.schedule.get("backfill", True) else gettext("Off"),
            )
        )
    if row.delta_column:
        found.append(Fact(gettext("Load incremental data by"), row.delta_column, mono=True))
    if row.next_expected_at:
        found.append(Fact(gettext("Next expected"), moment(row.next_expected_at)))
    found += _option_facts(row)
    if row.team_id:
        found.append(Fact(gettext("Team"), str(row.team)))
    if row.owner_id:
        found.append(Fact(gettext("Owner"), str(row.owner)))
    return found


def _option_facts(row: Dataflow) -> list[Fact]:
    diagnostics = row.options.get("errorDiagnosticsEnabled")
    percent = row.options.get("partialIngestionPercent")
    found = [Fact(gettext("Error diagnostics"), gettext("On") if diagnostics else gettext("Off"))]
    if percent is not None:
        found.append(Fact(gettext("Error threshold"), f"{percent} %"))
    return found


def lineage(row: Dataflow, links: Mapping[str, str]) -> list[Fact]:
    """The objects in AEP that it is made of, from the account to the dataset.

    ``links``: addresses of pages about an object, by its id.
    """
    version = "" if row.mapping_version is None else f" (version {row.mapping_version})"
    pairs = (
        (gettext("Account"), row.connection_id),
        (gettext("Source connection"), row.source_connection_id),
        (gettext("Mapping set{version}").format(version=version), row.mapping_set_id),
        (gettext("Target connection"), row.target_connection_id),
        (gettext("Dataset"), row.dataset_id),
        (gettext("Dataflow"), row.flow_id),
    )
    return [
        Fact(term, value, href=links.get(value, ""), as_id=True) for term, value in pairs if value
    ]


@dataclass(frozen=True)
class OutsideChange:
    """What somebody changed in AEP; ``back`` is the action that puts it back, if one does."""

    client: str
    at: datetime | None
    lines: list[str]
    back: str = ""


def outside_change(row: Dataflow) -> OutsideChange | None:
    """The change outside that nobody has dealt with."""
    noted = row.outside_change
    if not noted or row.deleted_at or row.missing_since:
        return None
    changes: dict[str, list[Any]] = noted["changes"]
    lines = [f"{WATCHED.get(name, name)}: {old} → {new}" for name, (old, new) in changes.items()]
    at = datetime.fromisoformat(noted["at"]) if noted.get("at") else None
    return OutsideChange(noted.get("client", ""), at, lines, _way_back(changes))


def _way_back(changes: dict[str, list[Any]]) -> str:
    """State or schedule can be put back with one action; anything else needs a person."""
    if set(changes) == {"state"}:
        return "enable" if changes["state"][0] == "enabled" else "disable"
    recurring = changes.get("frequency", ["hour"])[0] != "once"
    if set(changes) <= {"frequency", "interval"} and recurring:
        return "schedule"
    return ""


@dataclass(frozen=True)
class Action:
    """Something that can be done to a dataflow; ``why_not`` says why it can't be done now."""

    kind: str
    label: str
    icon: str
    danger: bool = False


def actions(row: Dataflow, *, may_act: bool, may_build: bool) -> list[Action]:
    """What the person may do now. Order as in AEP's row menu."""
    if not may_act or row.missing_since or row.deleted_at:
        return []
    found = []
    settled = row.state in (FlowState.ENABLED, FlowState.DISABLED)
    if row.schedule.get("frequency") == "once":
        if row.state == FlowState.ENABLED:
            found.append(Action("run", gettext("Run on-demand"), "play"))
    elif may_build and settled:
        found.append(Action("schedule", gettext("Edit schedule"), "calendar"))
    if row.state == FlowState.ENABLED:
        found.append(Action("disable", gettext("Disable"), "pause"))
    elif row.state == FlowState.DISABLED:
        found.append(Action("enable", gettext("Enable"), "play"))
    if may_build:
        found.append(Action("delete", gettext("Delete"), "trash", danger=True))
    return found


def may_map(row: Dataflow) -> bool:
    """Whether the mapping can be changed from here: we have the document, and AEP is at rest."""
    settled = row.state in (FlowState.ENABLED, FlowState.DISABLED)
    known = bool(row.definition and row.dataset_id and row.mapping_set_id)
    return settled and known and not row.missing_since and not row.deleted_at


def default_window(row: Dataflow, now: datetime) -> tuple[datetime, datetime]:
    """What an on-demand run reads unless told otherwise: since the last success, or a day."""
    return row.last_success_at or now - timedelta(days=1), now
