"""Where something is mended: the account's page, or the row of the mapping."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from flowsite.credentials.models import SourceAccount
from flowsite.definitions.model import MappingRow
from flowsite.monitoring import flowview
from flowsite.monitoring.rows import ErrorRow
from flowsite.runs import mapping_edits
from flowsite.runs.models import Dataflow, FlowRun

_WORD = re.compile(r"[\w.]+")


def account_page(dataflow: Dataflow) -> str:
    """The account's own page, as far as it is known here, else its dataflows. One query."""
    found = SourceAccount.objects.filter(
        sandbox=dataflow.sandbox_id, connection_id=dataflow.connection_id
    )
    key = found.values_list("pk", flat=True).first()
    if key is not None:
        return reverse("account-detail", args=[key])
    if not dataflow.connection_id:
        return ""
    asked = {"account": dataflow.connection_id, "sandbox": str(dataflow.sandbox_id)}
    return f"{reverse('board')}?{urlencode(asked)}"


def linked(errors: Iterable[ErrorRow], run: FlowRun, *, may_build: bool) -> list[ErrorRow]:
    """Each error with the place where it is mended: copying at the account, else the mapping."""
    flow = run.dataflow
    account = account_page(flow)
    rows = mapping_edits.current_rows(flow) if may_build and flowview.may_map(flow) else None
    kinds = [error.get("activity", "") for error in run.errors]
    found = []
    for error, kind in zip(errors, kinds, strict=True):
        link = ("", "")
        if kind == "promotion" and rows is not None:
            link = _mapping_link(flow, rows, error.message)
        elif kind != "promotion" and account:
            link = (_("Open the account"), account)
        found.append(replace(error, link=link))
    return found


def _mapping_link(flow: Dataflow, rows: tuple[MappingRow, ...], message: str) -> tuple[str, str]:
    """The mapping; its row, if AEP's words name the row's field or column."""
    page = reverse("dataflow-mapping", args=[flow.pk])
    said = {word.strip(".") for word in _WORD.findall(message)}
    for number, row in enumerate(rows):
        if said & {row.target, row.target.rpartition(".")[2], row.source} - {"", None}:
            target = row.target
            return _("Open the mapping of %(field)s") % {"field": target}, f"{page}#map-{number}"
    return _("Open the mapping"), page
