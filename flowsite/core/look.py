"""Icons, tones and status words as the pages print them; prepared once, safe to put into a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Literal

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy
from heroicons.templatetags import heroicons

Tone = Literal["positive", "notice", "negative", "info", "neutral"]
Mark = Literal["success", "partial", "failed", "running", "waiting", "none"]

TONE_ICONS: dict[str, str] = {
    "positive": "check-circle",
    "notice": "exclamation-triangle",
    "negative": "x-circle",
    "info": "information-circle",
    "neutral": "minus-circle",
}
#: What Django's messages framework calls a level.
MESSAGE_TONES = {
    "debug": "neutral",
    "warning": "notice",
    "error": "negative",
    "success": "positive",
}
_STYLES = {16: heroicons.heroicon_micro, 20: heroicons.heroicon_outline}


@lru_cache(maxsize=512)
def icon(name: str, size: int = 20, css: str = "") -> SafeString:
    """A decorative inline SVG: 16 px filled, larger ones outlined.

    Kept, because parsing the SVG anew costs more than the rest of a table row.
    """
    draw = _STYLES.get(size, heroicons.heroicon_outline)
    attributes: dict[str, object] = {"class": css} if css else {}
    return mark_safe(draw(name, size=size, **attributes))  # noqa: S308 -- from the icon package


def message_tone(level: str) -> str:
    """The tone of a message of Django's messages framework."""
    return MESSAGE_TONES.get(level, "info")


def choice(name: object, note: object) -> SafeString:
    """The label of a radio button or checkbox that explains itself."""
    return format_html('<b>{}</b> <span class="small muted">{}</span>', name, note)


@dataclass(frozen=True)
class Status:
    """A state as people see it: a word, a tone and an icon, never a colour alone."""

    word: str | Promise
    tone: Tone = "neutral"
    icon: str = ""
    title: str = ""

    @property
    def html(self) -> SafeString:
        return badge(str(self.word), self.tone, self.icon, str(self.title))


@lru_cache(maxsize=1024)
def badge(word: str, tone: str = "neutral", icon_name: str = "", title: str = "") -> SafeString:
    """A status badge. ``title`` is shown on hover and keeps e.g. AEP's raw state."""
    return format_html(
        '<span class="badge badge-{}"{}>{}{}</span>',
        tone,
        format_html(' title="{}"', title) if title else "",
        icon(icon_name or TONE_ICONS.get(tone, "minus-circle"), 16),
        word,
    )


RUN_STATES: dict[str, Status] = {
    "success": Status(gettext_lazy("Success"), "positive"),
    "partial": Status(gettext_lazy("Partial success"), "notice"),
    "failed": Status(gettext_lazy("Failed"), "negative"),
    "running": Status(gettext_lazy("In progress"), "info", "play-circle"),
    "scheduled": Status(gettext_lazy("Scheduled"), "neutral", "calendar"),
    "queued": Status(gettext_lazy("Queued"), "neutral", "clock"),
}
DATAFLOW_STATES: dict[str, Status] = {
    "draft": Status(gettext_lazy("Draft"), "neutral", "pencil-square"),
    "enabled": Status(gettext_lazy("Enabled"), "positive"),
    "disabled": Status(gettext_lazy("Disabled"), "neutral", "pause-circle"),
    "processing": Status(gettext_lazy("Processing"), "info", "arrow-path"),
    "error": Status(gettext_lazy("Error"), "negative"),
}
SUBMISSION_STATES: dict[str, Status] = {
    "draft": Status(gettext_lazy("Draft"), "neutral", "pencil-square"),
    "submitting": Status(gettext_lazy("Submitting"), "info", "arrow-path"),
    "attention": Status(gettext_lazy("Needs attention"), "notice"),
    "published": Status(gettext_lazy("Published"), "positive"),
}


#: Steps of a submission, as components/progress_list.html names them.
STEP_STATES: dict[str, Status] = {
    "todo": Status(gettext_lazy("Waiting"), "neutral", "clock"),
    "sending": Status(gettext_lazy("Sending"), "info", "arrow-path"),
    "done": Status(gettext_lazy("Done"), "positive", "check-circle"),
    "failed": Status(gettext_lazy("Failed"), "negative", "x-circle"),
    "unknown": Status(gettext_lazy("Outcome unknown"), "notice", "question-mark-circle"),
    "skipped": Status(gettext_lazy("Not needed"), "neutral", "forward"),
    "undone": Status(gettext_lazy("Undone"), "neutral", "arrow-uturn-left"),
    "left": Status(gettext_lazy("Left behind"), "notice", "archive-box"),
}


def strip(marks: Iterable[tuple[str, str, str]], label: str) -> SafeString:
    """The last runs as a row of marks, oldest first: (mark, tooltip, address) each.

    The mark gives colour and shape, the tooltip (also the accessible name) the words. One tab stop
    a strip: the newest mark; arrow keys reach the others. Prepared as one string, because a board
    prints hundreds of marks.
    """
    not_here = ' tabindex="-1"'
    # The standard library's escape: Django's costs five times as much, for each of 700 marks.
    parts = [
        f'<a class="mark mark-{mark}" href="{escape(url)}" title="{escape(words)}"{not_here}></a>'
        for mark, words, url in marks
    ]
    if parts:
        parts[-1] = parts[-1].replace(f"{not_here}></a>", "></a>")
    return mark_safe(  # noqa: S308 -- marks are ours, all other texts went through escape()
        f'<span class="strip" role="group" aria-label="{escape(label)}" data-arrows>'
        f"{''.join(parts)}</span>"
    )
