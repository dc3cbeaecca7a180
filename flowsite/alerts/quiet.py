"""Quiet hours. Pure: times of day on the clock of a place, across midnight and clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_REGIONS: Final = frozenset(
    {
        "Africa",
        "America",
        "Antarctica",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
)


@cache
def zone_names() -> list[str]:
    """Names of places whose clocks are known, UTC first."""
    return ["UTC", *sorted(n for n in available_timezones() if n.partition("/")[0] in _REGIONS)]


def zone_of(name: str) -> ZoneInfo | None:
    """None for UTC, and for a name that this machine does not know."""
    if name == "UTC":
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def quiet_until(now: datetime, start: time | None, end: time | None, zone: str) -> datetime | None:
    """When the quiet hours that ``now`` lies in are over; None when it lies in none.

    ``start`` after ``end`` goes across midnight; the same time twice is never quiet. Where the
    clock shows ``end`` twice, the second time counts, and where it skips ``end``, the moment after
    the gap does.
    """
    if start is None or end is None or start == end:
        return None
    place = zone_of(zone) or UTC
    local = now.astimezone(place)
    clock = local.time()
    over_midnight = start > end
    inside = (clock >= start or clock < end) if over_midnight else (start <= clock < end)
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and clock >= start else 0)
    ends = (datetime.combine(day, end, place).replace(fold=fold) for fold in (0, 1))
    return max(moment.astimezone(UTC) for moment in ends)
