"""Numbers, lengths of time and moments as the pages print them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from django.utils.formats import get_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, trans_real

#: What stands for a value that is not known; AEP sends -1 or nothing.
NOTHING = "–"
_COMPACT = ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k"))
_PARTS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


_HOLE: Final = re.compile(r"\{(\w+)\}")
#: So long a text is no sentence of ours; nobody looks for its pattern.
_LONGEST: Final = 4000


def words(text: object) -> str:
    """A sentence that ``flowsite.saying`` made, in the reader's language (decision 9).

    What is not recognised, such as AEP's own words, stays as it is.
    """
    said = str(text)
    language = get_language() or "en"
    if not said or len(said) > _LONGEST or language.startswith("en"):
        return said
    return _recognised(language, said)


@lru_cache(maxsize=4096)
def _recognised(language: str, said: str) -> str:
    known = gettext(said)
    if known != said:
        return known
    for start, pattern, translated in _patterns(language):
        if said.startswith(start) and (match := pattern.fullmatch(said)):
            values = {
                name: words(value) if name.endswith("_words") else value
                for name, value in match.groupdict().items()
            }
            return translated.format(**values)
    return said


@lru_cache(maxsize=8)
def _patterns(language: str) -> list[tuple[str, re.Pattern[str], str]]:
    """(beginning, pattern, translation) of the catalogue; those that say most come first."""
    found = []
    for message, translated in trans_real.translation(language)._catalog.items():  # type: ignore[attr-defined]
        if translated and isinstance(message, str) and _HOLE.search(message):
            parts = [_unescaped(part) for part in _HOLE.split(message)]
            if _telling(parts[::2]):
                found.append((parts, str(translated)))
    found.sort(key=lambda one: -sum(map(len, one[0][::2])))
    return [(parts[0], _compiled(parts), translated) for parts, translated in found]


def _telling(texts: list[str]) -> bool:
    """Whether a pattern says enough to be known again: "{a} to {b}" would fit anything."""
    return max(len(text.strip()) for text in texts) >= 5 or sum(map(len, texts)) >= 12


def _unescaped(text: str) -> str:
    """Braces that ``str.format`` writes twice, once."""
    return text.replace("{{", "{").replace("}}", "}")


def _compiled(parts: list[str]) -> re.Pattern[str]:
    """Of texts and names by turns, as ``split`` gives them."""
    made, seen = "", set[str]()
    for index, part in enumerate(parts):
        if index % 2 == 0:
            made += re.escape(part)
        else:
            made += f"(?P={part})" if part in seen else f"(?P<{part}>.*?)"
            seen.add(part)
    return re.compile(made, re.DOTALL)


def number(value: float | None) -> str:
    """``1204118`` as "1,204,118"; unknown (None, negative) as a dash."""
    if value is None or value < 0:
        return NOTHING
    text = f"{value:,}" if isinstance(value, int) or value % 1 else f"{int(value):,}"
    return localised(text)


def localised(text: str) -> str:
    """A number as Python writes it, with the marks of the reader's language."""
    if (get_language() or "en").startswith("en"):
        return text
    marks = {",": str(get_format("THOUSAND_SEPARATOR")), ".": str(get_format("DECIMAL_SEPARATOR"))}
    return "".join(marks.get(letter, letter) for letter in text)


def compact(value: float) -> str:
    """``120000`` as "120k", for axes."""
    for size, letter in _COMPACT:
        if abs(value) >= size:
            return localised(f"{value / size:.1f}".rstrip("0").rstrip(".")) + letter
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
        return localised(f"{seconds:.1f} s".replace(".0 ", " "))
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
    text = utc.isoformat(" ", "seconds")[:19]
    return mark_safe(  # noqa: S308 -- digits only; lists print hundreds of these
        f'<time datetime="{text[:10]}T{text[11:]}Z" data-{"ago" if ago else "local"}>'
        f"{text if seconds else text[:16]} UTC</time>"
    )
