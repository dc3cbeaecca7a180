"""When the next run of a dataflow is expected. Pure; ``schedule`` is AEP's ``scheduleParams``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_UNITS: Final = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
#: A run that starts this little before its slot belongs to it: clocks differ.
_EARLY: Final = timedelta(seconds=60)
_LARGEST_INTERVAL: Final = 10_000


def schedule_start(schedule: Mapping[str, Any]) -> datetime | None:
    """``startTime`` (epoch seconds) as an aware time; None when it is missing or absurd."""
    value = schedule.get("startTime")
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def interval(schedule: Mapping[str, Any]) -> timedelta | None:
    """The time between two runs; None for a one-time dataflow or an unreadable schedule."""
    unit = _UNITS.get(str(schedule.get("frequency", "")).lower())
    count = schedule.get("interval", 1)
    if unit is None or not isinstance(count, int) or not 1 <= count <= _LARGEST_INTERVAL:
        return None
    return unit * count


def next_expected(
    schedule: Mapping[str, Any], *, last_run: datetime | None, since: datetime | None
) -> datetime | None:
    """The first slot of the schedule that no run has filled yet.

    ``last_run`` is the start of the newest run. ``since`` is when the schedule came into force
    (enabled, or changed): slots before it aren't expected. A one-time dataflow is expected once.
    """
    start = schedule_start(schedule)
    if start is None:
        return None
    step = interval(schedule)
    if step is None:
        once = str(schedule.get("frequency", "")).lower() == "once"
        return start if once and last_run is None else None
    early = min(_EARLY, step / 10)
    passed = [moment for moment in (last_run and last_run + early, since) if moment]
    after = max(passed, default=None)
    if after is None or after < start:
        return start
    return start + step * ((after - start) // step + 1)
