"""Paths into a source row: dotted parts, ``${...}`` around odd ones, ``[0]`` and ``[*]``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

_PART = re.compile(
    r"(?:\$\{(?P<wrapped>(?:\\.|[^}\\])*)\}|(?P<name>(?:\\.|[^.\[\]\\])+))(?P<index>(?:\[(?:\d+|\*)\])*)"
    r"(?:\.|$)",
    re.DOTALL,
)
_INDEX = re.compile(r"\[(\d+|\*)\]")


class Path(NamedTuple):
    """``literal`` is the text without its wrapping: a column may have just that name."""

    literal: str
    parts: tuple[str | int, ...]


ALL = "[*]"


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """Never fails: a text that is no path is the name of a column."""
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None:
            return Path(_unescaped(text), (_unescaped(text),))
        wrapped = match.group("wrapped")
        parts.append(_unescaped(wrapped if wrapped is not None else match.group("name")))
        for index in _INDEX.findall(match.group("index")):
            parts.append(ALL if index == "*" else int(index))
        at = match.end()
    return Path(".".join(str(part) for part in parts), tuple(parts))


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def read(row: Any, path: Path) -> Any:
    """None for what isn't there. A flat column whose name is the whole text comes first."""
    if isinstance(row, dict) and path.literal in row:
        return row[path.literal]
    return _step(row, path.parts)


def _step(value: Any, parts: tuple[str | int, ...]) -> Any:
    for place, part in enumerate(parts):
        if part == ALL:
            if not isinstance(value, list):
                return None
            return [_step(item, parts[place + 1 :]) for item in value]
        if isinstance(part, int):
            value = value[part] if isinstance(value, list) and part < len(value) else None
        elif isinstance(value, dict):
            value = value.get(part)
            if value is None and place + 1 < len(parts):
                return None
        else:
            return None
    return value
