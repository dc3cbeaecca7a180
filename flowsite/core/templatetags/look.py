"""``{% load look %}``: icons, badges and small filters of the component templates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils.safestring import SafeString

from flowsite.core import look, wording

register = template.Library()


@register.simple_tag
def icon(name: str, size: int = 20, css: str = "") -> SafeString:
    """``{% icon "key" 16 %}``; names as on heroicons.com."""
    return look.icon(name + "", size, css + "")


@register.simple_tag
def badge(word: Any, tone: str = "neutral", icon: str = "", title: str = "") -> SafeString:
    """``{% badge "Failed" "negative" %}``."""
    return look.badge(str(word), tone + "", icon + "", str(title) + "")


@register.filter
def tone_icon(tone: str) -> str:
    """The icon that goes with a tone."""
    return look.TONE_ICONS.get(tone, "information-circle")


@register.filter
def message_tone(level: str) -> str:
    """The tone of a message's level tag."""
    return look.message_tone(level)


@register.filter
def step_status(state: str) -> look.Status:
    """Word, tone and icon of a submission step."""
    return look.STEP_STATES.get(state, look.STEP_STATES["todo"])


@register.filter
def number(value: float | None) -> str:
    """``{{ rows|number }}``: "1,204,118", or a dash for what AEP does not know."""
    return wording.number(value)


@register.filter
def duration(value: timedelta | float | None) -> str:
    """``{{ took|duration }}``: "1 min 12 s"."""
    return wording.duration(value)


@register.simple_tag
def moment(value: datetime | None, kind: str = "") -> SafeString:
    """``{% moment run.started_at %}``: UTC and the viewer's time; kinds "ago" and "seconds"."""
    return wording.moment(value, ago=kind == "ago", seconds=kind == "seconds")


@register.filter
def words(text: Any) -> Any:
    """``{{ problem.message|words }}``: a stored sentence of ours in the reader's language."""
    return text if isinstance(text, SafeString) else wording.words(text or "")
