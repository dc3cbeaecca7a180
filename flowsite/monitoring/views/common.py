"""What the pages of this room share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from flowsite.core.keyset import Page, page_of
from flowsite.credentials.models import Sandbox
from flowsite.monitoring.filters import BoardFilter, reached_sandboxes, with_params
from flowsite.monitoring.rows import flow_rows
from flowsite.people.rights import Role
from flowsite.runs.models import Dataflow, FlowRun, SandboxSync
from flowsite.runs.selectors import dataflow_for_user, read_at, run_for_user

ANYBODY = (Role.ANALYST, Role.OPS, Role.ADMIN)
PAGE_SIZE = 50
#: Columns that no list prints.
UNPRINTED_FLOW = ("definition", "facts", "description", "options", "etag")
#: What only the poller and the page of a dataflow need: a board reads 50 rows of each.
UNREAD_FLOW = (
    "outside_change",
    "flow_spec_id",
    "source_connection_id",
    "target_connection_id",
    "mapping_set_id",
    "mapping_version",
    "delta_column",
    "created_client",
    "updated_client",
    "settled_state",
    "named_at",
    "seen_at",
    "checked_at",
    "runs_read_at",
    "expect_from",
    "owner__password",
)
UNPRINTED_RUN = ("errors", "activities", "batch_ids")


def the_dataflow(request: HttpRequest, pk: int) -> Dataflow:
    """The dataflow, if the person may see it. Raises Http404."""
    row = dataflow_for_user(request.user, pk)  # type: ignore[arg-type]
    if row is None:
        raise Http404("There is no such dataflow.")
    return row


def the_run(request: HttpRequest, pk: int) -> FlowRun:
    """The run, if the person may see it. Raises Http404."""
    row = run_for_user(request.user, pk)  # type: ignore[arg-type]
    if row is None:
        raise Http404("There is no such run.")
    return row


def page_urls(request: HttpRequest, page: Page[Any], address: str) -> dict[str, str]:
    """Addresses of the neighbouring pages; empty where there is none."""

    def url(cursor: str | None) -> str:
        if cursor is None:
            return ""
        query = request.GET.copy()
        query.pop("stamp", None)
        query["page"] = cursor
        return f"{address}?{query.urlencode()}"

    return {"previous_url": url(page.previous), "next_url": url(page.next)}


def flow_table(
    request: HttpRequest,
    in_view: QuerySet[Dataflow],
    asked: BoardFilter,
    now: datetime,
    *,
    address: str,
    syncs: Iterable[SandboxSync],
) -> dict[str, Any]:
    """One page of dataflows and the links around it. One query."""
    narrowed = (
        asked.narrow(in_view, now)
        .select_related("owner", "sandbox")
        .defer(*UNPRINTED_FLOW, *UNREAD_FLOW)
    )
    page = page_of(narrowed, order=asked.sort, cursor=request.GET.get("page"), size=PAGE_SIZE)
    several = len({row.sandbox_id for row in page.rows}) > 1
    return {
        "rows": flow_rows(page.rows, now, several=several, read_at=read_at(syncs)),
        "sorts": _sorts(request, asked, address),
        **page_urls(request, page, address),
    }


def _sorts(request: HttpRequest, asked: BoardFilter, address: str) -> dict[str, dict[str, str]]:
    """Links and ``aria-sort`` of the columns that can be sorted."""
    found = {}
    for column, first in (("name", "name"), ("latest_at", "-latest_at")):
        current = asked.sort.lstrip("-") == column
        descending = asked.sort.startswith("-")
        other = column if descending else f"-{column}"
        found[column] = {
            "url": address + with_params(request.GET, sort=other if current else first),
            "sort": ("descending" if descending else "ascending") if current else "",
        }
    return found


def sandbox_choices(request: HttpRequest, chosen: list[Sandbox]) -> list[dict[str, Any]]:
    """The sandboxes to choose from; none when there is only one."""
    reached = reached_sandboxes(request)
    if len(reached) < 2:
        return []
    keys = {sandbox.pk for sandbox in chosen}
    return [{"sandbox": sandbox, "chosen": sandbox.pk in keys} for sandbox in reached]


def hidden_fields(request: HttpRequest, *but: str) -> list[tuple[str, str]]:
    """The other parameters of the address, for a form that changes one of them."""
    return [
        (name, value) for name, values in request.GET.lists() if name not in but for value in values
    ]
