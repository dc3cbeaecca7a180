"""The board's columns: which there are, which a person sees, and their cells.

A board prints 50 rows of up to 14 cells. Cells come ready as text, because the same through
template tags costs several times as much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flowsite.core.look import icon
from flowsite.core.wording import NOTHING, duration, moment, number
from flowsite.monitoring.rows import FlowRow


@dataclass(frozen=True)
class Column:
    """A column beside the dataflow's name. ``cell`` makes the whole ``<td>``, escaped."""

    key: str
    label: str | Promise
    cell: Callable[[FlowRow], str]
    #: Class of heading and cell.
    css: str = ""
    #: What it can be sorted by.
    sort: str = ""
    usual: bool = True


def _td(content: str, css: str = "") -> str:
    return f'<td class="{css}">{content}</td>' if css else f"<td>{content}</td>"


def _text(text: str) -> str:
    """A cell of free text, cut where the column ends; the whole stands in its tooltip."""
    if not text:
        return f'<td class="muted">{NOTHING}</td>'
    safe = escape(text)
    return f'<td><div class="truncate cell" title="{safe}">{safe}</div></td>'


def _latest(row: FlowRow) -> str:
    if row.last is None:
        return _td(f'<span class="muted">{escape(_("No run yet"))}</span>', "nowrap")
    took = "" if row.duration_s is None else f" · {escape(duration(row.duration_s))}"
    when = f'<div class="small muted">{moment(row.last_at, ago=True)}{took}</div>'
    return _td(f"{row.last.html}{when}", "nowrap")


def _freshness(row: FlowRow) -> str:
    fresh = row.freshness
    if not fresh.tone:
        return _td(f'<span class="muted">{escape(fresh.text)}</span>', "small nowrap")
    note = f'<div class="muted">{escape(fresh.note)}</div>' if fresh.note else ""
    mark = icon(fresh.icon, 16)
    text = f'<span class="{escape(fresh.tone)}">{mark} {escape(fresh.text)}</span>'
    return _td(text + note, "small nowrap")


def _failed(row: FlowRow) -> str:
    text = number(row.failed)
    if not row.failed:
        return _td(text, "num")
    loss = f'<div class="small muted">{escape(row.loss)}</div>' if row.loss else ""
    return _td(f'<span class="negative">{text}</span>{loss}', "num")


def _tags(row: FlowRow) -> str:
    if not row.tags:
        return f'<td class="muted">{NOTHING}</td>'
    marks = "".join(f'<span class="type">{escape(tag)}</span> ' for tag in row.tags[:3])
    more = f'<span class="small muted">+{len(row.tags) - 3}</span>' if len(row.tags) > 3 else ""
    all_of_them = escape(", ".join(row.tags))
    return f'<td><div class="truncate cell" title="{all_of_them}">{marks}{more}</div></td>'


COLUMNS: Final[tuple[Column, ...]] = (
    Column("latest", gettext_lazy("Latest run"), _latest, sort="latest_at"),
    Column("strip", gettext_lazy("Last runs"), lambda row: _td(row.strip)),
    Column("freshness", gettext_lazy("Freshness"), _freshness),
    Column(
        "received", gettext_lazy("Received"), lambda row: _td(number(row.received), "num"), "num"
    ),
    Column(
        "ingested", gettext_lazy("Ingested"), lambda row: _td(number(row.ingested), "num"), "num"
    ),
    Column("failed", gettext_lazy("Failed"), _failed, "num"),
    Column("owner", gettext_lazy("Owner"), lambda row: _text(row.owner)),
    Column("tags", gettext_lazy("Tags"), _tags),
    Column("state", gettext_lazy("State"), lambda row: _td(row.status.html, "nowrap"), usual=False),
    Column(
        "duration",
        gettext_lazy("Duration"),
        lambda row: _td(escape(duration(row.duration_s)), "num"),
        "num",
        usual=False,
    ),
    Column(
        "loss",
        gettext_lazy("Loss rate"),
        lambda row: _td(escape(row.loss) or NOTHING, "num"),
        "num",
        usual=False,
    ),
    Column("source", gettext_lazy("Source"), lambda row: _text(row.source), usual=False),
    Column("account", gettext_lazy("Account"), lambda row: _text(row.account), usual=False),
    Column("dataset", gettext_lazy("Dataset"), lambda row: _text(row.dataset), usual=False),
    Column("schedule", gettext_lazy("Schedule"), lambda row: _text(row.schedule), usual=False),
)
_BY_KEY: Final = {column.key: column for column in COLUMNS}


def shown_columns(keys: Iterable[str] | None) -> tuple[Column, ...]:
    """A person's columns in the board's order; the usual ones for somebody who chose none."""
    if keys is None:
        return tuple(column for column in COLUMNS if column.usual)
    wanted = set(keys)
    return tuple(column for column in COLUMNS if column.key in wanted)


def known_keys(keys: Iterable[str]) -> list[str]:
    """Those of ``keys`` that are columns."""
    return [column.key for column in shown_columns(keys)]


def choices(shown: Sequence[Column]) -> list[dict[str, Any]]:
    """The column chooser's boxes."""
    return [
        {"key": column.key, "label": column.label, "shown": column in shown} for column in COLUMNS
    ]


def headings(shown: Sequence[Column], sorts: dict[str, dict[str, str]]) -> list[dict[str, Any]]:
    """Heads of the table; those that can be sorted have an address."""
    return [
        {"label": column.label, "css": column.css, **sorts.get(column.sort, {})} for column in shown
    ]


def table_body(rows: Iterable[FlowRow], shown: Sequence[Column], *, pick: bool) -> SafeString:
    """All lines of the table; ``pick``: each with a box to select it."""
    return mark_safe("".join(_line(row, shown, pick) for row in rows))  # noqa: S308 -- escaped above


def _line(row: FlowRow, shown: Sequence[Column], pick: bool) -> str:
    cells = "".join(column.cell(row) for column in shown)
    return f"<tr>{_box(row) if pick else ''}{_name(row)}{cells}</tr>"


def _box(row: FlowRow) -> str:
    label = escape(_("Select %(name)s") % {"name": row.name})
    return (
        f'<td class="check-cell"><input type="checkbox" form="selection" name="dataflow"'
        f' id="pick-{row.pk}" value="{row.pk}" aria-label="{label}"></td>'
    )


def _name(row: FlowRow) -> str:
    name = escape(row.name)
    state = "" if row.is_enabled else f"{row.status.html} "
    return (
        f'<th scope="row" class="fluid"><div class="truncate"><a id="flow-{row.pk}"'
        f' href="{escape(row.url)}" title="{name}">{name}</a></div>'
        f'<div class="truncate small muted">{state}'
        f'<span title="{escape(row.path)}">{escape(row.brief)}</span></div></th>'
    )
