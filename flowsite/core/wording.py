"""Numbers, lengths of time and moments as the pages print them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString

#: What stands for a value that is not known; AEP sends -1 or nothing.
NOTHING = "–"
_COMPACT = ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k"))
_PARTS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def number(value: float | None) -> str:
    """``1204118`` as "1,204,118"; unknown (None, negative) as a dash."""
    if value is None or value < 0:
        return NOTHING
    return f"{value:,}" if isinstance(value, int) or value % 1 else f"{int(value):,}"


def compact(value: float) -> str:
    """``120000`` as "120k", for axes."""
    for size, letter in _COMPACT:
        if abs(value) >= size:
            return f"{value / size:.1f}".rstrip("0").rstrip(".") + letter
    return f"{value:g}"


def duration(value: timedelta | float | None) -> str:
    """A length of time (a bare number is in seconds) in its two largest units: "1 min 12 s"."""
    if value is None:
        return NOTHING
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 0:
        return NOTHING
    if 0 < seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".0 ", " ")
    left = round(seconds)
    words: list[str] = []
    for size, unit in _PARTS:
        if left >= size and len(words) < 2:
            words.append(f"{left // size} {unit}")
            left %= size
        elif words:
            break
    return " ".join(words)


def moment(value: datetime | None, *, ago: bool = False, seconds: bool = False) -> SafeString:
    """An aware time in UTC. Scripts add the viewer's zone, or keep "20 s ago" current (``ago``)."""
    if value is None:
        return format_html("{}", NOTHING)
    utc = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" data-{}>{} UTC</time>',
        utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ago" if ago else "local",
        utc.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"),
    )
