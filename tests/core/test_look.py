from __future__ import annotations

import re

import pytest
from django.template import Context, Template

from flowsite.core import look


def test_a_badge_has_icon_and_word():
    html = look.badge("Failed", "negative", title='raw "FAILED"')

    assert html.startswith('<span class="badge badge-negative" title="raw &quot;FAILED&quot;"><svg')
    assert html.endswith("</svg>Failed</span>")


def test_a_badge_escapes_its_word():
    assert look.badge("<script>").endswith("&lt;script&gt;</span>")


@pytest.mark.parametrize(
    "states",
    [look.RUN_STATES, look.DATAFLOW_STATES, look.SUBMISSION_STATES, look.STEP_STATES],
    ids=["runs", "dataflows", "submissions", "steps"],
)
def test_states_differ_without_colour(states):
    signs = {
        (status.word, status.icon or look.TONE_ICONS[status.tone]) for status in states.values()
    }

    assert len({icon for _, icon in signs}) == len(states)
    assert all(status.html for status in states.values())


def test_a_strip_is_one_tab_stop_at_the_newest_run():
    html = look.strip([("success", "Success, 12:00", "/r/1"), ("failed", "A & B", "/r/2")], "Runs")

    assert re.findall(r"<a .*?></a>", html) == [
        '<a class="mark mark-success" href="/r/1" title="Success, 12:00" tabindex="-1"></a>',
        '<a class="mark mark-failed" href="/r/2" title="A &amp; B"></a>',
    ]


def test_tags_take_values_and_literals():
    template = Template(
        '{% load look %}{% badge word "notice" %}|{{ rows|number }}|{% icon "key" 16 %}'
    )

    badge, rows, icon = template.render(Context({"word": "<i>", "rows": 12000})).split("|")

    assert badge.endswith("&lt;i&gt;</span>")
    assert rows == "12,000"
    assert icon.startswith('<svg viewBox="0 0 16 16"')
