"""The dataset and schema that a definition names, as AEP has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flowsite.aep.catalog import Dataset as CatalogDataset
from flowsite.aep.errors import NotFound
from flowsite.aep.platform import Platform
from flowsite.definitions.model import Dataset, ExistingDataset, SchemaChoice
from flowsite.definitions.xdm import fields_of
from flowsite.planning.bodies import TAG
from flowsite.planning.facts import DatasetFacts, SchemaFacts
from flowsite.saying import say
from flowsite.submissions.reading import reading, the_one, unresolved

#: Adobe's own schemas lie in the global container.
GLOBAL = "https://ns.adobe.com/xdm/"


@dataclass(frozen=True)
class Target:
    """Where rows go. ``schema`` is None for one that will be proposed."""

    schema: SchemaFacts | None = None
    dataset: DatasetFacts | None = None
    name_taken: bool = False


def find_target(choice: Dataset, platform: Platform, *, key: str = "") -> Target:
    """Raises Unresolved, AepError. A dataset with ``key`` takes no name."""
    if choice.existing is not None:
        with reading("dataset", "dataset.existing"):
            dataset = _existing(choice.existing, platform)
            return Target(read_schema(platform, dataset.schema_id), dataset_facts(dataset))
    new = choice.new
    if new is None or new.schema_choice is None:
        raise unresolved("missing", "dataset", "dataset", say("Choose a dataset."))
    with reading("dataset", "dataset.new"):
        taken = any(
            not (key and any(value.startswith(key) for value in one.tags.get(TAG, ())))
            for one in platform.catalog.datasets(name=new.name)
        )
    if new.schema_choice.propose is not None:
        return Target(name_taken=taken)
    with reading("dataset", "dataset.new.schema"):
        return Target(_chosen_schema(new.schema_choice, platform), name_taken=taken)


def dataset_facts(dataset: CatalogDataset) -> DatasetFacts:
    """What the planner needs of a dataset."""
    return DatasetFacts(
        id=dataset.id,
        name=dataset.name,
        schema_id=dataset.schema_id,
        content_type=dataset.schema_content_type or None,
        profile_enabled=dataset.profile_enabled,
        etag=dataset.etag or None,
    )


def read_schema(platform: Platform, schema_id: str) -> SchemaFacts:
    """A schema with its fields and identities. Raises AepError."""
    container = "global" if schema_id.startswith(GLOBAL) else "tenant"
    schema: dict[str, Any] = platform.registry.schema(schema_id, container=container)
    identifier = str(schema.get("$id") or schema_id)
    descriptors = list(platform.registry.descriptors(identifier))
    return SchemaFacts(
        id=identifier,
        title=str(schema.get("title") or ""),
        alt_id=str(schema.get("meta:altId") or "") or None,
        class_id=str(schema.get("meta:class") or "") or None,
        profile_enabled="union" in (schema.get("meta:immutableTags") or ()),
        fields=tuple(fields_of(schema, descriptors)),
    )


def _existing(wanted: ExistingDataset, platform: Platform) -> CatalogDataset:
    if wanted.id:
        try:
            dataset = platform.catalog.dataset(wanted.id)
        except NotFound as error:
            text = say("There is no dataset with the id “{id}” in this sandbox.", id=wanted.id)
            raise unresolved("not-found", "dataset", "dataset.existing.id", text) from error
    else:
        name = wanted.name or ""
        dataset = the_one(
            list(platform.catalog.datasets(name=name)),
            what="dataset",
            wanted=name,
            step="dataset",
            field="dataset.existing.name",
            describe=lambda one: one.id,
            known=lambda: (one.name for one in platform.catalog.datasets(properties=("name",))),
        )
    if not dataset.schema_id:
        text = say(
            "The dataset “{name}” has no schema, so nothing can be mapped to it.", name=dataset.name
        )
        raise unresolved("no-schema", "dataset", "dataset.existing", text)
    return dataset


def _chosen_schema(choice: SchemaChoice, platform: Platform) -> SchemaFacts:
    if choice.id:
        try:
            return read_schema(platform, choice.id)
        except NotFound as error:
            text = say("There is no schema with the id “{id}”.", id=choice.id)
            raise unresolved("not-found", "dataset", "dataset.new.schema.id", text) from error
    title = choice.title or ""
    found = the_one(
        platform.registry.find_by_title("schemas", title),
        what="schema",
        wanted=title,
        step="dataset",
        field="dataset.new.schema.title",
        describe=lambda one: one.id,
        known=lambda: (one.title for one in platform.registry.schemas()),
    )
    return read_schema(platform, found.id)
