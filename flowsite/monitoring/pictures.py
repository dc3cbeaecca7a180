"""Charts of the pages: runs by state, records, durations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from flowsite.core.charts import Chart, Series, lines, stacked_bars
from flowsite.runs.models import FlowRun
from flowsite.runs.selectors import HourTotals

#: Bars of a range: one an hour, one for six hours, one a day.
BAR = {"24h": timedelta(hours=1), "7d": timedelta(hours=6), "30d": timedelta(days=1)}


def range_start(name: str, now: datetime) -> datetime:
    """The beginning of the first bar: as many whole bars as the range has, the running one last."""
    bar = BAR[name]
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    current = day + bar * ((now - day) // bar)
    count = {"24h": 24, "7d": 28, "30d": 30}[name]
    return current - bar * (count - 1)


def binned(
    totals: Sequence[HourTotals], bar: timedelta, start: datetime, end: datetime
) -> list[HourTotals]:
    """Hours put together into bars; empty bars included."""
    count = -((start - end) // bar)
    sums = [[0] * len(_NAMES) for _ in range(count)]
    for total in totals:
        index = (total.start - start) // bar
        if 0 <= index < count:
            for n, part in enumerate(_NAMES):
                sums[index][n] += getattr(total, part)
    return [
        HourTotals(start + bar * index, **dict(zip(_NAMES, values, strict=True)))
        for index, values in enumerate(sums)
    ]


_NAMES = ("success", "partial", "failed", "unfinished", "received", "ingested", "failed_records")


def _labels(bars: Sequence[HourTotals], bar: timedelta) -> tuple[list[str], list[str]]:
    """Short ones under the axis, long ones in tooltips and the table."""
    long = [f"{one.start:%Y-%m-%d %H:%M} UTC" for one in bars]
    if bar < timedelta(hours=6):
        return [f"{one.start:%H:%M}" for one in bars], long
    if bar < timedelta(days=1):
        return _where_the_day_changes(bars), long
    short = [f"{one.start.day} {one.start:%b}" for one in bars]
    return short, [f"{one.start:%Y-%m-%d}" for one in bars]


def _where_the_day_changes(bars: Sequence[HourTotals]) -> list[str]:
    found, before = [], None
    for one in bars:
        found.append(f"{one.start:%a %d}" if one.start.date() != before else "")
        before = one.start.date()
    return found


def runs_chart(bars: Sequence[HourTotals], bar: timedelta) -> Chart:
    """Runs by state over the range."""
    short, long = _labels(bars, bar)
    series = [
        Series(_("Success"), "positive", [one.success for one in bars]),
        Series(_("Partial success"), "notice", [one.partial for one in bars]),
        Series(_("Failed"), "negative", [one.failed for one in bars]),
        Series(_("Not finished"), "info", [one.unfinished for one in bars]),
    ]
    return stacked_bars("runs-by-state", _("Runs by state"), short, series, names=long)


def records_chart(bars: Sequence[HourTotals], bar: timedelta) -> Chart:
    """Records over the range; unknown counts are left out of the sums."""
    short, long = _labels(bars, bar)
    series = [
        Series(_("Ingested"), "info", [one.ingested for one in bars]),
        Series(_("Failed"), "negative", [one.failed_records for one in bars]),
    ]
    return stacked_bars("records", _("Records"), short, series, names=long)


def run_records_chart(runs: Sequence[FlowRun]) -> Chart:
    """Records of a dataflow's last runs, oldest first; a gap where AEP knows no number."""
    short, long = _run_labels(runs)
    series = [
        Series(_("Ingested"), "info", [run.ingested for run in runs]),
        Series(_("Failed"), "negative", [run.failed for run in runs]),
    ]
    return stacked_bars(
        "run-records", _("Records per run"), short, series, names=long, x_title=_("Run")
    )


def run_duration_chart(runs: Sequence[FlowRun]) -> Chart:
    """Seconds that a dataflow's last runs took, oldest first."""
    short, long = _run_labels(runs)
    series = [Series(_("Seconds"), "info", [run.duration_s for run in runs])]
    return lines(
        "run-durations", _("Duration in seconds"), short, series, names=long, x_title=_("Run")
    )


def _run_labels(runs: Sequence[FlowRun]) -> tuple[list[str], list[str]]:
    """Under the axis the day where it changes, or the time when all are of one day."""
    moments = [run.at.astimezone(UTC) for run in runs]
    one_day = len({moment.date() for moment in moments}) <= 1
    short, before = [], None
    for moment in moments:
        if one_day:
            short.append(f"{moment:%H:%M}")
        else:
            short.append(f"{moment.day} {moment:%b}" if moment.date() != before else "")
        before = moment.date()
    return short, [f"{moment:%Y-%m-%d %H:%M} UTC" for moment in moments]
