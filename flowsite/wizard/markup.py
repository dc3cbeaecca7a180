"""Rows that pages print by the hundred, each prepared as one escaped string.

A template would render 300 rows of the mapping editor in a third of a second.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from flowsite.core.look import badge
from flowsite.definitions.columns import Column
from flowsite.definitions.xdm import TargetField
from flowsite.wizard.mapping import EditorRow
from flowsite.wizard.samples import Cell, ColumnRow, Sample

_ROW = (
    '<li id="row-{}"{}{}><input type="hidden" name="kind" value="{}"><div class="source">'
    '<input name="source" value="{}" list="map-sources" aria-label="{} {}"{}>'
    '<span class="t">{}</span><button type="button" class="fx js-only{}" aria-label="{}">ƒ</button>'
    '</div><div class="target"><input name="target" value="{}" list="map-targets"'
    ' aria-label="{} {}"{}><span class="t">{}</span><span class="f"></span>'
    '<button class="x" name="action" value="remove-{}" formnovalidate aria-label="{}"></button>'
    "</div>{}</li>\n"
)
_EMPTY = mark_safe("")


def mapping_rows(rows: Iterable[EditorRow]) -> SafeString:
    """The ``<li>`` of each row."""
    source, target = _("Source"), _("Target")
    edit, remove = _("Edit as calculated field"), _("Remove row")
    return format_html_join("", _ROW, (_row(row, source, target, edit, remove) for row in rows))


def _row(row: EditorRow, source: str, target: str, edit: str, remove: str) -> tuple[object, ...]:
    flags = ("r" if row.required else "") + ("i" if row.identity else "")
    tone = "error" if row.error else "notice"
    number = row.number + 1
    why = described = _EMPTY
    if row.problem:
        described = format_html(' aria-describedby="why-{}"', row.number)
        why = format_html('<p class="why" id="why-{}">{}</p>', row.number, row.problem)
    return (
        row.number,
        format_html(' data-problem="{}"', tone) if row.problem else _EMPTY,
        format_html(' data-f="{}"', flags) if flags else _EMPTY,
        row.kind,
        row.source,
        source,
        number,
        described,
        row.source_type,
        " on" if row.calculated else "",
        edit,
        row.target,
        target,
        number,
        described,
        row.target_type,
        row.number,
        remove,
        why,
    )


def source_options(columns: Iterable[Column]) -> SafeString:
    """The shared ``<option>`` list of columns."""
    return format_html_join(
        "",
        '<option value="{}" data-t="{}">{}</option>',
        ((column.name, column.xdm_type, column.xdm_type) for column in columns),
    )


def target_options(fields: Iterable[TargetField]) -> SafeString:
    """The shared ``<option>`` list of target fields."""
    return format_html_join(
        "",
        '<option value="{}" data-t="{}"{}>{}</option>',
        ((one.path, one.type, _flags(one), _title(one)) for one in fields),
    )


def _flags(field: TargetField) -> SafeString:
    flags = ("r" if field.required else "") + ("i" if field.identity else "")
    return format_html(' data-f="{}"', flags) if flags else _EMPTY


def _title(field: TargetField) -> str:
    return f"{field.type} · {field.title}" if field.title else field.type


def column_rows(rows: Iterable[ColumnRow]) -> SafeString:
    """The ``<tr>`` of each column with its tick."""
    notes = {
        "gone": badge(_("Gone"), "negative"),
        "new": badge(_("New"), "info"),
        "changed": badge(_("Another type"), "notice"),
    }
    return format_html_join(
        "",
        '<tr><td class="check-cell"><input type="checkbox" name="column" value="{}"'
        ' aria-label="{}"{}{}></td><td class="mono break">{} {}</td><td>{}</td><td>{}</td></tr>\n',
        (
            (
                row.value,
                row.name,
                mark_safe(" checked") if row.ticked else _EMPTY,
                mark_safe(" data-mapped") if row.mapped else _EMPTY,
                row.name,
                notes.get("gone" if row.gone else row.note, _EMPTY),
                _type(row.type),
                _type(row.xdm_type),
            )
            for row in rows
        ),
    )


def _type(word: str) -> SafeString:
    return format_html('<span class="type">{}</span>', word) if word else _EMPTY


def sample_rows(sample: Sample) -> SafeString:
    """The ``<tr>`` of each sample row."""
    return format_html_join(
        "",
        "<tr>{}</tr>\n",
        ((format_html_join("", "<td{}>{}</td>", map(_cell, row)),) for row in sample.rows),
    )


def _cell(cell: Cell) -> tuple[SafeString, str]:
    muted = mark_safe(' class="muted"') if cell.kind == "null" else _EMPTY
    return format_html('{} title="{}"', muted, cell.whole) if cell.whole else muted, cell.text
