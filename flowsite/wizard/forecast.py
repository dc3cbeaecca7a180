"""What a schedule means: its next runs, its load, and what can't be changed later. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from flowsite.core.wording import words
from flowsite.definitions.model import Schedule
from flowsite.definitions.problems import Problem
from flowsite.definitions.schedule import (
    PROFILE_BATCHES_PER_DAY,
    SMALLEST_INTERVAL,
    batches_per_day,
    next_runs,
    schedule_problems,
    start_problems,
)
from flowsite.planning.summary import frequency_words

RUNS_SHOWN = 5


@dataclass(frozen=True)
class Forecast:
    """What the page says about a schedule."""

    words: str
    runs: list[datetime]
    batches: str
    over_guardrail: bool
    limits: str
    fixed: list[str]
    problems: list[Problem]


def forecast(
    schedule: Schedule | None, now: datetime, *, profile: bool, kind: str | None
) -> Forecast | None:
    """None while no frequency is chosen."""
    if schedule is None:
        return None
    batches = batches_per_day(schedule) if schedule.recurring else 0
    return Forecast(
        words=""
        if schedule.recurring and not schedule.interval
        else words(frequency_words(schedule)),
        runs=next_runs(schedule, now, RUNS_SHOWN),
        batches=_batches(schedule, batches),
        over_guardrail=profile and batches > PROFILE_BATCHES_PER_DAY,
        limits=_limits(schedule),
        fixed=_fixed(schedule, kind),
        problems=[*schedule_problems(schedule), *start_problems(schedule, now)],
    )


def _batches(schedule: Schedule, batches: float) -> str:
    if not schedule.recurring:
        return _("One batch, once.")
    if not batches:
        return ""
    if batches >= 1:
        return _("%(n)s batches a day.") % {
            "n": f"{batches:g}" if batches < 10 else f"{batches:.0f}"
        }
    return _("One batch every %(n)s days.") % {"n": f"{1 / batches:g}"}


def _limits(schedule: Schedule) -> str:
    if not schedule.recurring:
        return _("A one-time dataflow has no interval, no backfill and no column to load by.")
    least = SMALLEST_INTERVAL[schedule.frequency]
    text = _("With the frequency %(frequency)s the interval is at least %(least)d.")
    return text % {"frequency": words(schedule.frequency.title()).lower(), "least": least}


def _fixed(schedule: Schedule, kind: str | None) -> list[str]:
    """Source: Flow Service errors 1366, 1403 and 1404, and the tip of the update tutorial."""
    found = [_("The start time, once it has passed.")]
    if schedule.recurring:
        found.append(_("That it recurs: it can't become a one-time dataflow once it has started."))
        found.append(_("Backfill, once the start time has passed."))
    else:
        found.append(_("It stays a one-time dataflow; it can be run again on demand."))
    if kind == "tabular":
        found.append(_("The table and its columns: other ones need a new dataflow."))
    else:
        found.append(_("What is read: another resource or path needs a new dataflow."))
    return found
