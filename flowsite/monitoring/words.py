"""Sentences about schedules, times and outcomes, and the states as badges."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext, gettext_lazy

from flowsite.core.look import DATAFLOW_STATES, RUN_STATES, Status
from flowsite.core.wording import NOTHING, duration, localised, number
from flowsite.core.wording import words as say_it
from flowsite.definitions.schedule import every
from flowsite.definitions.sources import source_by_spec
from flowsite.runs.expectation import schedule_start

#: Our run state → key of ``look.RUN_STATES``, and → mark of ``look.strip``.
_RUN_LOOKS: Final = {"in_progress": "running"}
MARKS: Final = {
    "success": "success",
    "partial": "partial",
    "failed": "failed",
    "in_progress": "running",
    "scheduled": "waiting",
    "queued": "waiting",
}
TURNS: Final = {
    "analyst": gettext_lazy("The analyst's"),
    "ops": gettext_lazy("Yours, on duty"),
    "admin": gettext_lazy("An administrator's"),
    "adobe": gettext_lazy("Adobe's"),
    "provider": gettext_lazy("The source provider's"),
    "wait": gettext_lazy("Nobody's: it passes"),
}


def run_status(state: str, raw: str = "") -> Status:
    """The badge of a run; AEP's own word as its tooltip where it says something else."""
    look = RUN_STATES.get(_RUN_LOOKS.get(state, state), RUN_STATES["running"])
    return _with_raw(look, raw)


def flow_status(state: str, raw: str = "") -> Status:
    """The badge of a dataflow."""
    return _with_raw(DATAFLOW_STATES.get(state, DATAFLOW_STATES["processing"]), raw)


def _with_raw(look: Status, raw: str) -> Status:
    same = not raw or raw.lower() == look.word.lower()
    return (
        look
        if same
        else Status(look.word, look.tone, look.icon, gettext("AEP says: {raw}").format(raw=raw))
    )


def whose_turn(turn: str) -> str:
    """``admin`` as "An administrator's"."""
    return TURNS.get(turn, turn)


def source_name(connection_spec_id: str) -> str:
    """The catalogue's name of a source; empty for one that it doesn't know."""
    source = source_by_spec(connection_spec_id)
    return source.name if source else ""


def schedule_words(schedule: Mapping[str, Any]) -> str:
    """``{"frequency": "hour", "interval": 6}`` as "Every 6 hours"."""
    frequency = str(schedule.get("frequency", "")).lower()
    return say_it(every(frequency, schedule.get("interval", 1)))


def first_start(schedule: Mapping[str, Any]) -> datetime | None:
    """When the schedule begins."""
    return schedule_start(schedule)


def utc(moment: datetime) -> str:
    """ "2026-11-24 12:00 UTC" for tooltips and plain text."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def clock(moment: datetime, now: datetime) -> str:
    """The time alone when it is within half a day, else with the day: "23 Nov 09:10 UTC"."""
    moment = moment.astimezone(UTC)
    time = f"{moment:%H:%M} UTC"
    away = abs(moment - now)
    if away < timedelta(hours=12):
        return time
    year = f" {moment.year}" if away > timedelta(days=300) else ""
    return f"{moment.day} {moment:%b}{year} {time}"


def lateness(expected: datetime, now: datetime) -> str:
    """ "3 h late"."""
    gone = now - expected
    rounded = timedelta(minutes=gone.total_seconds() // 60)
    if gone > timedelta(hours=3):
        rounded = timedelta(hours=gone.total_seconds() // 3600)
    if gone > timedelta(days=3):
        rounded = timedelta(days=gone.days)
    return gettext("{rounded} late").format(rounded=duration(rounded))


def loss(failed: int | None, received: int | None) -> str:
    """Failed of received records in percent; empty where there is nothing to say."""
    if not failed or not received:
        return ""
    share = 100 * failed / received
    return localised("< 0.1 %" if share < 0.1 else f"{share:.1f}".removesuffix(".0") + " %")


def size(value: int | None) -> str:
    """Bytes in the unit that fits."""
    if value is None:
        return NOTHING
    amount = float(value)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return localised(f"{amount:.1f}".removesuffix(".0")) + f" {unit}"
        amount /= 1000
    return localised(f"{amount:.1f} TB")


def rate(records: int | None, seconds: float | None) -> str:
    """Records per second."""
    if records is None or not seconds:
        return NOTHING
    return f"{number(round(records / seconds, 1))} / s"
