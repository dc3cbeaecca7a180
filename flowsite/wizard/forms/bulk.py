"""The pattern for many dataflows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from flowsite.definitions.model import MAX_NAME
from flowsite.definitions.schedule import LARGEST_INTERVAL, SMALLEST_INTERVAL
from flowsite.wizard.bulk import MOST, PREFERRED, Pattern
from flowsite.wizard.forms.picks import unpacked_text
from flowsite.wizard.forms.schedule import FREQUENCIES, LOCAL, default_start

PLACEHOLDERS = _("{source} and {table} stand for the names.")


class BulkForm(forms.Form):
    """All of it is needed: drafts are made from it at once."""

    name = forms.CharField(
        label=_("Dataflow names"),
        max_length=MAX_NAME,
        initial="{source} {table}",
        help_text=PLACEHOLDERS,
    )
    dataset = forms.CharField(
        label=_("Output dataset names"),
        max_length=MAX_NAME,
        initial="{source} {table}",
        help_text=PLACEHOLDERS,
    )
    kind = forms.ChoiceField(
        label=_("Schemas, proposed from the columns"),
        choices=[("profile", _("Individual Profile")), ("event", _("ExperienceEvent"))],
    )
    frequency = forms.ChoiceField(label=_("Frequency"), choices=FREQUENCIES, initial="day")
    interval = forms.IntegerField(
        label=_("Interval"), required=False, min_value=1, max_value=LARGEST_INTERVAL, initial=1
    )
    start = forms.DateTimeField(
        label=_("First start time (UTC)"),
        input_formats=[LOCAL, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(format=LOCAL, attrs={"type": "datetime-local", "class": "auto"}),
    )
    spread_min = forms.IntegerField(
        label=_("Minutes between the starts"),
        min_value=0,
        max_value=720,
        initial=2,
        help_text=_("Spreads the load on the source and on Adobe."),
        widget=forms.NumberInput(attrs={"class": "short"}),
    )
    backfill = forms.BooleanField(label=_("Backfill"), required=False, initial=True)
    preferred = forms.CharField(
        label=_("Columns to load incremental data by"),
        required=False,
        max_length=500,
        initial=PREFERRED,
        help_text=_("Patterns, the best first. Where none fits, you choose in the next step."),
        widget=forms.TextInput(attrs={"class": "mono"}),
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["start"].initial = default_start(now)
        self.objects: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        posted: Any = self.data
        picked = [unpacked_text(value) for value in posted.getlist("object")]
        self.objects = [one for one in dict.fromkeys(picked) if one]
        if not self.objects:
            self.add_error(None, _("Choose at least one table."))
        elif len(self.objects) > MOST:
            text = _("Choose at most %(most)d tables at a time.") % {"most": MOST}
            self.add_error(None, text)
        frequency: Any = cleaned.get("frequency")
        least = SMALLEST_INTERVAL.get(frequency)
        if least and (cleaned.get("interval") or 0) < least:
            text = _("At least %(least)d with this frequency.") % {"least": least}
            self.add_error("interval", text)
        start = cleaned.get("start")
        if start is not None and not 1971 <= start.year <= 9000:
            self.add_error("start", _("Choose a nearer time."))
        return cleaned

    def pattern(self) -> Pattern:
        """What the drafts have in common."""
        given = self.cleaned_data
        return Pattern(
            name=given["name"],
            dataset=given["dataset"],
            kind=given["kind"],
            frequency=given["frequency"],
            interval=given["interval"],
            start=given["start"],
            spread_min=given["spread_min"],
            backfill=given["backfill"],
        )
