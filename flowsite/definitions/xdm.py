"""Schemas: the fields of an existing one, and the proposal of a new one from the columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, JsonValue

from flowsite.definitions.columns import MAX_DEPTH, Column, XdmType, is_date, xdm_type_of
from flowsite.definitions.fields import repeated_name_problems
from flowsite.definitions.model import FieldChoice, Identity, MappingRow, ProposedKind
from flowsite.definitions.naming import camel_case, numbered, readable, singular, words_of
from flowsite.definitions.problems import DefinitionError, Problem, listed, nearest
from flowsite.definitions.vocabulary import spelled_out
from flowsite.saying import say

CLASSES: Final[dict[ProposedKind, str]] = {
    "profile": "https://ns.adobe.com/xdm/context/profile",
    "event": "https://ns.adobe.com/xdm/context/experienceevent",
}
TENANT_PREFIX: Final = "_{tenant}"
"""In a document, stands for the tenant's own prefix, so that one file serves every organisation."""

_LONG: Final = 2**53 - 1
"""XDM reads a bare integer as 32 bits; these bounds make it a long, which holds milliseconds."""
_JSON_TYPES: Final[dict[XdmType, dict[str, JsonValue]]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "minimum": -_LONG, "maximum": _LONG},
    "number": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "date-time": {"type": "string", "format": "date-time"},
    "array": {"type": "array", "items": {"type": "string"}},
}
SURE_KEY: Final = 2
"""Rank from which a key column is the record's own, not a reference to another record."""
SURE_TIME: Final = 6
"""Rank from which a date says when a record was made or an event happened."""
_KEY_WORDS: Final = frozenset({"id", "uuid", "guid", "key", "identifier", "pk"})
_EVENT_WORDS: Final = frozenset({"transaction", "event", "record", "row", "entry"})
_CREATED: Final = frozenset({"created", "create", "creation", "inserted", "added"})
_HAPPENED: Final = frozenset({"timestamp", "occurred", "event", "transaction", "placed", "ordered"})
_CHANGED: Final = frozenset({"updated", "update", "modified", "changed", "deleted", "expires"})


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class TargetField(_Frozen):
    """A leaf of a schema, by the dotted path that mappings use.

    ``required`` means required in every row: the field and all that surround it.
    """

    path: str
    type: XdmType
    title: str = ""
    required: bool = False
    identity: bool = False
    primary_identity: bool = False


class ProposedField(_Frozen):
    """A column and the field it becomes; ``name`` is the last part of ``path``."""

    column: str
    name: str
    path: str
    type: XdmType
    title: str


class ProposedSchema(_Frozen):
    """A schema that does not exist yet. ``rows`` map every column, and what the class requires."""

    kind: ProposedKind
    tenant_id: str
    fields: tuple[ProposedField, ...]
    rows: tuple[MappingRow, ...]
    identity_path: str | None = None
    identity_namespace: str | None = None

    @property
    def class_id(self) -> str:
        return CLASSES[self.kind]

    def target_fields(self) -> list[TargetField]:
        """The fields as mapping rules want them, with those that the class brings."""
        own = [
            TargetField(
                path=field.path,
                type=field.type,
                title=field.title,
                identity=field.path == self.identity_path,
                primary_identity=field.path == self.identity_path,
            )
            for field in self.fields
        ]
        return [*_class_fields(self.kind), *own]

    def properties(self) -> dict[str, JsonValue]:
        """The ``properties`` of the field group, below the tenant's prefix."""
        return {
            field.name: {**_JSON_TYPES.get(field.type, {"type": "string"}), "title": field.title}
            for field in self.fields
        }


class ProposalError(DefinitionError):
    """No schema can be proposed without a decision; ``problems`` names the candidates."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(problem.message for problem in problems), problems)


def expand_target(target: str, tenant_id: str) -> str:
    """Replace the leading ``_{tenant}`` of a target by the tenant's own prefix."""
    if target == TENANT_PREFIX or target.startswith(f"{TENANT_PREFIX}."):
        return f"_{tenant_id}{target[len(TENANT_PREFIX) :]}"
    return target


