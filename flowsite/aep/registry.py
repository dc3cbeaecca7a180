"""Schema Registry: schemas, field groups, classes, descriptors (API contract, section 4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import AliasChoices, Field

from flowsite.aep.errors import BadRequest, MalformedAnswer, NotFound
from flowsite.aep.filters import Filter, is_doubtful, properties
from flowsite.aep.paging import REGISTRY_LIMIT, Params, next_href, query_value, sorted_pages
from flowsite.aep.reading import (
    Answered,
    Created,
    Object,
    Objects,
    Text,
    Texts,
    as_objects,
    as_text,
    dig,
    first,
)
from flowsite.aep.service import Service, created, json_patch
from flowsite.aep.session import segment

Kind = Literal["schemas", "fieldgroups", "classes", "datatypes"]

XED_ID = "application/vnd.adobe.xed-id+json"
XED = "application/vnd.adobe.xed+json"
XED_FULL_1 = "application/vnd.adobe.xed-full+json; version=1"
XED_1 = "application/vnd.adobe.xed+json; version=1"
XDM = "application/vnd.adobe.xdm+json"
XDM_V2 = "application/vnd.adobe.xdm-v2+json"
_RESOURCE_URL = re.compile(r"https?://ns\.adobe\.com/([^?#]+)")


class SchemaSummary(Answered):
    """A line of a list of schemas, field groups, classes or data types."""

    id: Text = Field(default="", validation_alias=AliasChoices("$id", "id", "@id"))
    alt_id: Text = Field(default="", validation_alias=AliasChoices("meta:altId", "altId", "alt_id"))
    version: Text = ""
    title: Text = ""


class RegistryStats(Answered):
    """Counts and recent resources of the organisation. ``tenant_id`` has no underscore."""

    tenant_id: Text = Field(
        default="", validation_alias=AliasChoices("tenantId", "tenant_id", "tenantid")
    )
    org_id: Text = Field(default="", validation_alias=AliasChoices("imsOrg", "org_id"))
    counts: Object = Field(default_factory=dict)
    recently_created: Objects = Field(
        default_factory=list, validation_alias=AliasChoices("recentlyCreatedResources")
    )
    recently_updated: Objects = Field(
        default_factory=list, validation_alias=AliasChoices("recentlyUpdatedResources")
    )


class FullSchema(Answered):
    """The head of a schema; ``raw`` is its JSON Schema."""

    id: Text = Field(default="", validation_alias=AliasChoices("$id", "id"))
    title: Text = ""
    immutable_tags: Texts = Field(
        default=(), validation_alias=AliasChoices("meta:immutableTags", "immutable_tags")
    )


def alt_id_of(identifier: str) -> str:
    """``_acme.schemas.9c1f`` for the ``$id`` of a resource: it needs no encoding in a path."""
    match = _RESOURCE_URL.fullmatch(identifier.strip())
    return "_" + match[1].strip("/").replace("/", ".") if match else identifier.strip()


class SchemaRegistry(Service):
    """``platform.registry``."""

    base = "/data/foundation/schemaregistry"
    name = "registry"

    def stats(self) -> RegistryStats:
        """Raises MalformedAnswer if AEP does not name the tenant."""
        body = self._get("/stats", "stats")
        stats = RegistryStats.read(_object(body))
        if not stats.tenant_id:
            raise MalformedAnswer("no tenant id in the answer", operation="registry.stats")
        return stats

    def tenant_id(self) -> str:
        """The name under which own fields lie, without the underscore."""
        return self.stats().tenant_id.removeprefix("_")

    # --- lists -------------------------------------------------------------------------------

    def schemas(
        self,
        container: str = "tenant",
        filters: Sequence[Filter] = (),
        *,
        orderby: str = "title",
        limit: int = REGISTRY_LIMIT,
    ) -> Iterator[SchemaSummary]:
        """All schemas of a container (``tenant`` or ``global``), sorted."""
        return self.resources("schemas", container, filters, orderby=orderby, limit=limit)

    def field_groups(
        self,
        container: str = "tenant",
        filters: Sequence[Filter] = (),
        *,
        orderby: str = "title",
        limit: int = REGISTRY_LIMIT,
    ) -> Iterator[SchemaSummary]:
        """All field groups of a container, sorted."""
        return self.resources("fieldgroups", container, filters, orderby=orderby, limit=limit)

    def classes(self, container: str = "global") -> Iterator[SchemaSummary]:
        """All classes of a container."""
        return self.resources("classes", container)

    def resources(
        self,
        kind: Kind,
        container: str = "tenant",
        filters: Sequence[Filter] = (),
        *,
        orderby: str = "title",
        limit: int = REGISTRY_LIMIT,
        full: bool = False,
    ) -> Iterator[SchemaSummary]:
        """All resources of a kind; ``full`` asks for whole schemas (in ``raw``)."""
        accept = XED if full else XED_ID

        def fetch(params: Params) -> Any:
            path = f"/{segment(container)}/{kind}"
            return self._get(path, f"list_{kind}", params, accept=accept)

        sent = properties(filters, quoted=False)
        for row in sorted_pages(fetch, sent, orderby=orderby, limit=limit):
            yield SchemaSummary.read(row)

    def profile_schema_ids(self) -> set[str]:
        """The ``$id`` of every schema that is enabled for Profile."""
        rows = self.resources("schemas", full=True)
        heads = (FullSchema.read(row.raw) for row in rows)
        return {head.id for head in heads if "union" in head.immutable_tags}

    def find_by_title(self, kind: Kind, title: str) -> list[SchemaSummary]:
        """The tenant's resources of exactly this title.

        AEP filters; where its filter refuses the title or may have misread it, everything is
        listed and compared here.
        """
        try:
            rows = self.resources(kind, "tenant", [("title", "==", title)])
            if found := [row for row in rows if row.title == title]:
                return found
            if not is_doubtful(title):
                return []
        except BadRequest:
            pass
        return [row for row in self.resources(kind) if row.title == title]

    # --- one ---------------------------------------------------------------------------------

    def schema(self, identifier: str, *, container: str = "tenant") -> dict[str, Any]:
        """The resolved JSON Schema (``xed-full``) of a schema by ``$id`` or alternative id."""
        return self.resource("schemas", identifier, container=container)

    def field_group(self, identifier: str, *, container: str = "tenant") -> dict[str, Any]:
        """The resolved JSON Schema of a field group."""
        return self.resource("fieldgroups", identifier, container=container)

    def schema_head(self, identifier: str, *, container: str = "tenant") -> FullSchema:
        """Title and tags of a schema, and the unresolved schema in ``raw``."""
        body = self.resource("schemas", identifier, container=container, accept=XED_1)
        return FullSchema.read(body)

    def resource(
        self,
        kind: Kind,
        identifier: str,
        *,
        container: str = "tenant",
        accept: str = XED_FULL_1,
    ) -> dict[str, Any]:
        """One resource in the form that ``accept`` names. Raises NotFound."""
        alt_id = alt_id_of(identifier)
        path = f"/{segment(container)}/{kind}"
        try:
            body = self._get(f"{path}/{segment(alt_id)}", f"get_{kind}", accept=accept)
        except NotFound:
            if alt_id == identifier:
                raise
            body = self._get(f"{path}/{segment(identifier)}", f"get_{kind}", accept=accept)
        if not (found := _object(body)):
            raise MalformedAnswer("a schema was expected", operation=f"registry.get_{kind}")
        return found

    def sample_data(self, identifier: str) -> dict[str, Any]:
        """A generated record. Its keys are XDM's names, not mapping paths."""
        path = f"/rpc/sampledata/{segment(alt_id_of(identifier))}"
        return _object(self._get(path, "sample_data", accept=XED_1))

    # --- changes -----------------------------------------------------------------------------

    def create_schema(self, body: Mapping[str, Any]) -> Created:
        """Raises BadRequest XDM-1521 when the title is taken."""
        return self._create("schemas", body)

    def create_field_group(self, body: Mapping[str, Any]) -> Created:
        """Raises BadRequest XDM-1521 when the title is taken."""
        return self._create("fieldgroups", body)

    def delete_schema(self, identifier: str) -> None:
        """Refused for schemas enabled for Profile or used by datasets."""
        self._delete("schemas", identifier)

    def delete_field_group(self, identifier: str) -> None:
        """Refused while schemas use it."""
        self._delete("fieldgroups", identifier)

    def patch_schema(self, identifier: str, changes: Sequence[Mapping[str, Any]]) -> Created:
        """Sends JSON Patch operations."""
        path = f"/tenant/schemas/{segment(alt_id_of(identifier))}"
        answer = self._send("PATCH", path, "patch_schema", body=json_patch(changes))
        return created(answer, "$id", "meta:altId")

    def enable_for_profile(self, identifier: str) -> Created:
        """Adds the ``union`` tag, which can never be taken away."""
        change = {"op": "add", "path": "/meta:immutableTags", "value": ["union"]}
        return self.patch_schema(identifier, [change])

    def _create(self, kind: Kind, body: Mapping[str, Any]) -> Created:
        answer = self._send("POST", f"/tenant/{kind}", f"create_{kind}", body=dict(body))
        return created(answer, "$id")

    def _delete(self, kind: Kind, identifier: str) -> None:
        path = f"/tenant/{kind}/{segment(alt_id_of(identifier))}"
        self._send("DELETE", path, f"delete_{kind}")

    # --- descriptors -------------------------------------------------------------------------

    def descriptors(self, schema_id: str | None = None) -> Iterator[dict[str, Any]]:
        """The tenant's descriptors, or those of one schema."""
        for row in self._descriptor_rows():
            if schema_id is None or row.get("xdm:sourceSchema") == schema_id:
                yield row

    def _descriptor_rows(self) -> Iterator[dict[str, Any]]:
        body = self._get("/tenant/descriptors", "list_descriptors", accept=XDM)
        yield from _descriptors_in(body)
        start, seen = _next_start(body), {""}
        while start and start not in seen:
            seen.add(start)
            params = [("orderby", "@id"), ("start", start)]
            body = self._get("/tenant/descriptors", "list_descriptors", params, accept=XDM_V2)
            yield from _descriptors_in(body)
            start = _next_start(body)

    def create_descriptor(self, body: Mapping[str, Any]) -> Created:
        """An identity or another descriptor; the answer's id is its ``@id``."""
        answer = self._send("POST", "/tenant/descriptors", "create_descriptor", body=dict(body))
        return created(answer, "@id", "id")

    def descriptor(self, identifier: str) -> dict[str, Any]:
        """One descriptor. Raises NotFound."""
        path = f"/tenant/descriptors/{segment(identifier)}"
        return _object(self._get(path, "get_descriptor", accept=XDM))

    def delete_descriptor(self, identifier: str) -> None:
        """Removes it."""
        self._send("DELETE", f"/tenant/descriptors/{segment(identifier)}", "delete_descriptor")


def _next_start(body: Any) -> str:
    return as_text(dig(body, "_page", "next")) or query_value(next_href(body), "start") or ""


def _descriptors_in(body: Any) -> Iterable[dict[str, Any]]:
    """Descriptors out of a list, ``results``, or an object that groups lists by ``@type``."""
    if isinstance(body, Mapping):
        rows = first(body, "results", "items", "data")
        if rows is not None:
            yield from as_objects(rows)
            return
        if "@type" in body:
            yield dict(body)
            return
        for name, group in body.items():
            if not name.startswith("_"):
                for row in as_objects(group):
                    yield {"@type": name, **row}
        return
    yield from as_objects(body)


def _object(body: Any) -> dict[str, Any]:
    return dict(body) if isinstance(body, Mapping) else {}
