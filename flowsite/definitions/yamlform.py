"""The document as a file: YAML, version 1.

Read with care: no anchors, no tags, no duplicate keys, bounded size and depth, dates with a zone,
and only the YAML 1.2 meaning of a bare word, so that a column called ``No`` stays text. Written so
that YAML 1.1 readers agree, and so that ``dump(load(text))`` is stable.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Any, Final, cast

import yaml
from pydantic import ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode

from flowsite.definitions.complete import complete
from flowsite.definitions.examples import example
from flowsite.definitions.model import (
    Data,
    DataflowDefinition,
    Dataset,
    PartialDefinition,
)
from flowsite.definitions.problems import DefinitionError
from flowsite.definitions.sentences import definition_error

__all__ = ["dump", "example", "json_schema", "load", "load_partial"]

VERSION: Final = 1
MAX_CHARACTERS: Final = 500_000
MAX_NESTING: Final = 30
MAX_NODES: Final = 100_000

_STR: Final = "tag:yaml.org,2002:str"
_MAP: Final = "tag:yaml.org,2002:map"
_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"
_BREAKS: Final = re.compile(r"[\t\r\n\x85\u2028\u2029\ufeff]")
_BARE_WORDS: Final = (
    # Each pattern matches a subset of what YAML 1.1 matches, or a dumped text would change type.
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    # Python refuses to read numbers of thousands of digits; such a word stays text.
    ("tag:yaml.org,2002:int", r"[-+]?(?:0|[1-9][0-9]{0,99})", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?",
        "-+0123456789",
    ),
)


def load(text: str) -> DataflowDefinition:
    """The definition in a file. Raises DefinitionError with a sentence that names the key."""
    return complete(load_partial(text))


def load_partial(text: str) -> PartialDefinition:
    """What a file holds, finished or not. Raises DefinitionError for what cannot be read."""
    if len(text) > MAX_CHARACTERS:
        msg = f"The file is too long: at most {MAX_CHARACTERS:,} characters are read."
        raise DefinitionError(msg)
    content = _parse(text)
    if not isinstance(content, dict):
        raise DefinitionError("The file must hold one block of keys, beginning with “version: 1”.")
    _check_version(content)
    try:
        return PartialDefinition.model_validate(content)
    except ValidationError as error:
        raise definition_error(error) from error


def dump(definition: PartialDefinition) -> str:
    """The file form of a definition or draft; the same definition always gives the same text."""
    text: str = yaml.dump(
        _document(definition),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=1_000_000,
    )
    return text


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the file form, for editors and other programs."""
    schema = DataflowDefinition.model_json_schema(mode="validation", by_alias=True)
    schema["required"] = ["version", *schema["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Flowsite dataflow definition, version 1",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def _parse(text: str) -> Any:
    try:
        return _Loader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        raise DefinitionError(_syntax_sentence(error)) from error
    except yaml.reader.ReaderError as error:
        what = f"the character number {error.position + 1} is not allowed"
        raise DefinitionError(f"The file is not YAML: {what}.") from error


def _syntax_sentence(error: yaml.MarkedYAMLError) -> str:
    what = error.problem or error.context or "cannot be read"
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return f"The file is not YAML: {what}."
    return f"Line {mark.line + 1}, column {mark.column + 1}: {what}."


def _check_version(content: dict[str, Any]) -> None:
    if "version" not in content:
        raise DefinitionError(f"The key version is missing: begin with “version: {VERSION}”.")
    version = content["version"]
    if version != VERSION or isinstance(version, bool):
        msg = f"version is “{version}”, but this program reads version {VERSION} only."
        raise DefinitionError(msg)


class _Loader(yaml.SafeLoader):
    """SafeLoader without anchors, tags, duplicate keys, merge keys and dates, and with bounds."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._nesting = 0
        self._nodes = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self._nesting += 1
        self._nodes += 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _refused("anchors and aliases are not allowed", event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise _refused("tags are not allowed", event.start_mark)
        if self._nesting > MAX_NESTING or self._nodes > MAX_NODES:
            raise _refused("the file is nested too deeply or too long", event.start_mark)
        node = super().compose_node(parent, index)
        self._nesting -= 1
        return node

    def construct_mapping(self, node: Node, deep: bool = False) -> dict[Hashable, Any]:
        mapping = cast(MappingNode, node)
        seen: set[str] = set()
        for key, _ in mapping.value:
            if not isinstance(key, ScalarNode) or key.tag != _STR:
                raise _refused("a key must be text; put it in quotes", key.start_mark)
            if key.value in seen:
                raise _refused(f"the key “{key.value}” is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(mapping, deep=deep)


def _refused(what: str, mark: yaml.Mark) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, what, mark)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in _BARE_WORDS:
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), list(_first))


class _Inline(dict[str, Any]):
    """A block that is written on one line, such as a mapping row."""


class _Dumper(yaml.SafeDumper):
    """SafeDumper that writes a moment as ``2027-01-01T00:00:00Z`` and rows on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _write_moment(dumper: yaml.SafeDumper, moment: datetime) -> Node:
    text = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return dumper.represent_scalar(_TIMESTAMP, text)


def _write_text(dumper: yaml.SafeDumper, text: str) -> Node:
    """Quoted where a plain scalar would be folded at a line break, of which Unicode has several."""
    style = '"' if _BREAKS.search(text) else None
    return dumper.represent_scalar(_STR, text, style=style)


def _write_inline(dumper: yaml.SafeDumper, block: _Inline) -> Node:
    return dumper.represent_mapping(_MAP, block, flow_style=True)


_Dumper.add_representer(str, _write_text)
_Dumper.add_representer(datetime, _write_moment)
_Dumper.add_representer(_Inline, _write_inline)


def _document(definition: PartialDefinition) -> dict[str, Any]:
    document: dict[str, Any] = {"version": VERSION}
    for key in PartialDefinition.model_fields:
        value = getattr(definition, key)
        if value is None or key == "version":
            continue
        document[key] = _block(value)
    return document


def _block(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return [_Inline(row.model_dump(exclude_none=True)) for row in value]
    block = value.model_dump(exclude_none=True)
    if isinstance(value, Data):
        if not value.folder:
            del block["folder"]
        if value.params is not None:
            block["params"] = value.params
        if not isinstance(value.columns, str):
            block["columns"] = list(value.columns)
    if isinstance(value, Dataset) and value.new is not None and not value.new.profile_enabled:
        del block["new"]["profile_enabled"]
    return block
