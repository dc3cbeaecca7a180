"""Functions of dates. Formats have Java's letters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flowsite.emulator.dates import format_with, from_epoch_ms, parse_with
from flowsite.emulator.functions.values import (
    EvaluationError,
    Function,
    moment,
    number,
    short,
    text,
    whole,
)

_D = "Date"
_UNITS_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MAX_AMOUNT = 10**9
_PARTS: dict[str, Callable[[datetime], int]] = {
    "year": lambda at: at.year,
    "quarter": lambda at: (at.month - 1) // 3 + 1,
    "month": lambda at: at.month,
    "dayofyear": lambda at: at.timetuple().tm_yday,
    "day": lambda at: at.day,
    "weekday": lambda at: at.isoweekday(),
    "hour": lambda at: at.hour,
    "minute": lambda at: at.minute,
    "second": lambda at: at.second,
}


def _now() -> datetime:
    return datetime.now(UTC)


def _timestamp() -> int:
    return int(_now().timestamp() * 1000)


def _date(value: Any, form: Any = None, default: Any = None) -> Any:
    if value is None and default is None:
        return None
    try:
        return moment(value) if form is None else parse_with(text(value), text(form))
    except ValueError as error:
        if default is None:
            raise EvaluationError(f"{short(value)} isn't a date: {error}") from error
        return moment(default)


def _format(value: Any, form: Any) -> Any:
    return None if value is None else format_with(moment(value), text(form))


def _dformat(milliseconds: Any, form: Any) -> str:
    return format_with(from_epoch_ms(number(milliseconds)), text(form))


def _date_part(part: Any, value: Any) -> int:
    name = text(part).lower()
    if name not in _PARTS:
        raise EvaluationError(f"{name[:20]} is no part of a date.")
    return _PARTS[name](moment(value))


def _unit_s(value: Any) -> int:
    name = text(value).lower().rstrip("s")
    if name not in _UNITS_S:
        raise EvaluationError(f"{name[:20]} is no unit of time.")
    return _UNITS_S[name]


def _date_diff(first: Any, second: Any, unit: Any = "day") -> int:
    return int((moment(second) - moment(first)).total_seconds() // _unit_s(unit))


def _add_to_date(value: Any, amount: Any, unit: Any) -> datetime:
    return moment(value) + timedelta(seconds=whole(amount, _MAX_AMOUNT) * _unit_s(unit))


def _in_utc(value: Any) -> Any:
    return None if value is None else moment(value)


FUNCTIONS = (
    Function(_D, "now()", "Date", "The present moment.", _now, 0, 0),
    Function(_D, "timestamp()", "Integer", "Milliseconds since 1970.", _timestamp, 0, 0),
    Function(_D, "date(text, format, default)", "Date", "Reads a date.", _date, 1, 3),
    Function(_D, "format(date, format)", "String", "Writes a date.", _format, 2, 2),
    Function(_D, "dformat(milliseconds, format)", "String", "Writes a moment.", _dformat, 2, 2),
    Function(_D, "date_part(part, date)", "Integer", "Year, month, day.", _date_part, 2, 2),
    Function(_D, "date_diff(from, to, unit)", "Integer", "Time between.", _date_diff, 2, 3),
    Function(_D, "add_to_date(date, amount, unit)", "Date", "A later date.", _add_to_date, 3, 3),
    Function(_D, "zone_date_to_utc(date)", "Date", "The date in UTC.", _in_utc),
)
