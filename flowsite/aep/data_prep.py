"""Data Prep: mapping sets, their checks, and the expression language (API contract, section 6)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import AliasChoices, Field

from flowsite.aep.errors import BadRequest, MalformedAnswer
from flowsite.aep.filters import is_doubtful
from flowsite.aep.paging import DATA_PREP_LIMIT, Params, offset_rows
from flowsite.aep.reading import (
    Answered,
    Created,
    Int,
    Moment,
    Objects,
    Text,
    as_list,
    as_mapping,
    as_objects,
    as_text,
    dig,
    first,
)
from flowsite.aep.sanitise import clean
from flowsite.aep.service import Service, created
from flowsite.aep.session import segment

#: AEP's texts for "no error".
_NO_ERROR = frozenset({"", "none", "null"})


class MappingSet(Answered):
    """A mapping set. ``schema_content_type`` is what AEP calls ``xdmVersion``."""

    id: Text = ""
    version: Int = 0
    name: Text = ""
    status: Text = ""
    schema_id: Text = ""
    schema_content_type: Text = ""
    mappings: Objects = Field(default_factory=list)
    created_at: Moment = Field(
        default=None, validation_alias=AliasChoices("createdDate", "created_at")
    )
    updated_at: Moment = Field(
        default=None, validation_alias=AliasChoices("modifiedDate", "updatedDate", "updated_at")
    )


class ElFunction(Answered):
    """A function or an operator of the expression language, for a picker."""

    name: Text = Field(
        default="", validation_alias=AliasChoices("function", "operator", "name", "symbol")
    )
    category: Text = ""
    description: Text = ""
    syntax: Text = ""
    expression: Text = ""
    returns: Text = ""


@dataclass(frozen=True)
class MappingCheck:
    """AEP's verdict on one mapping row; errors are its own words."""

    ok: bool
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class PreviewRow:
    """One row after the mapping. Customer data: not for logs."""

    data: dict[str, Any]
    errors: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"PreviewRow({len(self.data)} fields, {len(self.errors)} errors)"


@dataclass(frozen=True)
class ExpressionCheck:
    """Whether an expression is valid, and AEP's words if not."""

    ok: bool
    error: str = ""


class DataPrep(Service):
    """``platform.data_prep``."""

    base = "/data/foundation/conversion"
    name = "data_prep"

    def create_mapping_set(self, body: Mapping[str, Any]) -> Created:
        """Answers id and version (0). Nothing checks it for sense: call ``validate`` before."""
        answer = self._send("POST", "/mappingSets", "create_mapping_set", body=dict(body))
        return _versioned(created(answer))

    def replace_mapping_set(self, identifier: str, body: Mapping[str, Any]) -> Created:
        """Replaces all mappings; the same id with the next version."""
        path = f"/mappingSets/{segment(identifier)}"
        answer = self._send("PUT", path, "replace_mapping_set", body=dict(body))
        return _versioned(created(answer))

    def mapping_set(self, identifier: str, version: int | None = None) -> MappingSet:
        """One set. AEP's default for the version is 0, not the newest: name it after an edit."""
        params = [] if version is None else [("version", str(version))]
        body = self._get(f"/mappingSets/{segment(identifier)}", "get_mapping_set", params)
        if not isinstance(body, Mapping):
            raise MalformedAnswer("a mapping set was expected", operation="get_mapping_set")
        return _mapping_set(body)

    def mapping_sets(self, name: str | None = None) -> Iterator[MappingSet]:
        """Sets of exactly this name, or all, newest first."""
        found = False
        for row in self._mapping_sets([("name", name)] if name else []):
            if not name or row.name == name:
                found = True
                yield row
        if name and not found and is_doubtful(name):
            yield from (row for row in self._mapping_sets([]) if row.name == name)

    def _mapping_sets(self, params: Params) -> Iterator[MappingSet]:
        def fetch(page: Params) -> Any:
            return self._get("/mappingSets", "list_mapping_sets", page)

        asked = [*params, ("orderBy", "-createdDate")]
        rows = offset_rows(
            fetch, asked, rows="data", key="id", offset="start", limit=DATA_PREP_LIMIT
        )
        for row in rows:
            yield _mapping_set(row)

    # --- checks: POSTs that store nothing ----------------------------------------------------

    def validate(self, body: Mapping[str, Any]) -> list[MappingCheck]:
        """One verdict per mapping of the body, in its order.

        AEP does not know the source's columns, so "ok" does not prove that a source exists.
        """
        answer = self._ask("/mappingSets/validate", "validate", dict(body))
        mappings = as_objects(body.get("mappings"))
        found = (
            first(answer, "validationResponse", "validationResponses", "data")
            if isinstance(answer, Mapping)
            else answer
        )
        if not isinstance(found, list):
            raise MalformedAnswer("no validation in the answer", operation="data_prep.validate")
        return _aligned([_verdict(item) for item in found], as_objects(found), mappings)

    def preview(
        self, rows: Sequence[Mapping[str, Any]], body: Mapping[str, Any]
    ) -> list[PreviewRow]:
        """The rows after the mapping of ``body``."""
        sent = {"data": [dict(row) for row in rows], "mappingSet": dict(body)}
        answer = self._ask("/mappingSets/preview", "preview", sent)
        if isinstance(answer, Mapping) and isinstance(answer.get("data"), list):
            shared = answer.get("errors")
            return [_previewed({"data": row, "errors": shared}) for row in answer["data"]]
        return [_previewed(item) for item in as_objects(answer)]

    def validate_expression(
        self, expression: str, sample: Mapping[str, Any] | None = None
    ) -> ExpressionCheck:
        """Whether AEP can read an expression."""
        body: dict[str, Any] = {"expression": expression}
        if sample is not None:
            body["sampleData"] = json.dumps(sample, ensure_ascii=False)
            body["sampleDataType"] = "json"
        try:
            answer = self._ask("/languages/el/validate", "validate_expression", body)
        except BadRequest as error:
            return ExpressionCheck(ok=False, error=error.message)
        return _expression_check(answer)

    def functions(self) -> list[ElFunction]:
        """The functions of the expression language."""
        return _pickable(self._get("/languages/el/functions", "functions"))

    def operators(self) -> list[ElFunction]:
        """The operators of the expression language."""
        return _pickable(self._get("/languages/el/operators", "operators"))


