"""Lists of Flow Service page by page, for callers that stop early or look at a page as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flowsite.aep.filters import Filter, properties
from flowsite.aep.flow_service.flows import Flow, Flows, _flow
from flowsite.aep.flow_service.runs import Run, Runs, read_run
from flowsite.aep.paging import FLOW_SERVICE_LIMIT, Params, continued_pages

Row = TypeVar("Row")


@dataclass(frozen=True)
class RowPage(Generic[Row]):
    """One answer of a list. ``is_full``: as many rows as asked for, so there may be more."""

    rows: list[Row]
    has_next: bool
    is_full: bool


def flow_pages(
    service: Flows, filters: Sequence[Filter] = (), *, orderby: str = "-updatedAt"
) -> Iterator[RowPage[Flow]]:
    """Dataflows, one page a call. The next page is asked for only when it is taken."""
    return _pages(service, "flows", _flow, filters, orderby, FLOW_SERVICE_LIMIT)


def run_pages(
    service: Runs,
    filters: Sequence[Filter] = (),
    *,
    orderby: str = "-createdAt",
    limit: int = FLOW_SERVICE_LIMIT,
) -> Iterator[RowPage[Run]]:
    """Runs, one page a call. The next page is asked for only when it is taken."""
    return _pages(service, "runs", read_run, filters, orderby, limit)


def _pages(
    service: Flows | Runs,
    kind: str,
    read: Callable[[Mapping[str, Any]], Row],
    filters: Sequence[Filter],
    orderby: str,
    limit: int,
) -> Iterator[RowPage[Row]]:
    fixed = [*properties(filters), ("orderby", orderby), ("limit", str(limit))]

    def fetch(params: Params) -> Any:
        return service._get(f"/{kind}", f"list_{kind}", params)

    for rows, has_next in continued_pages(fetch, fixed):
        yield RowPage([read(row) for row in rows], has_next, len(rows) >= limit)
