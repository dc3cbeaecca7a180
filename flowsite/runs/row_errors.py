"""The rows that a run refused, read from Data Access.

They are customer data: kept by Adobe for 30 days, and only where error diagnostics were on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from flowsite.aep.errors import NotFound
from flowsite.aep.platform import Platform
from flowsite.credentials.connect import open_platform
from flowsite.credentials.models import SandboxAccess
from flowsite.runs.models import FlowRun

MOST_ROWS: Final = 50
MOST_BATCHES: Final = 5
MOST_FILES: Final = 10


@dataclass(frozen=True)
class RefusedRow:
    """``errors``: (code, message) pairs. ``values``: the row as the source sent it."""

    errors: tuple[tuple[str, str], ...]
    values: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class RefusedRows:
    """The first rows, and whether there are more."""

    rows: list[RefusedRow]
    more: bool = False
    calls: int = 0

    @property
    def columns(self) -> list[str]:
        """Every column that any of the rows has, in the order of appearance."""
        return list(dict.fromkeys(name for row in self.rows for name in row.values))


def read_refused_rows(
    access: SandboxAccess, run: FlowRun, *, limit: int = MOST_ROWS
) -> RefusedRows:
    """The first ``limit`` refused rows of a run's batches. Raises AepError, Undecryptable."""
    rows: list[RefusedRow] = []
    calls = 0
    with open_platform(access.credential, access.sandbox) as platform:
        for batch_id in run.batch_ids[:MOST_BATCHES]:
            calls += 1
            for name in _files(platform, batch_id):
                calls += 1
                for raw in _lines(platform, batch_id, name):
                    if len(rows) == limit:
                        return RefusedRows(rows, more=True, calls=calls)
                    rows.append(_row(raw))
    return RefusedRows(rows, calls=calls)


def _files(platform: Platform, batch_id: str) -> list[str]:
    """Names of the diagnostic files; none once Adobe has thrown them away."""
    try:
        found = platform.data_access.row_error_files(batch_id)
    except NotFound:
        return []
    return [file.name for file in found[:MOST_FILES]]


def _lines(platform: Platform, batch_id: str, name: str) -> Iterator[dict[str, Any]]:
    try:
        yield from platform.data_access.row_errors(batch_id, name)
    except NotFound:
        return


def _row(raw: dict[str, Any]) -> RefusedRow:
    """A line of a diagnostic file; errors can be objects or bare codes."""
    errors = []
    for error in raw.get("_errors") or []:
        if isinstance(error, dict):
            errors.append((str(error.get("code") or ""), str(error.get("message") or "")))
        else:
            errors.append((str(error), ""))
    hidden = {"_errors", "_filename"}
    return RefusedRow(
        tuple(errors), {name: value for name, value in raw.items() if name not in hidden}
    )
