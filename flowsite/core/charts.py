"""Charts as SVG drawn on the server: no script, readable without colour, with a table beside them.

Widths are percentages and heights pixels, so that a chart fills its place while its letters keep
their size. ``components/chart.html`` prints a ``Chart``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from flowsite.core.wording import compact, number

#: Pixels under the plot for the labels of the x axis.
LABEL_SPACE = 22
#: A value above zero is never drawn lower than this, so that one failed run can be seen.
LEAST_HEIGHT = 2.0
#: Tones that also carry a pattern; colour alone must not tell failed from successful.
PATTERNED = {"negative": "hatch", "notice": "lines"}


@dataclass(frozen=True)
class Series:
    """One colour of a chart. ``values`` are aligned with the chart's labels; None leaves a gap."""

    label: str
    tone: str
    values: Sequence[float | None]

    @property
    def pattern(self) -> str:
        return PATTERNED.get(self.tone, "")

    @property
    def total(self) -> str:
        return number(sum(value for value in self.values if value is not None))


@dataclass(frozen=True)
class Chart:
    """Everything that the template prints."""

    id: str
    title: str
    summary: str
    plot: SafeString
    y_labels: list[str]
    height: int
    legend: list[Series]
    x_title: str
    rows: list[tuple[str, list[str]]] = field(default_factory=list)
    kind: str = "bars"

    @property
    def full_height(self) -> int:
        return self.height + LABEL_SPACE


