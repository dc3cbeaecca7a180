"""Data Access: the rows that a batch refused (API contract, section 5.5).

Rows are customer data: nothing here logs or keeps them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import Field

from flowsite.aep.errors import BadRequest
from flowsite.aep.paging import DATA_ACCESS_LIMIT, Params, offset_rows, query_value
from flowsite.aep.reading import Answered, Count, Text, as_text
from flowsite.aep.service import Service
from flowsite.aep.session import segment

SAMPLE_FILE = "row_error_samples.json"
ROW_ERRORS = "row_errors"


class RowErrorFile(Answered):
    """A file of refused rows. ``length_bytes`` is None when AEP does not say."""

    name: Text = ""
    length_bytes: Count = Field(default=None, validation_alias="length")


class DataAccess(Service):
    """``platform.data_access``."""

    base = "/data/foundation/export"
    name = "data_access"

    def row_error_files(self, batch_id: str) -> list[RowErrorFile]:
        """The diagnostic files of a batch; empty when it refused no row. Raises AepError."""
        path = f"/batches/{segment(batch_id)}/meta"

        def fetch(params: Params) -> Any:
            return self._get(path, "row_error_files", params)

        rows = offset_rows(
            fetch,
            [("path", ROW_ERRORS)],
            rows="data",
            key="name",
            offset="start",
            limit=DATA_ACCESS_LIMIT,
        )
        files = (RowErrorFile.read(row) for row in rows)
        return [file for file in files if file.name]

    def row_errors(self, batch_id: str, file: str) -> Iterator[dict[str, Any]]:
        """Refused rows as they arrive, each with ``_errors``; stop whenever you have enough."""
        name = file.removeprefix(f"{ROW_ERRORS}/")
        return self._rows(batch_id, f"{ROW_ERRORS}/{name}", "row_errors")

    def sample_errors(self, url_or_batch: str) -> Iterator[dict[str, Any]]:
        """A small sample of refused rows, by the address in a run's manifest or by batch id.

        The token goes to our platform host only: of a foreign address nothing but batch id and file
        name are used. Raises BadRequest for an address that names neither.
        """
        if "/" not in url_or_batch:
            return self._rows(url_or_batch, SAMPLE_FILE, "sample_errors")
        batch_id, path = split_meta_url(url_or_batch)
        return self._rows(batch_id, path, "sample_errors")

    def _rows(self, batch_id: str, path: str, operation: str) -> Iterator[dict[str, Any]]:
        lines = self._session.lines(
            f"{self.base}/batches/{segment(batch_id)}/meta",
            params=[("path", path)],
            operation=f"{self.name}.{operation}",
        )
        for line in lines:
            yield from _rows_of_line(line)


def split_meta_url(url: str) -> tuple[str, str]:
    """Batch id and path of ``…/batches/{id}/meta?path=…``. Raises BadRequest."""
    parts = urlsplit(url).path.split("/")
    path = query_value(url, "path")
    if "batches" in parts[:-1] and path and ".." not in path:
        batch_id = unquote(parts[parts.index("batches") + 1])
        if batch_id:
            return batch_id, path
    raise BadRequest("the address of the row errors is in an unknown form")


def _rows_of_line(line: bytes) -> Iterator[dict[str, Any]]:
    """One row; an unreadable line is kept and marked, as AEP does it with corrupt input."""
    text = line.decode("utf-8", "replace").strip()
    if not text:
        return
    try:
        value = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        yield {"_errors": [], "_corrupt_record": text}
        return
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping):
            yield dict(item)
        else:
            yield {"_errors": [], "_corrupt_record": as_text(item) or text}
