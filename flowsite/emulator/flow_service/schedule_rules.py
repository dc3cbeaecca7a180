"""Rules of ``scheduleParams`` (API contract, sections 7.7 to 7.9)."""

from __future__ import annotations

from typing import Any

from flowsite.emulator import jsonschemas
from flowsite.emulator.errors import flow_error

UNIT_S = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MINIMUM = {"minute": 15, "hour": 1, "day": 1, "week": 1}
#: The table of errors gives no code to a schedule of the wrong form; 1397 is its neighbour.
_MALFORMED = 1397


def check_schedule(spec: dict[str, Any], schedule: Any, now_s: float | None) -> None:
    """Known mistakes get their own codes, the rest goes by the spec's JSON Schema.

    ``now_s`` None: the start isn't checked, because it isn't being set.
    """
    if not isinstance(schedule, dict):
        raise flow_error(_MALFORMED, "scheduleParams is missing.")
    frequency, interval = schedule.get("frequency"), schedule.get("interval")
    if frequency == "once" and "interval" in schedule:
        raise flow_error(1361, "interval isn't allowed with the frequency once.")
    if frequency == "once" and "backfill" in schedule:
        raise flow_error(1364, "backfill isn't allowed with the frequency once.")
    if isinstance(frequency, str) and isinstance(interval, int):
        least = _MINIMUM.get(frequency, interval)
        if interval < least:
            raise flow_error(1362, f"interval must be at least {least} for {frequency}.")
    found = jsonschemas.problems(spec["scheduleSpec"]["spec"], schedule, "scheduleParams")
    if found:
        raise flow_error(_MALFORMED, "; ".join(found))
    _check_bounds(schedule)
    if now_s is not None and schedule["startTime"] < int(now_s):
        raise flow_error(1360, "startTime is in the past.")


def _check_bounds(schedule: dict[str, Any]) -> None:
    """A start in milliseconds is the usual mistake: it lies tens of thousands of years ahead."""
    if not 0 <= schedule["startTime"] < 10**11:
        raise flow_error(_MALFORMED, "startTime is in epoch seconds.")
    if schedule.get("interval", 1) > 10**6:
        raise flow_error(1363, "interval is too large.")


def interval_s(schedule: dict[str, Any]) -> float | None:
    """Seconds between two runs; None for ``once``."""
    if schedule["frequency"] == "once":
        return None
    return float(UNIT_S[schedule["frequency"]] * schedule["interval"])


def check_change(old: dict[str, Any], new: dict[str, Any], now_s: float) -> None:
    """What can't change once the start has passed: the start, to once, the backfill."""
    if old["startTime"] > now_s:
        if new["startTime"] < int(now_s):
            raise flow_error(1360, "startTime is in the past.")
        return
    if new["startTime"] != old["startTime"]:
        raise flow_error(1366, "startTime can't change once it has passed.")
    if new["frequency"] == "once" and old["frequency"] != "once":
        raise flow_error(1403, "The frequency can't become once any more.")
    if new.get("backfill", True) != old.get("backfill", True):
        raise flow_error(1404, "backfill can't change once the start has passed.")
