"""Findings about a definition, and the errors of this room.

::

    DefinitionError            a document that cannot be used; str() is a sentence for people
    └── IncompleteDefinition   it can be read, but rules are broken; ``problems`` lists them
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from flowsite.saying import say

StepName = Literal["account", "data", "dataset", "mapping", "schedule", "review"]
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: ``step`` and ``field`` (the key in the document) say where it is mended.

    ``code`` is AEP's own (``FLOW-1362``) where the rule is AEP's and has a number, else a slug of
    ours. Errors block a submission, warnings ask.
    """

    code: str
    step: StepName
    field: str
    message: str
    severity: Severity = "error"

    @property
    def blocks(self) -> bool:
        return self.severity == "error"


class DefinitionError(Exception):
    """A document that cannot be used. ``problems`` may say more than the sentence."""

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.problems: tuple[Problem, ...] = tuple(problems)


class IncompleteDefinition(DefinitionError):
    """The document breaks rules; raised by ``complete()`` and by the planner."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        lines = [f"{problem.field}: {problem.message}" for problem in problems]
        super().__init__("\n".join(lines) or say("The definition is incomplete."), problems)


def errors_of(problems: Iterable[Problem]) -> list[Problem]:
    """Those that block."""
    return [problem for problem in problems if problem.blocks]


def nearest(word: str, known: Iterable[str], *, limit: int = 5) -> list[str]:
    """The most similar known words, best first; compared without case."""
    return list(_nearest(word, tuple(known), limit))


@lru_cache(maxsize=256)  # a page asks again at every save; among 400 words it takes 10 ms
def _nearest(word: str, known: tuple[str, ...], limit: int) -> tuple[str, ...]:
    by_lower: dict[str, str] = {}
    for candidate in known:
        by_lower.setdefault(candidate.lower(), candidate)
    found = difflib.get_close_matches(word.lower(), list(by_lower), n=limit, cutoff=0.5)
    return tuple(by_lower[match] for match in found)


def listed(words: Iterable[str], *, limit: int = 10) -> str:
    """``a, b, c and 12 more``: words for a message, never an endless one."""
    every = list(words)
    shown = ", ".join(every[:limit])
    rest = len(every) - limit
    return f"{shown} and {rest} more" if rest > 0 else shown
