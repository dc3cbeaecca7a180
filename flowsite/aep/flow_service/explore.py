"""Looking into an account: tables, folders, columns, sample rows (API contract, section 7.4).

AEP asks the source live, which takes seconds to a minute. Names and rows come from outside and are
handed on byte for byte.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import AliasChoices, Field

from flowsite.aep.errors import MalformedAnswer
from flowsite.aep.flow_service.base import FlowServicePart
from flowsite.aep.paging import Params
from flowsite.aep.reading import Answered, Flag, Text, as_mapping, as_objects, as_text, first
from flowsite.aep.session import segment


class SourceObject(Answered):
    """A table, file or folder. ``path`` goes into requests, not ``name``."""

    type: Text = ""
    name: Text = ""
    path: Text = ""
    can_preview: Flag = Field(
        default=True, validation_alias=AliasChoices("canPreview", "can_preview")
    )
    can_fetch_schema: Flag = Field(
        default=True, validation_alias=AliasChoices("canFetchSchema", "can_fetch_schema")
    )

    @property
    def is_folder(self) -> bool:
        """Whether there is more inside."""
        return self.type == "folder"


@dataclass(frozen=True)
class Explored:
    """Columns of a table or file, or the JSON Schema of nested data, and sample rows.

    ``columns`` are the dicts as AEP sent them, to be sent back unchanged; empty when the format is
    ``hierarchical``. ``rows`` are customer data: not for logs.
    """

    format: str
    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]] = field(repr=False)
    schema: dict[str, Any] | None = field(default=None, repr=False)


class Explore(FlowServicePart):
    """Explore calls; all of them reads with their own time limit."""

    def explore_root(self, connection_id: str) -> list[SourceObject]:
        """The tables of a tabular source, or the top of a file source."""
        return self._objects(connection_id, [("objectType", "root")], "explore_root")

    def explore_folder(self, connection_id: str, path: str) -> list[SourceObject]:
        """What lies in a folder of a file source."""
        params = [("objectType", "folder"), ("object", path)]
        return self._objects(connection_id, params, "explore_folder")

    def explore_table(self, connection_id: str, path: str, preview: bool = True) -> Explored:
        """Columns of a table, and up to some sample rows with ``preview``."""
        params = [("objectType", "table"), ("object", path), *_preview(preview)]
        return self._explored(connection_id, params, "explore_table")

    def explore_file(
        self,
        connection_id: str,
        path: str,
        file_type: str,
        *,
        preview: bool = True,
        column_delimiter: str | None = None,
        compression: str | None = None,
        encoding: str | None = None,
        determine_properties: bool = False,
    ) -> Explored:
        """Columns of a file; ``file_type`` is ``delimited``, ``json`` or ``parquet``."""
        params = [
            ("objectType", "file"),
            ("object", path),
            ("fileType", file_type),
            *_preview(preview),
        ]
        if column_delimiter:
            params.append(("columnDelimiter", column_delimiter))
        if compression:
            params.append(("compressionType", compression))
        if encoding:
            params.append(("encoding", encoding))
        if determine_properties:
            params.append(("determineProperties", "true"))
        return self._explored(connection_id, params, "explore_file")

    def explore_rest(
        self, connection_id: str, source_params: Mapping[str, Any], preview: bool = True
    ) -> Explored:
        """Structure of a REST resource, e.g. ``{"resourcePath": "charges"}``."""
        text = json.dumps(dict(source_params), separators=(",", ":"), ensure_ascii=False)
        params = [
            ("objectType", "rest"),
            ("object", "json"),
            ("fileType", "json"),
            *_preview(preview),
            ("sourceParams", base64.b64encode(text.encode()).decode()),
        ]
        return self._explored(connection_id, params, "explore_rest")

    def _objects(self, connection_id: str, params: Params, operation: str) -> list[SourceObject]:
        body = self._explore(connection_id, params, operation)
        if isinstance(body, Mapping):
            body = first(body, "items", "data", "objects")
        if not isinstance(body, list):
            raise MalformedAnswer("a list of objects was expected", operation=operation)
        found = []
        for row in as_objects(body):
            kind = as_text(row.get("type")).lower()
            path = as_text(first(row, "path", "name"))
            found.append(SourceObject.read(row, type=kind, path=path))
        return [item for item in found if item.path]

    def _explored(self, connection_id: str, params: Params, operation: str) -> Explored:
        body = self._explore(connection_id, params, operation)
        found = explored(body)
        if found is None:
            raise MalformedAnswer("no columns in the answer", operation=operation)
        return found

    def _explore(self, connection_id: str, params: Params, operation: str) -> Any:
        return self._get(
            f"/connections/{segment(connection_id)}/explore",
            operation,
            params,
            timeout_s=self._session.config.explore_timeout_s,
        )


def _preview(wanted: bool) -> Params:
    return [("preview", "true")] if wanted else []


def explored(body: Any) -> Explored | None:
    """Reads the flat form, the hierarchical form, and a bare list of columns; None for others."""
    if isinstance(body, Mapping) and isinstance(body.get("items"), list) and body["items"]:
        body = body["items"][0]
    if isinstance(body, list):
        return Explored("flat", as_objects(body), [])
    if not isinstance(body, Mapping):
        return None
    rows = as_objects(first(body, "data", "rows"))
    schema = as_mapping(body.get("schema")) or dict(body)
    if isinstance(schema.get("columns"), list):
        return Explored("flat", as_objects(schema["columns"]), rows)
    if isinstance(schema.get("properties"), Mapping):
        return Explored("hierarchical", [], rows, schema)
    return None
