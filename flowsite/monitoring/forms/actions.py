"""What lifecycle actions ask for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext, gettext_lazy

from flowsite.definitions.model import Schedule
from flowsite.definitions.schedule import schedule_problems
from flowsite.runs.models import Dataflow

_FREQUENCIES = [
    ("minute", gettext_lazy("Minute")),
    ("hour", gettext_lazy("Hour")),
    ("day", gettext_lazy("Day")),
    ("week", gettext_lazy("Week")),
]


class ScheduleForm(forms.Form):
    """A new frequency and interval; start and backfill can't be changed any more."""

    frequency = forms.ChoiceField(choices=_FREQUENCIES)
    interval = forms.IntegerField(
        min_value=1,
        help_text=gettext_lazy("Counted in the frequency's unit; at least 15 for minutes."),
    )

    def __init__(self, data: QueryDict | None, *, dataflow: Dataflow) -> None:
        self._current = dataflow.schedule
        super().__init__(data, initial=_known(dataflow.schedule))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if {"frequency", "interval"} <= cleaned.keys():
            asked = Schedule.model_validate({**cleaned, "start": datetime.now(UTC)})
            for problem in schedule_problems(asked):
                self.add_error("interval", problem.message)
            if cleaned == {name: self._current.get(name) for name in ("frequency", "interval")}:
                self.add_error(None, gettext("That is the schedule it has already."))
        return cleaned

    def params(self) -> dict[str, Any]:
        """What the submission is asked for."""
        return {"schedule": {name: self.cleaned_data[name] for name in ("frequency", "interval")}}


class RunForm(forms.Form):
    """The window of an on-demand run, in UTC."""

    window_start = forms.DateTimeField(label=gettext_lazy("Data from (UTC)"))
    window_end = forms.DateTimeField(label=gettext_lazy("Data until (UTC)"))
    delta_column = forms.CharField(
        label=gettext_lazy("Load incremental data by"),
        max_length=300,
        required=False,
        help_text=gettext_lazy(
            "The column that tells new rows. The first run decides it for good."
        ),
    )

    def __init__(
        self, data: QueryDict | None, *, dataflow: Dataflow, window: tuple[datetime, datetime]
    ) -> None:
        start, end = (f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}" for moment in window)
        initial = {
            "window_start": start,
            "window_end": end,
            "delta_column": dataflow.delta_column,
        }
        super().__init__(data, initial=initial)
        for name in ("window_start", "window_end"):
            self.fields[name].widget = forms.DateTimeInput(attrs={"type": "datetime-local"})
        if dataflow.delta_column:
            self.fields["delta_column"].disabled = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        start, end = cleaned.get("window_start"), cleaned.get("window_end")
        if start and end and end < start:
            self.add_error("window_end", gettext("The end lies before the start."))
        return cleaned

    def params(self) -> dict[str, Any]:
        """What the submission is asked for."""
        return {
            "window_start": self.cleaned_data["window_start"].isoformat(),
            "window_end": self.cleaned_data["window_end"].isoformat(),
            "delta_column": self.cleaned_data["delta_column"],
        }


class DeleteForm(forms.Form):
    """Deleting can't be undone: the name is typed."""

    typed = forms.CharField(
        label=gettext_lazy("Type the dataflow's name to confirm"), max_length=300
    )

    def __init__(self, data: QueryDict | None, *, dataflow: Dataflow) -> None:
        self._name = dataflow.name
        super().__init__(data)
        self.fields["typed"].help_text = dataflow.name

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed.strip() != self._name.strip():
            raise forms.ValidationError(gettext("That is not its name."))
        return typed

    def params(self) -> dict[str, Any]:
        return {}


def _known(schedule: dict[str, Any]) -> dict[str, Any]:
    return {name: schedule.get(name) for name in ("frequency", "interval")}
