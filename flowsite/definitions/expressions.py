"""Which source columns an expression of Data Prep reads, without evaluating it.

Nothing in a request tells Data Prep which columns exist, so that its own validation cannot find a
misspelt one; this does. It is a scanner, not a parser: functions and operators are for Data Prep to
check.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from flowsite.definitions.columns import RESERVED
from flowsite.saying import say

MAX_EXPRESSION: Final = 4096
"""Longest calculated field, in characters. Source: Data Prep guardrails."""
OPERATOR_WORDS: Final = frozenset(
    {"and", "or", "not", "eq", "ne", "lt", "gt", "le", "ge", "div", "mod", "null", "true", "false"}
)
"""Reserved words that stand for themselves in a sound expression."""


def _part_pattern(suffix: str) -> str:
    wrapped = rf"\$\{{(?P<wrapped_{suffix}>(?:[^}}\\]|\\.)*)\}}"
    return rf"(?:{wrapped}|(?P<plain_{suffix}>[A-Za-z_](?:[A-Za-z0-9_]|\\\.)*))"


_INDEX: Final = r"(?:\[[0-9*]*\])*"
_NEXT_PART: Final = re.compile(r"\." + _part_pattern("next") + _INDEX)
_TOKEN: Final = re.compile(
    r"\s+"
    r"""|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)"
    rf"|(?P<path>{_part_pattern('first')}{_INDEX})"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<other>[^\s])"
)
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Scan:
    """``paths`` are what is read, part by part; ``reserved`` are reserved words standing alone."""

    paths: tuple[tuple[str, ...], ...]
    functions: tuple[str, ...]
    reserved: tuple[str, ...]
    fault: str | None = None


def scan(expression: str) -> Scan:
    """Take an expression apart. ``fault`` is a sentence when it cannot be a sound one."""
    paths: list[tuple[str, ...]] = []
    functions: list[str] = []
    reserved: list[str] = []
    fences: list[str] = []
    fault: str | None = None
    position = 0
    while position < len(expression):
        token = _TOKEN.match(expression, position)
        if token is None:
            break
        position = token.end()
        if token["path"] is not None:
            parts, position = _whole_path(expression, token)
            if expression[position:].lstrip().startswith("("):
                functions.append(".".join(parts))
            elif len(parts) == 1 and token["plain_first"] in RESERVED:
                reserved.append(parts[0])
            else:
                paths.append(parts)
        elif token["open"]:
            fences.append(_CLOSING[token["open"]])
        elif token["close"] and (not fences or fences.pop() != token["close"]):
            fault = fault or say("There is a “{token}” too many.", token=token["close"])
        elif token["other"] in ('"', "'"):
            fault = fault or say("A text in quotes does not end.")
        elif token["other"] == "$":
            fault = fault or say("A name in ${…} does not end.")
    if fences and fault is None:
        fault = say("A “{fences}” is missing.", fences=fences[-1])
    return Scan(tuple(paths), tuple(functions), tuple(reserved), fault)


def _whole_path(expression: str, token: re.Match[str]) -> tuple[tuple[str, ...], int]:
    """The dotted path that starts with the token, and where it ends."""
    parts = [_part(token["wrapped_first"], token["plain_first"])]
    position = token.end()
    while (following := _NEXT_PART.match(expression, position)) is not None:
        parts.append(_part(following["wrapped_next"], following["plain_next"]))
        position = following.end()
    return tuple(parts), position


def _part(wrapped: str | None, plain: str | None) -> str:
    return re.sub(r"\\(.)", r"\1", wrapped if wrapped is not None else plain or "")
