"""``{% load wizard %}``: JSON inside attributes."""

from __future__ import annotations

import json

from django import template

register = template.Library()


@register.filter
def json_string(value: str) -> str:
    """A text as a JSON string, still to be escaped by the template: for ``hx-vals``."""
    return json.dumps(value)
