"""A plan: requests as data. The review page, the curl export and the executor read the same object.

A body may hold, in place of any value, one of these single-key objects:

``{"$from": "schema.id"}``     a field of the answer to an earlier step
``{"$secret": "…"}``           a secret that the executor puts in when it sends
``{"$literal": …}``            a value from outside that happens to look like one of them

(``$ref`` itself is a word of JSON Schema, which the bodies of schemas need.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

PlanKind = Literal[
    "dataflow",
    "account",
    "enable",
    "disable",
    "schedule",
    "mapping",
    "run",
    "retry",
    "delete",
    "undo",
]
Operation = Literal[
    "create_connection",
    "create_field_group",
    "create_schema",
    "create_descriptor",
    "enable_schema_for_profile",
    "create_dataset",
    "validate_mapping",
    "create_source_connection",
    "create_target_connection",
    "create_mapping_set",
    "create_flow",
    "enable_flow",
    "disable_flow",
    "patch_schedule",
    "replace_mapping_set",
    "patch_mapping",
    "create_run",
    "retry_run",
    "delete_flow",
    "delete_source_connection",
    "delete_target_connection",
    "delete_connection",
    "delete_dataset",
    "delete_descriptor",
    "delete_schema",
    "delete_field_group",
]
_MARKS = frozenset({"$from", "$secret", "$literal"})


@dataclass(frozen=True, slots=True)
class Ref:
    """A field of the answer to an earlier step."""

    step_key: str
    field: str = "id"

    def as_json(self) -> dict[str, JsonValue]:
        return {"$from": f"{self.step_key}.{self.field}"}


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A stored secret; ``name`` is what people and the curl export call it."""

    id: str
    name: str = ""

    def as_json(self) -> dict[str, JsonValue]:
        return {"$secret": self.id, "name": self.name}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Lookup(_Frozen):
    """How a request whose answer was lost is found again (values may hold references).

    ``by`` names the call and filter, ``match`` what must be equal in what it returns. ``repeat``
    means that sending it twice does no harm.
    """

    by: Literal[
        "field_group_title",
        "schema_title",
        "descriptor_content",
        "dataset_tag",
        "connection_description",
        "source_connection_name",
        "target_connection_name",
        "mapping_set_name",
        "flow_source_connection",
        "newest_runs",
        "object",
        "repeat",
    ]
    match: dict[str, JsonValue] = {}


class Step(_Frozen):
    """One request, with a ``key`` that is unique in its plan.

    ``depends_on`` names the steps that must be done before. ``key_field`` says where in the body
    the submission's key can be found again, if anywhere. ``path`` is absolute below the platform's
    host and may hold ``{step.field}`` of earlier steps.
    """

    key: str
    operation: Operation
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    title: str
    body: JsonValue = None
    depends_on: tuple[str, ...] = ()
    key_field: str | None = None
    lookup: Lookup = Lookup(by="repeat")
    target_id: str | None = None
    needs_etag: bool = False


class Line(_Frozen):
    """A label and its value in the summary."""

    label: str
    value: str


class Group(_Frozen):
    """A group of the review page; ``step`` is where its edit link leads."""

    title: str
    step: str
    lines: tuple[Line, ...] = ()


class PlanPlace(_Frozen):
    """Where the requests go; no secret. Empty values become variables in the curl export."""

    platform_url: str = "https://platform.adobe.io"
    org_id: str = ""
    client_id: str = ""
    sandbox: str = ""


class SubmissionPlan(_Frozen):
    """What one submission does, in an order that respects every dependency.

    ``left_behind`` says in words what an undo or a delete cannot remove.
    """

    key: str
    kind: PlanKind
    steps: tuple[Step, ...]
    summary: tuple[Group, ...] = ()
    place: PlanPlace = PlanPlace()
    left_behind: tuple[str, ...] = ()

    def step(self, key: str) -> Step:
        """Raises KeyError for a step that the plan does not have."""
        for step in self.steps:
            if step.key == key:
                return step
        raise KeyError(key)


def literal(value: JsonValue) -> JsonValue:
    """Guard a value from outside, so that nothing in it is taken for a reference or a secret."""
    return {"$literal": value} if _has_marks(value) else value


def references(value: JsonValue) -> Iterator[Ref]:
    """Every reference inside a body."""
    if isinstance(value, dict):
        if "$from" in value:
            yield _parse_ref(value["$from"])
        elif "$literal" not in value:
            for child in value.values():
                yield from references(child)
    elif isinstance(value, list):
        for child in value:
            yield from references(child)


def fill(
    value: JsonValue,
    answers: Mapping[str, Mapping[str, Any]],
    secret: Callable[[str], JsonValue] | None = None,
) -> JsonValue:
    """The body as it is sent: ``answers`` holds the result of each finished step by its key.

    ``secret`` gives the value of a stored secret by its id. Raises KeyError for a step or field
    that is not there yet, and ValueError when a secret is wanted but cannot be had.
    """
    if isinstance(value, list):
        return [fill(child, answers, secret) for child in value]
    if not isinstance(value, dict):
        return value
    if "$from" in value:
        ref = _parse_ref(value["$from"])
        found: JsonValue = answers[ref.step_key][ref.field]
        return found
    if "$secret" in value:
        if secret is None:
            msg = "This body holds a secret, and nobody gives it."
            raise ValueError(msg)
        return secret(str(value["$secret"]))
    if "$literal" in value:
        return value["$literal"]
    return {name: fill(child, answers, secret) for name, child in value.items()}


def fill_path(path: str, answers: Mapping[str, Mapping[str, Any]]) -> str:
    """The path with ``{step.field}`` replaced."""
    for step_key, answer in answers.items():
        for field, found in answer.items():
            path = path.replace(f"{{{step_key}.{field}}}", str(found))
    return path


def masked(value: JsonValue) -> JsonValue:
    """The body for people: references as ``{step.field}``, secrets as dots."""
    if isinstance(value, list):
        return [masked(child) for child in value]
    if not isinstance(value, dict):
        return value
    if "$from" in value:
        return "{" + str(value["$from"]) + "}"
    if "$secret" in value:
        return "••••••"
    if "$literal" in value:
        return value["$literal"]
    return {name: masked(child) for name, child in value.items()}


def _parse_ref(text: JsonValue) -> Ref:
    step_key, _, field = str(text).partition(".")
    return Ref(step_key, field or "id")


def _has_marks(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return any(name in _MARKS or _has_marks(child) for name, child in value.items())
    return isinstance(value, list) and any(_has_marks(child) for child in value)
