"""``{% load look %}``: icons, badges and small filters of the component templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

from flowsite.core import look

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
def required_mark(field: BoundField) -> bool:
    """Whether a field must be filled: optional ones are marked, not required ones."""
    return bool(field.field.required)
