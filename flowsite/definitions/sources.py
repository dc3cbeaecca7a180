"""The catalogue of batch sources, from facts in Adobe's documentation (``sources_data.json``).

The list is a starting point; what a sandbox offers is what its ``connectionSpecs`` return.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from flowsite.definitions.problems import DefinitionError, listed, nearest

SourceKind = Literal["tabular", "rest", "file"]
DELTA_DATE_FORMAT: Final = "yyyy-MM-dd HH:mm:ss"
"""Date format of delta columns unless a source has its own. Source: collect tutorials."""


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True)


class AuthParam(_Fact):
    """One parameter of a login method. ``required`` None: the documentation is unclear."""

    name: str
    required: bool | None
    secret: bool
    description: str = ""


class AuthSpec(_Fact):
    """A login method; ``name`` is the connection's ``auth.specName``."""

    name: str
    params: tuple[AuthParam, ...] = ()


class Source(_Fact):
    """A card of the catalogue. Ids are None where Adobe documents none that can be trusted."""

    slug: str
    name: str
    category: str
    kind: SourceKind | None
    connection_spec_id: str | None
    connection_spec_version: str | None
    flow_spec_name: str | None
    flow_spec_id: str | None
    auth_specs: tuple[AuthSpec, ...] = ()
    example_objects: tuple[str, ...] = ()
    beta: bool = False
    retired: bool = False
    delta_date_format: str = DELTA_DATE_FORMAT
    notes: str = ""

    @property
    def buildable(self) -> bool:
        """Whether enough is known to build a dataflow from it."""
        return self.kind is not None and self.connection_spec_id is not None

    @property
    def has_accounts(self) -> bool:
        """Data Landing Zone alone is read without an account."""
        return self.slug != "data-landing-zone"


def _load() -> tuple[Source, ...]:
    text = resources.files(__package__).joinpath("sources_data.json").read_text(encoding="utf-8")
    return tuple(Source.model_validate(record) for record in json.loads(text))


SOURCES: Final[tuple[Source, ...]] = _load()
_BY_SLUG: Final = {source.slug: source for source in SOURCES}
_BY_SPEC: Final = {
    source.connection_spec_id: source for source in SOURCES if source.connection_spec_id
}


def find_source(slug: str) -> Source | None:
    return _BY_SLUG.get(slug)


def source_by_slug(slug: str) -> Source:
    """Raises DefinitionError, naming the nearest slugs, when the catalogue has no such source."""
    source = _BY_SLUG.get(slug)
    if source is None:
        raise DefinitionError(unknown_source(slug))
    return source


def source_by_spec(connection_spec_id: str) -> Source | None:
    """The source behind a connection spec; None for one that the catalogue does not know."""
    return _BY_SPEC.get(connection_spec_id)


def categories() -> tuple[str, ...]:
    """The categories in the catalogue's order."""
    return tuple(dict.fromkeys(source.category for source in SOURCES))


def unknown_source(slug: str) -> str:
    """The sentence about a slug that the catalogue lacks."""
    likely = nearest(slug, _BY_SLUG) or list(_BY_SLUG)
    return f"There is no source “{slug}”. Candidates: {listed(likely)}."