def _versioned(answer: Created) -> Created:
    """With an integer version; AEP echoes it as text in places."""
    return answer if isinstance(answer.version, int) else answer.model_copy(update={"version": 0})


def _mapping_set(row: Mapping[str, Any]) -> MappingSet:
    reference = dig(row, "outputSchema", "schemaRef")
    values = as_mapping(reference)
    return MappingSet.read(
        row,
        schema_id=first(values, "id") or row.get("xdmSchema"),
        schema_content_type=first(values, "contentType") or row.get("xdmVersion"),
    )


def _verdict(item: Any) -> MappingCheck:
    if not isinstance(item, Mapping):
        return MappingCheck(ok=bool(item))
    errors = _sentences(item.get("errors"))
    status = as_text(first(item, "status", "validationStatus")).lower()
    ok = status.startswith(("success", "succe", "valid", "ok")) if status else not errors
    return MappingCheck(ok=ok, errors=() if ok else errors or ("AEP gives no reason.",))


def _aligned(
    checks: list[MappingCheck], found: list[dict[str, Any]], mappings: list[dict[str, Any]]
) -> list[MappingCheck]:
    """Verdicts by index; if AEP left some out, failures go to the row with their destination."""
    if len(checks) == len(mappings):
        return checks
    result = [MappingCheck(ok=True)] * len(mappings)
    for check, item in zip(checks, found, strict=False):
        if check.ok:
            continue
        named = {as_text(error.get("destination")) for error in as_objects(item.get("errors"))}
        places = [i for i, row in enumerate(mappings) if as_text(row.get("destination")) in named]
        for place in places or range(len(mappings)):
            result[place] = check
    return result


def _sentences(errors: Any) -> tuple[str, ...]:
    found = []
    for item in as_list(errors):
        if isinstance(item, Mapping):
            text = first(item, "exception", "message", "error", "description", "errorMessage")
            found.append(as_text(text) or json.dumps(item, ensure_ascii=False, default=str))
        else:
            found.append(as_text(item))
    return tuple(clean(text) for text in found if text.strip().lower() not in _NO_ERROR)


def _previewed(item: Mapping[str, Any]) -> PreviewRow:
    data = item.get("data", item)
    return PreviewRow(data=as_mapping(data), errors=_sentences(item.get("errors")))


def _expression_check(answer: Any) -> ExpressionCheck:
    if isinstance(answer, bool):
        return ExpressionCheck(ok=answer, error="" if answer else "AEP can't read the expression.")
    if isinstance(answer, str):
        return _expression_check(answer.strip().lower() in {"true", "succeeded", "success"})
    if not isinstance(answer, Mapping):
        raise MalformedAnswer("no verdict in the answer", operation="validate_expression")
    words = " ".join(_sentences(first(answer, "error", "errors", "message")))
    status = first(answer, "validationStatus", "status", "result", "valid")
    if status is None:
        return ExpressionCheck(ok=not words, error=words)
    ok = as_text(status).lower() in {"succeeded", "success", "successful", "true", "valid", "ok"}
    return ExpressionCheck(ok=ok, error="" if ok else words or "AEP can't read the expression.")


def _pickable(body: Any) -> list[ElFunction]:
    rows = (
        first(body, "data", "items", "functions", "operators")
        if isinstance(body, Mapping)
        else body
    )
    found = []
    for row in as_list(rows):
        value = row if isinstance(row, Mapping) else {"name": as_text(row)}
        found.append(ElFunction.read(value))
    return [item for item in found if item.name]
