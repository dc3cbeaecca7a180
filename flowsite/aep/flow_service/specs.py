"""Connection specs and flow specs: what drives the forms (API contract, sections 7.2, 7.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import AliasChoices, Field

from flowsite.aep.flow_service.base import FlowServicePart
from flowsite.aep.reading import (
    Answered,
    Flag,
    Object,
    Text,
    Texts,
    as_mapping,
    as_objects,
    as_text,
    dig,
    first,
)

SourceKind = Literal["tabular", "file", "rest", ""]
_KINDS: dict[str, SourceKind] = {
    "tabular": "tabular",
    "filesystem": "file",
    "file": "file",
    "resource": "rest",
    "rest": "rest",
}


class AuthSpec(Answered):
    """One way to sign in. ``spec`` is the JSON Schema of ``auth.params``."""

    name: Text = ""
    type: Text = ""
    spec: Object = Field(default_factory=dict)


class ConnectionSpec(Answered):
    """A source or target that AEP offers. Any part may be missing."""

    id: Text = ""
    name: Text = ""
    version: Text = "1.0"
    provider_id: Text = Field(
        default="", validation_alias=AliasChoices("providerId", "provider_id")
    )
    auth_specs: list[AuthSpec] = Field(default_factory=list)
    source_schema: Object = Field(default_factory=dict)
    explore_type: Text = ""
    attributes: Object = Field(default_factory=dict)
    ui: Object = Field(default_factory=dict)
    is_source: Flag = False
    is_beta: Flag = False

    @property
    def kind(self) -> SourceKind:
        """What ``exploreSpec.type`` says about the source; empty when it says nothing known."""
        return _KINDS.get(self.explore_type.lower(), "")

    def auth_spec(self, name: str) -> AuthSpec | None:
        """The way to sign in of this name."""
        return next((spec for spec in self.auth_specs if spec.name == name), None)


class FlowSpec(Answered):
    """How data may flow from certain sources to certain targets."""

    id: Text = ""
    name: Text = ""
    version: Text = "1.0"
    source_connection_spec_ids: Texts = Field(
        default=(),
        validation_alias=AliasChoices("sourceConnectionSpecIds", "source_connection_spec_ids"),
    )
    target_connection_spec_ids: Texts = Field(
        default=(),
        validation_alias=AliasChoices("targetConnectionSpecIds", "target_connection_spec_ids"),
    )
    transformations: dict[str, dict[str, Any]] = Field(default_factory=dict)
    schedule_schema: Object = Field(default_factory=dict)
    option_schema: Object = Field(default_factory=dict)
    run_schema: Object = Field(default_factory=dict)
    attributes: Object = Field(default_factory=dict)

    @property
    def has_copy(self) -> bool:
        """Whether dataflows of this kind have a ``Copy`` transformation (a delta column)."""
        return any(name.lower() == "copy" for name in self.transformations)

    @property
    def has_schedule(self) -> bool:
        """Whether dataflows of this kind are scheduled."""
        return bool(self.schedule_schema)


class Specs(FlowServicePart):
    """Reading specs."""

    def connection_specs(self, name: str | None = None) -> Iterator[ConnectionSpec]:
        """The connection specs that the sandbox offers."""
        filters = [("name", "==", name)] if name else []
        for row in self._list("connectionSpecs", filters, limit=None):
            yield _connection_spec(row)

    def connection_spec(self, identifier: str) -> ConnectionSpec:
        """One connection spec. Raises NotFound."""
        return _connection_spec(self._one("connectionSpecs", identifier))

    def flow_specs(self, name: str | None = None) -> Iterator[FlowSpec]:
        """The flow specs, or those of one name."""
        filters = [("name", "==", name)] if name else []
        for row in self._list("flowSpecs", filters, limit=None):
            yield _flow_spec(row)

    def flow_spec(self, identifier: str) -> FlowSpec:
        """One flow spec. Raises NotFound."""
        return _flow_spec(self._one("flowSpecs", identifier))


def _connection_spec(row: Mapping[str, Any]) -> ConnectionSpec:
    source = as_mapping(row.get("sourceSpec"))
    ui = as_mapping(
        dig(source, "attributes", "uiAttributes") or dig(row, "attributes", "uiAttributes")
    )
    return ConnectionSpec.read(
        row,
        auth_specs=[
            AuthSpec.read(spec) for spec in as_objects(first(row, "authSpec", "authSpecs"))
        ],
        source_schema=_schema(source),
        explore_type=dig(row, "exploreSpec", "type"),
        ui=ui,
        is_source=ui.get("isSource"),
        is_beta=ui.get("isBeta"),
    )


def _flow_spec(row: Mapping[str, Any]) -> FlowSpec:
    rows = as_objects(first(row, "transformationSpecs", "transformationSpec"))
    return FlowSpec.read(
        row,
        transformations={as_text(item.get("name")): _schema(item) for item in rows},
        schedule_schema=_schema(row.get("scheduleSpec")),
        option_schema=_schema(row.get("optionSpec")),
        run_schema=_schema(row.get("runSpec")),
    )


def _schema(part: Any) -> dict[str, Any]:
    """The JSON Schema of a part, which some answers wrap in ``spec`` and some don't."""
    if isinstance(part, list):
        part = part[0] if part else None
    found = as_mapping(part)
    return (
        as_mapping(found["spec"])
        if isinstance(found.get("spec"), Mapping)
        else {key: value for key, value in found.items() if key not in {"attributes", "name"}}
        if "properties" in found
        else {}
    )
