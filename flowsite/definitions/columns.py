"""Columns of a source as explored, and how Data Prep is told about them.

Names come from strangers: blanks, dots, quotes, ``<script>``, emoji, words that Data Prep reserves.
``raw`` keeps AEP's own description byte for byte, as source connections must carry exactly that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from flowsite.definitions.model import Columns, is_storable
from flowsite.definitions.problems import Problem, listed, nearest
from flowsite.saying import say

RESERVED: Final = frozenset(
    (
        *("new", "mod", "or", "break", "var", "lt", "for", "false", "while", "eq", "gt", "div"),
        *("not", "null", "continue", "else", "and", "ne", "true", "le", "if", "ge", "return"),
        "_errors",
    )
)
"""Words that Data Prep reads as its own. Source: Data Prep functions, reserved keywords."""

XdmType = Literal[
    "string", "boolean", "integer", "number", "date", "date-time", "array", "map", "object"
]
_INTEGERS: Final = frozenset({"integer", "int", "long", "short", "byte", "bigint", "smallint"})
_NUMBERS: Final = frozenset({"number", "double", "float", "decimal", "numeric", "real"})
_DATE_TIMES: Final = frozenset(
    {"date-time", "datetime", "timestamp", "timestamptz", "datetimeoffset"}
)
_NAMED_ALIKE: Final = frozenset({"string", "boolean", "date", "array", "map", "object"})
_PLAIN_PART: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PLAIN_OR_DOTTED: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")
MAX_DEPTH: Final = 30
"""Deepest nesting read from an explored JSON Schema."""


class Column(BaseModel):
    """One column or leaf: ``path`` holds its parts, ``name`` is what documents call it.

    ``type`` is the source's word for it, ``xdm`` what AEP makes of it, ``raw`` AEP's answer
    unchanged. A flat column has one part.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    type: str = "string"
    xdm: dict[str, JsonValue] = {}
    raw: dict[str, JsonValue] = {}
    path: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """How a mapping writes it, escaped. Source: Data Prep rules on special characters."""
        return attribute_source(self.path or (self.name,))

    @property
    def xdm_type(self) -> XdmType:
        """The XDM type its values fit, ``string`` when nobody says."""
        return xdm_type_of({"type": self.type, **self.xdm}, self.raw.get("meta:xdmType"))


class Selection(BaseModel):
    """The chosen columns in the source's order, and chosen names that the source does not have."""

    model_config = ConfigDict(frozen=True)

    columns: tuple[Column, ...]
    missing: tuple[str, ...] = ()


def columns_from_flat(raw_columns: Iterable[Mapping[str, Any]]) -> list[Column]:
    """Columns of a tabular source or a delimited file (``schema.columns`` of an explore answer).

    A column whose name no database can hold (a NUL in it) cannot be used and is left out.
    """
    found = []
    for raw in raw_columns:
        name = str(raw.get("name", ""))
        if not is_storable(name):
            continue
        xdm = raw.get("xdm")
        found.append(
            Column(
                name=name,
                type=str(raw.get("type") or "string"),
                xdm=dict(xdm) if isinstance(xdm, Mapping) else {},
                raw=dict(raw),
                path=(name,),
            )
        )
    return found


def columns_from_hierarchy(schema: Mapping[str, Any]) -> list[Column]:
    """The leaves of an explored JSON Schema, named by their dotted path.

    An array is a leaf; a property of unknown type (``{}``) counts as text. What lies deeper than
    any real record, or has a name that no database can hold, is left out.
    """
    return list(_leaves(schema, ()))


def is_date(column: Column) -> bool:
    """Whether AEP knows the column as a date, so that increments can be loaded by it."""
    return column.xdm_type in ("date", "date-time")


def select(columns: Sequence[Column], choice: Columns) -> Selection:
    """The chosen ones among the explored columns; byte-for-byte comparison."""
    if isinstance(choice, str):
        return Selection(columns=tuple(columns))
    wanted = set(choice)
    known = {column.name for column in columns}
    return Selection(
        columns=tuple(column for column in columns if column.name in wanted),
        missing=tuple(name for name in choice if name not in known),
    )


def selection_problems(columns: Sequence[Column], choice: Columns) -> list[Problem]:
    """Chosen columns that the source does not have, each with candidates; and an empty source."""
    if not columns:
        text = say("The source reports no columns here; choose another table or resource.")
        return [Problem("FLOW-1330", "data", "data.columns", text)]
    known = [column.name for column in columns]
    found = []
    for name in select(columns, choice).missing:
        likely = nearest(name, known) or known
        text = say(
            "The source has no column “{name}”. Candidates: {names}.",
            name=name,
            names=listed(likely),
        )
        found.append(Problem("unknown-column", "data", "data.columns", text))
    return found


def attribute_source(path: Sequence[str]) -> str:
    """The text of a source attribute for Data Prep.

    A plain word stays as it is; a dot inside a nested part becomes ``\\.``; parts with other
    special characters, and reserved words, are wrapped in ``${…}``, where ``\\`` and ``}`` get a
    backslash.
    """
    nested = len(path) > 1
    return ".".join(_escaped_part(part, nested=nested) for part in path)


def dotted(path: Sequence[str]) -> str:
    """The name of a nested column in documents: parts joined by dots, a dot inside one escaped."""
    if len(path) == 1:
        return path[0]
    return ".".join(part.replace("\\", "\\\\").replace(".", "\\.") for part in path)


def xdm_type_of(schema: Mapping[str, Any], meta_type: object = None) -> XdmType:
    """The XDM type behind a JSON Schema fragment, ``meta:xdmType`` first.

    Source words that only some databases use (``timestamp``, ``decimal``) count too.
    """
    for word in (meta_type, schema.get("meta:xdmType"), schema.get("format"), _first_type(schema)):
        known = _known_type(word)
        if known is not None:
            return known
    return "object" if "properties" in schema else "string"


def _known_type(word: object) -> XdmType | None:
    if not isinstance(word, str):
        return None
    lower = word.lower()
    if lower in _DATE_TIMES:
        return "date-time"
    if lower in _INTEGERS:
        return "integer"
    if lower in _NUMBERS:
        return "number"
    if lower == "bool":
        return "boolean"
    return lower if lower in _NAMED_ALIKE else None  # type: ignore[return-value]


def _first_type(schema: Mapping[str, Any]) -> object:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((word for word in kind if word != "null"), None)
    return kind


def _leaves(schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterable[Column]:
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and properties:
        for name, child in properties.items():
            if isinstance(child, Mapping) and is_storable(str(name)) and len(path) < MAX_DEPTH:
                yield from _leaves(child, (*path, str(name)))
    elif path:
        kind = _first_type(schema)
        yield Column(
            name=dotted(path),
            type=kind if isinstance(kind, str) else "string",
            xdm={key: schema[key] for key in ("type", "format", "meta:xdmType") if key in schema},
            raw=dict(schema),
            path=path,
        )


def _escaped_part(part: str, *, nested: bool) -> str:
    if _PLAIN_PART.match(part) and part not in RESERVED:
        return part
    if nested and _PLAIN_OR_DOTTED.match(part) and part not in RESERVED:
        return part.replace(".", "\\.")
    return "${" + re.sub(r"[\\}.]" if nested else r"[\\}]", r"\\\g<0>", part) + "}"