def fields_of(
    schema: Mapping[str, Any], descriptors: Iterable[Mapping[str, Any]] = ()
) -> list[TargetField]:
    """The leaves of an ``xed-full`` schema in its own order.

    Identities are read from ``descriptors`` and from the schema's own ``meta:descriptors``.
    """
    identities = _identities([*descriptors, *schema.get("meta:descriptors", ())])
    always = {"_id", "timestamp"} if schema.get("meta:class") == CLASSES["event"] else set()
    found = []
    for path, leaf, required in _leaves(schema, (), required=True):
        dotted = ".".join(path)
        found.append(
            TargetField(
                path=dotted,
                type=_leaf_type(leaf),
                title=str(leaf.get("title") or ""),
                required=required or dotted in always,
                identity=dotted in identities,
                primary_identity=identities.get(dotted, False),
            )
        )
    return found


def propose(
    columns: Sequence[Column],
    kind: ProposedKind,
    tenant_id: str,
    *,
    object_name: str = "",
    delta_column: str | None = None,
    identity: Identity | None = None,
    mapped: Iterable[str] = (),
    choices: Iterable[FieldChoice] = (),
) -> ProposedSchema:
    """A schema with one field under the tenant's prefix for each column.

    Names are lower camel case in ASCII, numbered on a clash. An event also gets ``_id`` from the
    only or best key column and ``timestamp`` from the delta column, else from the creation date;
    ``object_name`` (the table) helps to tell its own key from foreign ones. Targets in ``mapped``
    are the user's business and are not proposed. ``choices`` rename the fields of their columns.

    Raises ProposalError when several columns are equally good, or the identity's column is missing.
    """
    fields = _proposed_fields(columns, tenant_id, choices)
    rows = [MappingRow(source=field.column, target=field.path) for field in fields]
    problems = _identity_problems(fields, identity)
    problems += repeated_name_problems([one.column for one in fields], [one.name for one in fields])
    if kind == "event":
        taken = set(mapped)
        for target, candidates in (
            ("_id", best_key(columns, object_name)[1]),
            ("timestamp", [delta_column] if delta_column else best_time(columns)[1]),
        ):
            if target in taken:
                continue
            if len(candidates) == 1:
                rows.append(MappingRow(source=candidates[0], target=target))
            else:
                problems.append(_undecided(target, candidates))
    if problems:
        raise ProposalError(problems)
    path = _identity_path(fields, identity)
    return ProposedSchema(
        kind=kind,
        tenant_id=tenant_id,
        fields=tuple(fields),
        rows=tuple(rows),
        identity_path=path,
        identity_namespace=identity.namespace if identity and path else None,
    )


def _proposed_fields(
    columns: Sequence[Column], tenant_id: str, choices: Iterable[FieldChoice]
) -> list[ProposedField]:
    parts = [words_of(column.name) for column in columns]
    chosen = {one.column: one for one in choices}
    own = [chosen.get(column.name, FieldChoice()) for column in columns]
    proposed = numbered(camel_case(words) for words in parts)
    names = [one.name or name for one, name in zip(own, proposed, strict=True)]
    return [
        ProposedField(
            column=column.name,
            name=name,
            path=f"_{tenant_id}.{name}",
            type=column.xdm_type if column.xdm_type in _JSON_TYPES else "string",
            title=one.title or readable(words),
        )
        for column, words, name, one in zip(columns, parts, names, own, strict=True)
    ]


def _identity_path(fields: Sequence[ProposedField], identity: Identity | None) -> str | None:
    if identity is None:
        return None
    return next((field.path for field in fields if field.column == identity.column), None)


def _identity_problems(fields: Sequence[ProposedField], identity: Identity | None) -> list[Problem]:
    if identity is None or _identity_path(fields, identity):
        return []
    known = [field.column for field in fields]
    likely = nearest(identity.column, known) or known
    text = say(
        "The identity's column “{column}” is not chosen. Candidates: {names}.",
        column=identity.column,
        names=listed(likely),
    )
    field = "dataset.new.schema.identity.column"
    return [Problem("unknown-column", "dataset", field, text)]