def scale(highest: float) -> tuple[float, list[float]]:
    """The top of the y axis and its ticks from zero: 3 to 5 round steps."""
    if highest <= 0:
        return 1.0, [0.0, 1.0]
    rough = highest / 4
    size = 10 ** floor(log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
    if highest >= 4:
        step = max(step, 1.0)
    ticks = [step * n for n in range(ceil(highest / step) + 1)]
    return ticks[-1], ticks


def _grid(ticks: Sequence[float], top: float, height: int) -> str:
    return "".join(
        f'<line class="gridline" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
        for y in (height - height * tick / top for tick in ticks)
    )


def _x_labels(labels: Sequence[str], height: int) -> str:
    """At most 12 labels on wide screens and 6 on narrow ones; empty labels are left out."""
    shown = [i for i, label in enumerate(labels) if label]
    every = max(1, ceil(len(shown) / 12))
    kept = shown[::every]
    parts = []
    for n, i in enumerate(kept):
        x = 100 * (i + 0.5) / len(labels)
        narrow = ' class="x1"' if n % 2 and len(kept) > 6 else ""
        parts.append(
            f'<text{narrow} x="{x:.2f}%" y="{height + 16}" text-anchor="middle">'
            f"{escape(labels[i])}</text>"
        )
    return "".join(parts)


def _patterns(chart_id: str) -> str:
    return (
        f'<defs><pattern id="{chart_id}-hatch" width="5" height="5" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><path class="hatch" d="M0 0v5"/></pattern>'
        f'<pattern id="{chart_id}-lines" width="4" height="4" patternUnits="userSpaceOnUse">'
        '<path class="hatch" d="M0 1h4"/></pattern></defs>'
    )


def _tooltip(name: str, series: Sequence[Series], i: int) -> str:
    values = (f"{one.label} {number(one.values[i])}" for one in series)
    return escape(f"{name}: {', '.join(values)}")


def _frame(chart_id: str, title: str, summary: str, body: str, height: int) -> SafeString:
    return mark_safe(  # noqa: S308 -- every text in body went through escape()
        f'<svg class="plot" role="img" height="{height + LABEL_SPACE}"'
        f' aria-labelledby="{chart_id}-title {chart_id}-desc">'
        f'<title id="{chart_id}-title">{escape(title)}</title>'
        f'<desc id="{chart_id}-desc">{escape(summary)}</desc>{_patterns(chart_id)}{body}</svg>'
    )


def _rows(names: Sequence[str], series: Sequence[Series]) -> list[tuple[str, list[str]]]:
    return [(name, [number(one.values[i]) for one in series]) for i, name in enumerate(names)]


def _summary(names: Sequence[str], series: Sequence[Series]) -> str:
    totals = (
        gettext("{label}: {total} in all").format(label=one.label, total=one.total)
        for one in series
    )
    return f"{_span(names)} {', '.join(totals)}."


def _span(names: Sequence[str]) -> str:
    if not names:
        return gettext("No data.")
    return gettext("{first} to {last}.").format(first=names[0], last=names[-1])


def _bar(
    series: Sequence[Series], i: int, box: tuple[float, float], top: float, height: int
) -> str:
    x, width = box
    y, parts = float(height), []
    for one in series:
        value = one.values[i] or 0
        if value <= 0:
            continue
        tall = max(LEAST_HEIGHT, height * value / top)
        y = max(0.0, y - tall)
        place = f'x="{x:.2f}%" width="{width:.2f}%" y="{y:.1f}" height="{tall:.1f}"'
        parts.append(f'<rect class="tone-{one.tone}" {place}/>')
        if one.pattern:
            parts.append(f'<rect {place} fill="url(#{{id}}-{one.pattern})"/>')
    return "".join(parts)


def stacked_bars(
    chart_id: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    names: Sequence[str] | None = None,
    x_title: str = "",
    height: int = 150,
) -> Chart:
    """Bars of several series on top of each other: runs by state, records per hour.

    ``labels`` stand under the bars (empty ones are skipped); ``names`` are their long forms for
    tooltips and the table.
    """
    names = names or labels
    sums = [sum(one.values[i] or 0 for one in series) for i in range(len(labels))]
    top, ticks = scale(max(sums, default=0))
    slot = 100 / max(1, len(labels))
    bars = "".join(
        f"<g><title>{_tooltip(names[i], series, i)}</title>"
        + _bar(series, i, (slot * (i + 0.1), slot * 0.8), top, height).replace("{id}", chart_id)
        + f'<rect class="hit" x="{slot * i:.2f}%" width="{slot:.2f}%" y="0" height="{height}"/></g>'
        for i in range(len(labels))
    )
    summary = _summary(names, series)
    body = _grid(ticks, top, height) + bars + _x_labels(labels, height)
    return Chart(
        id=chart_id,
        title=title,
        summary=summary,
        plot=_frame(chart_id, title, summary, body, height),
        y_labels=[compact(tick) for tick in reversed(ticks)],
        height=height,
        legend=list(series),
        x_title=x_title or gettext("Time"),
        rows=_rows(names, series),
    )


def _curve(one: Series, points: list[tuple[float, float] | None], dashed: bool) -> str:
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    parts = []
    for before, after in zip([None, *points], points, strict=False):
        if after is None:
            continue
        if before is not None:
            parts.append(
                f'<line class="curve tone-{one.tone}"{dash} x1="{before[0]:.2f}%"'
                f' y1="{before[1]:.1f}" x2="{after[0]:.2f}%" y2="{after[1]:.1f}"/>'
            )
        parts.append(
            f'<circle class="tone-{one.tone}" cx="{after[0]:.2f}%" cy="{after[1]:.1f}" r="2"/>'
        )
    return "".join(parts)


def lines(
    chart_id: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    names: Sequence[str] | None = None,
    x_title: str = "",
    height: int = 150,
) -> Chart:
    """Lines over time, for durations and rates; the second and later lines are dashed."""
    names = names or labels
    known = [value for one in series for value in one.values if value is not None]
    top, ticks = scale(max(known, default=0))
    slot = 100 / max(1, len(labels))
    curves = ""
    for n, one in enumerate(series):
        points = [
            None if value is None else (slot * (i + 0.5), height - height * value / top)
            for i, value in enumerate(one.values)
        ]
        curves += _curve(one, points, dashed=n > 0)
    hits = "".join(
        f"<g><title>{_tooltip(names[i], series, i)}</title>"
        f'<rect class="hit" x="{slot * i:.2f}%" width="{slot:.2f}%" y="0" height="{height}"/></g>'
        for i in range(len(labels))
    )
    body = _grid(ticks, top, height) + curves + hits + _x_labels(labels, height)
    return Chart(
        id=chart_id,
        title=title,
        summary=_span(names),
        plot=_frame(chart_id, title, _span(names), body, height),
        y_labels=[compact(tick) for tick in reversed(ticks)],
        height=height,
        legend=list(series),
        x_title=x_title or gettext("Time"),
        rows=_rows(names, series),
        kind="lines",
    )
