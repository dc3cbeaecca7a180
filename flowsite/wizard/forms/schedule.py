"""What the Scheduling step posts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from flowsite.definitions.columns import Column, is_date
from flowsite.definitions.model import PartialDefinition, Schedule
from flowsite.definitions.schedule import LARGEST_INTERVAL, SMALLEST_INTERVAL
from flowsite.definitions.sources import DELTA_DATE_FORMAT, Source
from flowsite.wizard.forms.picks import packed, unpacked_text

FREQUENCIES: Final = [
    ("once", _("Once")),
    ("minute", _("Minute")),
    ("hour", _("Hour")),
    ("day", _("Day")),
    ("week", _("Week")),
]
TIME_TO_FINISH: Final = timedelta(minutes=4)
#: Value, name, chosen.
Choice = tuple[str, str, bool]
#: What a datetime-local field takes and gives.
LOCAL: Final = "%Y-%m-%dT%H:%M"


class ScheduleForm(forms.Form):
    """Nothing is required here: what is missing is listed, and Finish waits for it."""

    frequency = forms.ChoiceField(
        label=_("Frequency"),
        required=False,
        choices=FREQUENCIES,
        widget=forms.Select(attrs={"class": "short"}),
    )
    interval = forms.IntegerField(
        label=_("Interval"),
        required=False,
        min_value=1,
        max_value=LARGEST_INTERVAL,
        error_messages={"min_value": _("It is at least %(limit_value)s.")},
        widget=forms.NumberInput(attrs={"class": "short"}),
    )
    start = forms.DateTimeField(
        label=_("Start time (UTC)"),
        required=False,
        input_formats=[LOCAL, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"],
        widget=forms.DateTimeInput(format=LOCAL, attrs={"type": "datetime-local", "class": "auto"}),
    )
    backfill = forms.BooleanField(
        label=_("Backfill"),
        required=False,
        help_text=_("The first run also reads what the source held before the start time."),
    )
    load_incremental_by = forms.CharField(required=False, max_length=40_000)
    date_format = forms.CharField(
        label=_("Date format of the column"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"class": "mono auto"}),
    )

    def __init__(
        self,
        definition: PartialDefinition,
        data: QueryDict | None = None,
        *,
        source: Source | None = None,
        columns: Sequence[Column] | None = None,
        now: datetime,
    ) -> None:
        super().__init__(data, initial=initial(definition, columns, source, now))
        self.source, self.columns = source, columns
        self.stored = definition.schedule
        default = source.delta_date_format if source else DELTA_DATE_FORMAT
        self.fields["date_format"].help_text = _(
            "As the source writes it; %(format)s if empty."
        ) % {"format": default}

    def mark_needed(self) -> None:
        """Labels what Finish waits for as needed, once the values have been read."""
        self.is_valid()
        for name in ("frequency", "interval", "start"):
            self.fields[name].required = True

    def complain(self, message: str) -> None:
        """Adds an error that was found while saving."""
        self.add_error(None, message)

    @property
    def delta(self) -> str | None:
        """The column chosen now."""
        return unpacked_text(str(self["load_incremental_by"].value() or "")) or None

    def delta_choices(self) -> tuple[list[Choice], list[Choice]]:
        """Dates, and the other columns: value, name, chosen. A stored column that isn't among them
        comes last."""
        dates: list[Choice] = []
        others: list[Choice] = []
        for column in self.columns or ():
            one = (packed(column.name), column.name, column.name == self.delta)
            (dates if is_date(column) else others).append(one)
        names = {column.name for column in self.columns or ()}
        if self.delta and self.delta not in names:
            others.append((packed(self.delta), self.delta, True))
        return dates, others

    def parts(self) -> dict[str, Any]:
        schedule = self.schedule()
        return {} if schedule is None else {"schedule": schedule}

    def schedule(self) -> dict[str, Any] | None:
        """The document's part from every field that could be read."""
        given = self.cleaned_data
        frequency = given.get("frequency")
        if not frequency:
            return None
        part: dict[str, Any] = {"frequency": frequency}
        start: datetime | None = given.get("start")
        if start is not None and 1971 <= start.year <= 9000:
            part["start"] = start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if frequency == "once":
            return part
        if given.get("interval") is not None:
            part["interval"] = given["interval"]
        part["backfill"] = bool(given.get("backfill"))
        if self.source is None or self.source.kind == "tabular":
            part |= {
                key: value
                for key, value in {
                    "load_incremental_by": self.delta,
                    "date_format": given.get("date_format") or None,
                }.items()
                if value
            }
        return part


def initial(
    definition: PartialDefinition,
    columns: Sequence[Column] | None,
    source: Source | None,
    now: datetime,
) -> dict[str, Any]:
    """The draft's values; before the first save, hourly from soon on."""
    schedule = definition.schedule
    if schedule is None:
        delta = default_delta(columns or ()) if source and source.kind == "tabular" else None
        return {
            "frequency": "hour",
            "interval": 1,
            "start": default_start(now),
            "backfill": True,
            "load_incremental_by": packed(delta) if delta else "",
        }
    return {
        "frequency": schedule.frequency,
        "interval": schedule.interval
        if schedule.interval is not None or schedule.recurring
        else SMALLEST_INTERVAL["hour"],
        "start": schedule.start,
        "backfill": schedule.backfill is not False,
        "load_incremental_by": packed(schedule.load_incremental_by)
        if schedule.load_incremental_by
        else "",
        "date_format": schedule.date_format or "",
    }


def default_start(now: datetime) -> datetime:
    """The first full minute that leaves time to review and submit."""
    early = now.astimezone(UTC) + TIME_TO_FINISH
    return early.replace(second=0, microsecond=0) + timedelta(minutes=1)


def default_delta(columns: Sequence[Column]) -> str | None:
    """The only date, else the only one that says when a row was changed; else people decide."""
    dates = [column.name for column in columns if is_date(column)]
    if len(dates) == 1:
        return dates[0]
    changed = [name for name in dates if any(word in name.lower() for word in ("updat", "modif"))]
    return changed[0] if len(changed) == 1 else None


def schedule_of(form: ScheduleForm) -> Schedule | None:
    """The schedule as typed, for the page's forecast; None while it can't be read."""
    if form.is_bound:
        form.is_valid()
        part = form.schedule()
        return Schedule.model_validate(part) if part else None
    if form.stored is not None:
        return form.stored
    values = form.initial
    delta = unpacked_text(values.get("load_incremental_by"))
    return Schedule(
        frequency=values["frequency"],
        interval=values["interval"],
        start=values["start"],
        backfill=values["backfill"],
        load_incremental_by=delta,
    )