def _undecided(target: str, candidates: Sequence[str]) -> Problem:
    what = {"_id": say("the key of a record"), "timestamp": say("the time of the event")}[target]
    if candidates:
        text = say(
            "Several columns could be {what}: {names}. Map one to {target}.",
            what=what,
            names=listed(candidates),
            target=target,
        )
    else:
        text = say(
            "No column looks like {what}. Map a column or an expression to {target}.",
            what=what,
            target=target,
        )
    return Problem(f"undecided-{target.lstrip('_')}", "mapping", "mapping", text)


def best_key(columns: Sequence[Column], object_name: str) -> tuple[int, list[str]]:
    """The best key columns, with their rank: ``id`` alone, ``Product_Id`` of Products, others."""
    entity = [singular(word) for word in words_of(object_name)]
    ranked = [(_key_rank(column, entity), column.name) for column in columns]
    return _best(ranked)


def _key_rank(column: Column, entity: Sequence[str]) -> int:
    words = _words_with_id(column, {*entity, *_EVENT_WORDS})
    if not words or words[-1] not in _KEY_WORDS or len(column.path) > 2:
        return 0
    before = words[:-1]
    if not before:
        return 4
    if [singular(word) for word in before] == list(entity[-len(before) :]):
        return 3
    return 2 if before[-1] in _EVENT_WORDS else 1


def _words_with_id(column: Column, known: set[str]) -> list[str]:
    """The words of the column's last part; ``transactionid`` has two if its stem is known."""
    words = spelled_out(words_of(column.path[-1] if column.path else column.name))
    stem = words[-1].removesuffix("id") if words else ""
    return [*words[:-1], stem, "id"] if words and stem in known else words


def best_time(columns: Sequence[Column]) -> tuple[int, list[str]]:
    """The best dates, with their rank: of creation, then of happening, then any other."""
    return _best([(_time_rank(column), column.name) for column in columns if is_date(column)])


def _time_rank(column: Column) -> int:
    words = set(spelled_out(words_of(column.path[-1] if column.path else column.name)))
    if words & _CREATED:
        rank = 4
    elif words & _HAPPENED:
        rank = 3
    else:
        rank = 1 if words & _CHANGED else 2
    return rank * 2 + (column.xdm_type == "date-time")


def _best(ranked: Sequence[tuple[int, str]]) -> tuple[int, list[str]]:
    top = max((rank for rank, _ in ranked), default=0)
    return top, [name for rank, name in ranked if rank == top] if top else []


def _class_fields(kind: ProposedKind) -> list[TargetField]:
    if kind == "profile":
        return [TargetField(path="_id", type="string", title="Identifier")]
    return [
        TargetField(path="_id", type="string", title="Identifier", required=True),
        TargetField(path="timestamp", type="date-time", title="Timestamp", required=True),
    ]


def _identities(descriptors: Iterable[Mapping[str, Any]]) -> dict[str, bool]:
    """Dotted path of each identity, with whether it is the primary one."""
    return {
        str(descriptor.get("xdm:sourceProperty", "")).strip("/").replace("/", "."): bool(
            descriptor.get("xdm:isPrimary")
        )
        for descriptor in descriptors
        if descriptor.get("@type") == "xdm:descriptorIdentity"
    }


def _leaf_type(leaf: Mapping[str, Any]) -> XdmType:
    kind = xdm_type_of(leaf, leaf.get("meta:xdmType"))
    if kind == "object" and "additionalProperties" in leaf and "properties" not in leaf:
        return "map"
    return kind


def _leaves(
    node: Mapping[str, Any], path: tuple[str, ...], *, required: bool
) -> Iterable[tuple[tuple[str, ...], Mapping[str, Any], bool]]:
    properties = node.get("properties")
    if isinstance(properties, Mapping) and properties and len(path) < MAX_DEPTH:
        needed = node.get("required") or ()
        for name, child in properties.items():
            if isinstance(child, Mapping):
                yield from _leaves(child, (*path, name), required=required and name in needed)
    elif path:
        yield path, node, required
