"""Catalog: datasets and batches (API contract, section 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import AliasChoices, Field

from flowsite.aep.errors import BadRequest, MalformedAnswer
from flowsite.aep.filters import Filter, is_doubtful, properties
from flowsite.aep.paging import CATALOG_LIMIT, Params, keyed_pages, keyed_rows
from flowsite.aep.reading import (
    Answered,
    Count,
    Created,
    Moment,
    Object,
    Objects,
    Text,
    as_count,
    as_mapping,
    as_texts,
    dig,
)
from flowsite.aep.service import Service, created, json_patch
from flowsite.aep.session import segment

JSON_PATCH = "application/json-patch+json"
DATASET_PROPERTIES = ("name", "schemaRef", "tags", "created")


class Dataset(Answered):
    """A dataset; only the asked-for properties are filled."""

    id: Text = ""
    name: Text = ""
    description: Text = ""
    schema_id: Text = ""
    schema_content_type: Text = ""
    tags: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    created: Moment = None
    updated: Moment = None
    etag: Text = ""

    def has_tag(self, name: str, value: str) -> bool:
        """Whether a tag holds a value; AEP writes ``enabled:true`` with and without a blank."""
        held = {item.replace(" ", "") for item in self.tags.get(name, ())}
        return value.replace(" ", "") in held

    @property
    def profile_enabled(self) -> bool:
        """Whether its rows feed Real-Time Customer Profile."""
        return self.has_tag("unifiedProfile", "enabled:true")


def _dataset(row: Mapping[str, Any]) -> Dataset:
    tags = as_mapping(row.get("tags"))
    return Dataset.read(
        row,
        schema_id=dig(row, "schemaRef", "id"),
        schema_content_type=dig(row, "schemaRef", "contentType"),
        tags={name: as_texts(values) for name, values in tags.items()},
    )


class Batch(Answered):
    """A batch. Counters that AEP does not know are None."""

    id: Text = ""
    status: Text = ""
    created: Moment = None
    updated: Moment = None
    started: Moment = None
    completed: Moment = None
    record_count: Count = Field(
        default=None, validation_alias=AliasChoices("recordCount", "record_count")
    )
    input_records: Count = None
    output_records: Count = None
    failed_records: Count = None
    errors: Objects = Field(default_factory=list)
    tags: Object = Field(default_factory=dict)
    dataset_ids: tuple[str, ...] = ()


def _batch(row: Mapping[str, Any]) -> Batch:
    related = row.get("relatedObjects")
    failed = as_count(dig(row, "metrics", "failedRecordCount"))
    return Batch.read(
        row,
        input_records=dig(row, "metrics", "inputRecordCount"),
        output_records=dig(row, "metrics", "outputRecordCount"),
        failed_records=failed if failed is not None else row.get("failedRecordCount"),
        dataset_ids=tuple(
            item["id"]
            for item in (related if isinstance(related, list) else [])
            if isinstance(item, Mapping) and str(item.get("type", "")).lower() == "dataset"
            if isinstance(item.get("id"), str)
        ),
    )


class Catalog(Service):
    """``platform.catalog``."""

    base = "/data/foundation/catalog"
    name = "catalog"

    # --- datasets ----------------------------------------------------------------------------

    def datasets(
        self,
        *,
        name: str | None = None,
        schema_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        filters: Sequence[Filter] = (),
        properties: Sequence[str] = DATASET_PROPERTIES,
    ) -> Iterator[Dataset]:
        """Datasets of exactly this name, schema and tags, newest first; all of them without.

        What AEP's filters let through is compared again here. A name that its filter may have
        misread (commas are "or", ``*`` is a wildcard) is looked for among all datasets before
        "none" is believed.
        """
        wanted = _Wanted(name, schema_id, dict(tags or {}))
        asked = tuple(dict.fromkeys([*properties, *wanted.properties]))
        shown = ("properties", ",".join(asked))
        found = False
        try:
            for row in self._datasets([shown, *wanted.params(), *_property(filters)]):
                if wanted.matches(row):
                    found = True
                    yield row
        except BadRequest:
            if found or not wanted.is_doubtful:
                raise
        if not found and wanted.is_doubtful:
            rows = self._datasets([shown, *_property(filters)])
            yield from (row for row in rows if wanted.matches(row))

    def search_datasets(
        self, text: str, *, properties: Sequence[str] = DATASET_PROPERTIES
    ) -> Iterator[Dataset]:
        """Datasets whose name holds ``text``, without regard to case."""
        needle = text.casefold()
        for row in self._datasets([("properties", ",".join(properties))]):
            if needle in row.name.casefold():
                yield row

    def _datasets(self, params: Params) -> Iterator[Dataset]:
        def fetch(page: Params) -> Any:
            return self._get("/dataSets", "list_datasets", page)

        order = [("orderBy", "desc:created")]
        for row in keyed_pages(fetch, [*params, *order], limit=CATALOG_LIMIT):
            yield _dataset(row)

    def dataset(self, identifier: str) -> Dataset:
        """One dataset with all properties. Raises NotFound."""
        return _dataset(self._one("/dataSets", identifier, "get_dataset"))

    def create_dataset(self, body: Mapping[str, Any]) -> Created:
        """Answers the new dataset's id."""
        answer = self._send(
            "POST",
            "/dataSets",
            "create_dataset",
            body=dict(body),
            params=[("requestDataSource", "true")],
        )
        return created(answer)

    def patch_dataset(
        self, identifier: str, changes: Sequence[Mapping[str, Any]], *, etag: str = ""
    ) -> None:
        """JSON Patch, under the media type that the documentation gives it.

        With an etag, StaleEtag is raised when somebody was faster.
        """
        headers = {"Content-Type": JSON_PATCH, **({"If-Match": etag} if etag else {})}
        path = f"/dataSets/{segment(identifier)}"
        self._send("PATCH", path, "patch_dataset", body=json_patch(changes), headers=headers)

    def delete_dataset(self, identifier: str) -> None:
        """Removes the dataset and its data."""
        self._send("DELETE", f"/dataSets/{segment(identifier)}", "delete_dataset")

    # --- batches -----------------------------------------------------------------------------

    def batches(
        self,
        dataset_id: str | None = None,
        *,
        status: Sequence[str] = (),
        created_after_ms: int | None = None,
        properties: Sequence[str] = (),
    ) -> Iterator[Batch]:
        """Batches of a dataset (or of the sandbox), newest first."""
        params: Params = [("orderBy", "desc:created")]
        if dataset_id:
            params.append(("dataSet", dataset_id))
        if status:
            params.append(("status", ",".join(status)))
        if created_after_ms is not None:
            params.append(("createdAfter", str(created_after_ms)))
        if properties:
            params.append(("properties", ",".join(properties)))

        def fetch(page: Params) -> Any:
            return self._get("/batches", "list_batches", page)

        for row in keyed_pages(fetch, params, limit=CATALOG_LIMIT):
            yield _batch(row)

    def batch(self, identifier: str) -> Batch:
        """One batch. Raises NotFound."""
        return _batch(self._one("/batches", identifier, "get_batch"))

    def last_batches(self, dataset_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The last batch of each dataset, by dataset id."""
        params = [("dataSetId", ",".join(dataset_ids))]
        body = self._get("/lastBatches", "last_batches", params)
        return {key: row for key, row in as_mapping(body).items() if isinstance(row, dict)}

    def _one(self, path: str, identifier: str, operation: str) -> dict[str, Any]:
        rows = dict(keyed_rows(self._get(f"{path}/{segment(identifier)}", operation)))
        if identifier in rows:
            return rows[identifier]
        if len(rows) == 1:
            return next(iter(rows.values()))
        raise MalformedAnswer("one object was expected", operation=f"catalog.{operation}")


class _Wanted:
    """What a dataset must have, as parameters for AEP and as a check of its answer."""

    def __init__(self, name: str | None, schema_id: str | None, tags: dict[str, str]) -> None:
        self.name, self.schema_id, self.tags = name, schema_id, tags

    @property
    def properties(self) -> list[str]:
        named = {"name": self.name, "schemaRef": self.schema_id, "tags": self.tags}
        return [key for key, value in named.items() if value]

    @property
    def is_doubtful(self) -> bool:
        values = [self.name or "", *self.tags, *self.tags.values()]
        return any(is_doubtful(value) for value in values)

    def params(self) -> Params:
        found: Params = []
        if self.name:
            found.append(("name", self.name))
        if self.schema_id:
            found.append(("property", f"schemaRef.id=={self.schema_id}"))
        found.extend(("tags", f"{key}:{value}") for key, value in self.tags.items())
        return found

    def matches(self, row: Dataset) -> bool:
        return (
            (not self.name or row.name == self.name)
            and (not self.schema_id or row.schema_id == self.schema_id)
            and all(row.has_tag(key, value) for key, value in self.tags.items())
        )


def _property(filters: Sequence[Filter]) -> Params:
    return properties(filters, quoted=False)
