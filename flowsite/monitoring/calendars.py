"""The days of a month as a calendar: what each went like, in a mark and in words."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from flowsite.core.wording import number
from flowsite.monitoring import words
from flowsite.runs.days import DayTotals, next_month
from flowsite.runs.models import Dataflow


@dataclass(frozen=True)
class Day:
    """One cell. Without ``url`` there was no run."""

    number: int
    name: str
    mark: str
    word: str
    counts: str
    short: str
    url: str = ""
    is_today: bool = False
    is_first_stop: bool = False


@dataclass(frozen=True)
class Month:
    """A month of a dataflow; None in ``weeks`` for days of its neighbours."""

    title: str
    weekdays: list[tuple[str, str]]
    weeks: list[list[Day | None]]
    table: list[tuple[str, list[str]]]
    earlier_url: str
    later_url: str


def month_asked(text: str, now: datetime) -> date:
    """The first of the month that ``2026-11`` means; of this one if it means none or a later."""
    this = now.astimezone(UTC).date().replace(day=1)
    try:
        asked = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        return this
    return asked if date(2000, 1, 1) <= asked <= this else this


def month_of(
    dataflow: Dataflow, month: date, totals: Mapping[date, DayTotals], now: datetime
) -> Month:
    """What the page prints of a month."""
    today = now.astimezone(UTC).date()
    page = reverse("dataflow", args=[dataflow.pk])
    newest = max(totals, default=None)
    days = {
        day: _day(day, totals.get(day) or DayTotals(day), today, page, newest)
        for day in (month + timedelta(days=n) for n in range((next_month(month) - month).days))
    }
    weeks = [
        [days.get(day) if day.month == month.month else None for day in week]
        for week in calendar.Calendar().monthdatescalendar(month.year, month.month)
    ]
    here = reverse("dataflow-calendar", args=[dataflow.pk])
    before, after = month - timedelta(days=1), next_month(month)
    return Month(
        title=date_format(month, "F Y"),
        weekdays=[(date_format(_monday(n), "D"), date_format(_monday(n), "l")) for n in range(7)],
        weeks=weeks,
        table=[(one.name, _row(totals[day])) for day, one in days.items() if day in totals],
        earlier_url=f"{here}?month={before:%Y-%m}" if before.year >= 2000 else "",
        later_url=f"{here}?month={after:%Y-%m}" if after <= today else "",
    )


def _monday(offset: int) -> date:
    return date(2024, 1, 1) + timedelta(days=offset)


def _day(day: date, totals: DayTotals, today: date, page: str, newest: date | None) -> Day:
    state = totals.state
    name = date_format(day, "j F")
    if not state:
        word = "" if day > today else _("No run")
        return Day(day.day, name, "none", word, "", "", is_today=day == today)
    return Day(
        number=day.day,
        name=name,
        mark=words.MARKS[state],
        word=str(words.run_status(state).word),
        counts=_counts(totals),
        short=number(totals.failed or totals.partial or totals.runs),
        url=f"{page}?day={day.isoformat()}#runs",
        is_today=day == today,
        is_first_stop=day == newest,
    )


def _counts(totals: DayTotals) -> str:
    """ "24 runs, 2 failed" """
    found = [ngettext("%(n)d run", "%(n)d runs", totals.runs) % {"n": totals.runs}]
    for count, text in (
        (totals.failed, _("%(n)d failed")),
        (totals.partial, _("%(n)d partial")),
        (totals.unfinished, _("%(n)d not finished")),
    ):
        if count:
            found.append(text % {"n": count})
    return ", ".join(found)


def _row(totals: DayTotals) -> list[str]:
    values: tuple[Any, ...] = (
        totals.runs,
        totals.success,
        totals.partial,
        totals.failed,
        totals.unfinished,
        totals.received,
        totals.failed_records,
    )
    return [number(value) for value in values]
