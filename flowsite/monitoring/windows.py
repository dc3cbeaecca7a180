"""The stretch of time that a list of runs shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from flowsite.monitoring import pictures
from flowsite.monitoring.filters import RANGES

CUSTOM: Final = "custom"
USUAL: Final = "24h"
LONGEST: Final = timedelta(days=366)
#: Bars of a chart: this wide for a stretch up to this long.
_BARS: Final = (
    (timedelta(hours=36), timedelta(hours=1)),
    (timedelta(days=8), timedelta(hours=6)),
    (timedelta(days=62), timedelta(days=1)),
    (LONGEST, timedelta(days=7)),
)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Window:
    """From ``start`` until before ``end``, in whole hours; ``is_open``: whatever comes counts."""

    name: str
    start: datetime
    end: datetime
    bar: timedelta
    is_open: bool = True
    #: What was typed, and what is wrong with it.
    typed: tuple[str, str] = ("", "")
    problem: str = ""

    @property
    def last(self) -> datetime | None:
        """Where lists end; None while more may come."""
        return None if self.is_open else self.end


def window_of(query: Mapping[str, str], now: datetime) -> Window:
    """What the address asks for: ``range=24h|7d|30d``, or ``range=custom&from=…&to=…`` (UTC).

    A stretch that can't be is said to be wrong, and the usual one shown in its place.
    """
    name = query.get("range", "")
    if name != CUSTOM:
        return _until_now(name if name in RANGES else USUAL, now)
    typed = (query.get("from", "")[:40], query.get("to", "")[:40])
    try:
        start, end = _ends(*typed, now)
    except ValueError as problem:
        usual = _until_now(USUAL, now)
        return Window(CUSTOM, usual.start, usual.end, usual.bar, True, typed, str(problem))
    start, end = _floor(start), _floor(end - timedelta(microseconds=1)) + _HOUR
    bar = next(width for longest, width in _BARS if end - start <= longest + 2 * _HOUR)
    return Window(CUSTOM, start, end, bar, not typed[1], typed)


def _until_now(name: str, now: datetime) -> Window:
    return Window(name, pictures.range_start(name, now), now, pictures.BAR[name])


def _ends(from_text: str, to_text: str, now: datetime) -> tuple[datetime, datetime]:
    """Both ends as typed. Raises ValueError with a sentence."""
    start, end = _moment(from_text), _moment(to_text) if to_text else now
    if start is None or end is None:
        raise ValueError(_("Give a date and a time for both ends, or leave “until” empty."))
    if start >= now:
        raise ValueError(_("That time has not begun yet."))
    if end <= start:
        raise ValueError(_("The end lies before the start."))
    if end - start > LONGEST:
        raise ValueError(_("At most %(n)d days can be shown at once.") % {"n": LONGEST.days})
    return start, end


def _moment(text: str) -> datetime | None:
    """A date, or date and time; UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _floor(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
