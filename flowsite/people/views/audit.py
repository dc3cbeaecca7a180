"""The audit log and its export."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from flowsite.core.keyset import page_of
from flowsite.people import trail
from flowsite.people.audit import Origin, record
from flowsite.people.forms.trail import TrailForm
from flowsite.people.rights import Role, role_required

#: Filters that are folded away until one of them is used.
_NARROW = ("who", "action", "team", "since", "until")


@role_required(Role.ADMIN)
@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    """The audit log of the whole installation, newest first, with the filters in the address."""
    form = TrailForm(request.GET)
    asked = form.asked()
    page = page_of(trail.entries(asked), order="-at", cursor=request.GET.get("page"))
    context = {
        "form": form,
        "asked": asked,
        "fields": [form[name] for name in _NARROW],
        "narrowed": any(request.GET.get(name) for name in _NARROW),
        "filtered": bool(asked.describe()),
        "page": page,
        "lines": trail.lines(page.rows),
        "object_words": trail.TYPE_WORDS.get(asked.object_type, asked.object_type),
    }
    return render(request, "people/audit.html", context)


class _Echo:
    """A file for ``csv.writer`` that hands each line back."""

    def write(self, line: str) -> str:
        return line


@role_required(Role.ADMIN)
@require_GET
def audit_export(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered log as CSV, read row by row however long it is."""
    asked = TrailForm(request.GET).asked()
    record("audit.exported", by=Origin.of(request), filters=asked.describe())
    name = f"audit-{timezone.now():%Y%m%d-%H%M%S}.csv"
    return StreamingHttpResponse(
        _csv(asked),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _csv(asked: trail.Asked) -> Iterator[str]:
    writer: Any = csv.writer(_Echo())
    yield writer.writerow(trail.HEADINGS)
    for entry in trail.entries(asked).order_by("-at", "-pk").iterator(chunk_size=1000):
        yield writer.writerow(trail.export_row(entry))
