"""How well values of one XDM type fill a field of another."""

from __future__ import annotations

from typing import Final

from flowsite.definitions.columns import XdmType
from flowsite.saying import say

_NUMBERS: Final = frozenset({"integer", "number"})
_DATES: Final = frozenset({"date", "date-time"})
_NESTED: Final = frozenset({"array", "map", "object"})


def misfit(source: XdmType, target: XdmType) -> str | None:
    """What may go wrong, in words; None when the values fit."""
    if source == target or (source in _DATES and target in _DATES):
        return None
    if source in _NESTED or target in _NESTED:
        return say("the shapes differ; use an expression.")
    if target == "string" or (source, target) == ("integer", "number"):
        return None
    if target in _DATES:
        if source == "string":
            return say("only common date formats are read; else use date(…).")
        return say("the value is not a date; use an expression.")
    if source in _NUMBERS and target in _NUMBERS:
        return say("fractions are lost.")
    return say("values that do not fit become empty.")


def fit(source: XdmType, target: XdmType) -> float:
    """The same as a factor for the confidence of a suggestion."""
    if misfit(source, target) is None:
        return 1.0
    if source in _NESTED or target in _NESTED:
        return 0.3
    return 0.95 if source == "string" or {source, target} <= _NUMBERS else 0.7
