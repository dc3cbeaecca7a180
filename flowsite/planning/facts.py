"""What AEP says about the things a definition names; found by ``resolve`` and stored with the plan.

Facts hold no secret. A None means "not looked up" or "not there yet", as each field says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from flowsite.definitions.columns import Column, columns_from_flat
from flowsite.definitions.model import MappingRow
from flowsite.definitions.sources import SourceKind
from flowsite.definitions.xdm import ProposedSchema, TargetField


class _Fact(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class SpecRef(_Fact):
    """``connectionSpec`` of a connection."""

    id: str
    version: str = "1.0"


class FlowSpecFacts(_Fact):
    """The flow spec that fits the source; the id lists are empty when they were not read."""

    id: str
    name: str
    version: str = "1.0"
    has_copy: bool = False
    has_schedule: bool = True
    has_options: bool = True
    source_spec_ids: tuple[str, ...] = ()
    target_spec_ids: tuple[str, ...] = ()


class SchemaFacts(_Fact):
    """An existing schema. ``content_type`` carries its major version, the only one there is."""

    id: str
    title: str = ""
    alt_id: str | None = None
    content_type: str = "application/vnd.adobe.xed-full+json;version=1"
    class_id: str | None = None
    profile_enabled: bool = False
    fields: tuple[TargetField, ...] = ()


class DatasetFacts(_Fact):
    """An existing dataset. ``content_type`` is its schema reference as Catalog tells it."""

    id: str
    name: str = ""
    schema_id: str = ""
    content_type: str | None = None
    profile_enabled: bool = False
    etag: str | None = None


class Place(_Fact):
    """Where the requests go: one credential, one sandbox."""

    credential_name: str = ""
    org_id: str = ""
    client_id: str = ""
    sandbox: str = ""
    sandbox_type: Literal["production", "development"] | None = None
    platform_url: str = "https://platform.adobe.io"


class Facts(_Fact):
    """All that the planner needs to know beside the definition.

    ``columns`` are the selected ones. ``schema_facts`` (``schema`` in JSON) and ``dataset`` are
    None for what is to be created, ``proposed`` is None unless a schema is proposed. ``mapping``
    is final: suggestions accepted, targets with the tenant's own prefix.
    """

    tenant_id: str
    source_kind: SourceKind
    base_connection_id: str | None
    connection_spec: SpecRef
    flow_spec: FlowSpecFacts
    columns: tuple[Column, ...]
    account_name: str = ""
    account_state: str | None = None
    schema_facts: SchemaFacts | None = Field(default=None, alias="schema")
    dataset: DatasetFacts | None = None
    proposed: ProposedSchema | None = None
    mapping: tuple[MappingRow, ...] = ()
    place: Place = Place()
    dataset_name_taken: bool = False
    dataflow_name_taken: bool = False
    other_profile_batches_per_day: float = 0.0

    @field_validator("columns", mode="before")
    @classmethod
    def _columns_as_explored(cls, value: Any) -> Any:
        """Accept AEP's own column dicts beside ``Column`` objects and their stored form."""
        if not isinstance(value, list | tuple):
            return value
        return [
            columns_from_flat([item])[0]
            if isinstance(item, Mapping) and "raw" not in item
            else item
            for item in value
        ]
