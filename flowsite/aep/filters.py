"""Filters of list calls as repeated ``property`` parameters (API contract, section 7.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flowsite.aep.reading import as_text, dig

#: ``("flowId", "==", "…")``, or a finished text such as a bare path ("exists").
Filter = str | tuple[str, str, str | int | bool]

_PLAIN = re.compile(r"[\w.:/@+$-]*(,[\w.:/@+$-]+)*", re.ASCII)
#: What servers may read differently inside a quoted value; blanks at the ends may be cut.
_DOUBTFUL = re.compile(r"[\"'\\,*~!]|^\s|\s\Z|[^\S ]")


def properties(filters: Iterable[Filter], *, quoted: bool = True) -> list[tuple[str, str]]:
    """One ``property`` parameter per filter: all of them must hold."""
    return [("property", encode(item, quoted=quoted)) for item in filters]


def encode(item: Filter, *, quoted: bool = True) -> str:
    """``name=="My flow"``: quotes around values with blanks or specials, none around ids."""
    if isinstance(item, str):
        return item
    path, operator, value = item
    text = as_text(value)
    if quoted and not _PLAIN.fullmatch(text):
        text = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{path}{operator}{text}"


def name_filter(filters: Iterable[Filter]) -> str | None:
    """The value of a ``("name", "==", value)`` filter; None without one."""
    for item in filters:
        if not isinstance(item, str) and item[0] in {"name", "title"} and item[1] == "==":
            return as_text(item[2])
    return None


def is_doubtful(value: str) -> bool:
    """Whether a server may misread this value in a filter, so that "none found" proves nothing."""
    return bool(_DOUBTFUL.search(value))


def without_name(filters: Iterable[Filter]) -> list[Filter]:
    """The other filters."""
    return [item for item in filters if isinstance(item, str) or item[0] not in {"name", "title"}]


def has_name(row: dict[str, Any], name: str) -> bool:
    """Whether a row really bears that name: the server's filter may be looser."""
    return as_text(dig(row, "name")) == name or as_text(dig(row, "title")) == name
