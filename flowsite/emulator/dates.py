"""Dates as they come in rows, and Java's date patterns (data handling rules of Data Prep)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_COMMON = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%m/%d/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%d-%b-%Y",
    "%Y%m%d",
)
#: Java's pattern letters. ``YYYY`` is the week year and ``DD`` the day of the year: the trap.
_TOKENS = {
    "yyyy": "%Y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%m",
    "dd": "%d",
    "d": "%d",
    "HH": "%H",
    "H": "%H",
    "hh": "%I",
    "h": "%I",
    "mm": "%M",
    "m": "%M",
    "ss": "%S",
    "s": "%S",
    "SSS": "%f",
    "a": "%p",
    "EEEE": "%A",
    "EEE": "%a",
    "E": "%a",
    "XXX": "%z",
    "X": "%z",
    "Z": "%z",
    "z": "%Z",
    "YYYY": "%G",
    "ww": "%V",
    "DD": "%j",
    "DDD": "%j",
    "T": "T",
}
_PIECES = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'")


class BadPattern(ValueError):
    """A date pattern with letters that Java doesn't know."""


def parse_date(value: Any) -> datetime | None:
    """A date of a common form, else None. Without a zone it is UTC (API contract, section 7.5)."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not 6 <= len(value) <= 40:
        return None
    text = value.strip()
    try:
        return _in_utc(datetime.fromisoformat(text.replace("Z", "+00:00")))
    except (ValueError, OverflowError):
        pass
    for form in _COMMON:
        try:
            return _in_utc(datetime.strptime(text, form))
        except (ValueError, OverflowError):
            continue
    return None


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def python_format(pattern: str) -> str:
    """Java's pattern as strptime's. Raises BadPattern."""
    pieces = []
    for match in _PIECES.finditer(pattern):
        text = match.group()
        if match.group(1) is not None:
            pieces.append(match.group(1).replace("''", "'").replace("%", "%%"))
        elif match.group(2):
            if text not in _TOKENS:
                raise BadPattern(f"{text} isn't a letter of date patterns")
            pieces.append(_TOKENS[text])
        else:
            pieces.append(text.replace("%", "%%"))
    return "".join(pieces)


def parse_with(text: str, pattern: str) -> datetime:
    """Raises ValueError (BadPattern too)."""
    return _in_utc(datetime.strptime(text, python_format(pattern)))


def format_with(moment: datetime, pattern: str) -> str:
    """``SSS`` is milliseconds, which strftime doesn't know."""
    form = python_format(pattern).replace("%f", f"{moment.microsecond // 1000:03d}")
    return moment.strftime(form)


def iso(moment: datetime) -> str:
    """The form in which dates are written into the lake."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").replace(".000Z", "Z")


def from_epoch_ms(value: float) -> datetime:
    """Raises OverflowError for a number no calendar has."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
