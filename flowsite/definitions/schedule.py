"""When a dataflow runs, and the rules of ``scheduleSpec``.

Source: the flow spec's ``scheduleSpec`` and the Flow Service error table (1360-1366, 1367, 1369).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from flowsite.definitions.model import Frequency, Schedule
from flowsite.definitions.problems import Problem
from flowsite.saying import say

UNITS: Final[dict[Frequency, timedelta]] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
SMALLEST_INTERVAL: Final[dict[Frequency, int]] = {"minute": 15, "hour": 1, "day": 1, "week": 1}
LARGEST_INTERVAL: Final = 10_000
"""AEP documents no maximum; a typing error must not overflow our dates."""
START_MARGIN: Final = timedelta(minutes=2)
"""A start nearer than this may be past when AEP reads it; a submission takes less."""
PROFILE_BATCHES_PER_DAY: Final = 90
"""Soft guardrail per sandbox for Profile and event batches. Source: ingestion guardrails."""
DAY: Final = timedelta(days=1)


#: Unit → what is said of an interval of one, and of more.
_EVERY: Final = {
    "minute": (say("Every minute"), say("Every {count} minutes")),
    "hour": (say("Every hour"), say("Every {count} hours")),
    "day": (say("Every day"), say("Every {count} days")),
    "week": (say("Every week"), say("Every {count} weeks")),
}


def every(frequency: str, count: object) -> str:
    """``Once``, ``Every hour`` or ``Every 15 minutes``; "No schedule" for an unknown frequency."""
    if frequency == "once":
        return say("Once")
    if frequency not in _EVERY:
        return say("No schedule")
    one, many = _EVERY[frequency]
    return one if count == 1 else many.format(count=count)


def interval(schedule: Schedule) -> timedelta | None:
    """The time between two runs; None for ``once`` or while no usable interval is given."""
    unit = UNITS.get(schedule.frequency)
    count = schedule.interval
    if unit is None or count is None or not 1 <= count <= LARGEST_INTERVAL:
        return None
    return unit * count


def next_runs(schedule: Schedule, now: datetime, n: int = 5) -> list[datetime]:
    """The next ``n`` expected starts after ``now``, in UTC; one or none for a one-time dataflow.

    AEP counts fixed lengths of time, so local clock time shifts with daylight saving.
    """
    start = schedule.start
    if start is None:
        return []
    if not schedule.recurring:
        return [start] if start > now else []
    step = interval(schedule)
    if step is None:
        return []
    first = start if start > now else start + step * ((now - start) // step + 1)
    return [first + step * index for index in range(n)]


def batches_per_day(schedule: Schedule) -> float:
    """How many batches a day it makes in the long run; a one-time dataflow makes one, once."""
    if not schedule.recurring:
        return 1.0
    step = interval(schedule)
    return DAY / step if step else 0.0


def schedule_problems(schedule: Schedule) -> list[Problem]:
    """What is wrong with the schedule by itself, whatever the time and the source."""
    found = _one_time_problems(schedule) if not schedule.recurring else _interval_problems(schedule)
    if schedule.start is None:
        found.append(_problem("missing", "start", say("Choose when the dataflow starts.")))
    return found


def start_problems(schedule: Schedule, now: datetime) -> list[Problem]:
    """Whether the start still lies ahead. ``now`` is aware. Source: errors 1360 and 1366."""
    if schedule.start is None:
        return []
    if schedule.start <= now:
        text = say(
            "The start {start} UTC is past; choose a later one.",
            start=f"{schedule.start:%Y-%m-%d %H:%M}",
        )
        return [_problem("FLOW-1360", "start", text)]
    if schedule.start < now + START_MARGIN:
        minutes = int(START_MARGIN.total_seconds() // 60)
        text = say(
            "The start is less than {minutes} minutes away; it may be past when Adobe reads it.",
            minutes=minutes,
        )
        return [Problem("start-soon", "schedule", "schedule.start", text, "warning")]
    return []


def _one_time_problems(schedule: Schedule) -> list[Problem]:
    found = []
    if schedule.interval is not None:
        text = say("A one-time dataflow has no interval; remove it.")
        found.append(_problem("FLOW-1361", "interval", text))
    if schedule.backfill is not None:
        text = say("A one-time dataflow has no backfill; remove it.")
        found.append(_problem("FLOW-1364", "backfill", text))
    if schedule.load_incremental_by is not None:
        text = say(
            "A one-time dataflow loads everything; remove the column to load incremental data by."
        )
        found.append(_problem("FLOW-1369", "load_incremental_by", text))
    if schedule.date_format is not None:
        text = say("A one-time dataflow has no date format of a column; remove it.")
        found.append(_problem("FLOW-1369", "date_format", text))
    return found


def _interval_problems(schedule: Schedule) -> list[Problem]:
    least = SMALLEST_INTERVAL[schedule.frequency]
    if schedule.interval is None:
        text = say(
            "Give an interval: every how many {frequency}s it runs (at least {least}).",
            frequency=schedule.frequency,
            least=least,
        )
        return [_problem("missing", "interval", text)]
    if schedule.interval < least:
        text = say(
            "The interval must be at least {least} for the frequency {frequency}.",
            least=least,
            frequency=schedule.frequency,
        )
        return [_problem("FLOW-1362", "interval", text)]
    if schedule.interval > LARGEST_INTERVAL:
        text = say(
            "The interval must be at most {LARGEST_INTERVAL}.", LARGEST_INTERVAL=LARGEST_INTERVAL
        )
        return [_problem("interval-too-large", "interval", text)]
    return []


def _problem(code: str, field: str, message: str) -> Problem:
    return Problem(code, "schedule", f"schedule.{field}", message)
