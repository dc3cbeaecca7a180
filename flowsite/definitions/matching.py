"""Suggestions: which column probably fills which field, how sure we are, and why.

Three kinds of evidence, strongest first: the same name; a phrase that XDM has a standard field for
(``vocabulary``); words in common, rare words counting more. Types lower the confidence. Each column
and each field is used once, the surest pair first; what a schema requires (``_id``, ``timestamp``)
may share its column with another field.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from flowsite.definitions.columns import Column
from flowsite.definitions.model import MappingRow
from flowsite.definitions.naming import words_of
from flowsite.definitions.type_fit import fit
from flowsite.definitions.vocabulary import FILLERS, STANDARD_FIELDS, spelled_out
from flowsite.definitions.xdm import TargetField, key_columns, time_columns

ACCEPT_ALL: Final = 0.8
"""Confidence from which suggestions are accepted together."""
WORTH_SHOWING: Final = 0.5

_SAME_NAME: Final = 0.98
_SAME_WORDS: Final = 0.93
_STANDARD: Final = 0.95
_STANDARD_WITHOUT_OWNER: Final = 0.88
_SOME_WORDS: Final = 0.85
_REQUIRED: Final = 0.85
_SECOND_PLACE: Final = 0.75
"""Factor for a pair that another field would suit as well."""
_OWNERS: Final = frozenset(
    {"customer", "user", "contact", "client", "person", "buyer", "payer", "member", "primary"}
    | {"billing", "home", "main", "guest", "subscriber", "lead", "cust", "shipping", "default"}
)
"""First words that say whose value it is; without them the phrase may be known."""
_VAGUE: Final = frozenset(
    {"id", "name", "type", "status", "code", "number", "date", "description", "title", "key"}
    | {"time", "state", "amount", "count", "address", "value", "label", "url", "source", "version"}
)
"""Words that mean little unless their field stands directly under the tenant or at the top."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``source`` is a column's name, ``target`` a field's path, ``confidence`` lies in 0..1."""

    source: str
    target: str
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Field:
    field: TargetField
    suffixes: tuple[tuple[str, ...], ...]
    """The words of the leaf, of its parent and itself, and so on to the whole path."""
    near_top: bool


def suggest(columns: Sequence[Column], fields: Sequence[TargetField]) -> list[Suggestion]:
    """At most one suggestion for each field, in the order of the columns."""
    index = _Index([field for field in fields if field.type not in ("array", "map", "object")])
    scored: list[tuple[float, int, int, Suggestion]] = []
    for position, column in enumerate(columns):
        for found in _candidates(column, index):
            scored.append((-found.confidence, position, index.order[found.target], found))
    scored.sort(key=lambda item: item[:3])
    chosen: dict[str, Suggestion] = {}
    used: set[str] = set()
    for _, _, _, found in scored:
        if found.source not in used and found.target not in chosen:
            chosen[found.target] = found
            used.add(found.source)
    _fill_required(chosen, columns, fields)
    order = {column.name: position for position, column in enumerate(columns)}
    return sorted(chosen.values(), key=lambda found: order[found.source])


def accepted(
    suggestions: Iterable[Suggestion], threshold: float = ACCEPT_ALL
) -> tuple[MappingRow, ...]:
    """The rows of the suggestions that are sure enough."""
    return tuple(
        MappingRow(source=found.source, target=found.target)
        for found in suggestions
        if found.confidence >= threshold
    )


class _Index:
    """Fields by their words, so that a column is compared with its likes only."""

    def __init__(self, fields: Sequence[TargetField]) -> None:
        self.order = {field.path: number for number, field in enumerate(fields)}
        self.by_path: dict[str, _Field] = {}
        self.by_word: defaultdict[str, list[_Field]] = defaultdict(list)
        self.by_squash: defaultdict[str, list[_Field]] = defaultdict(list)
        frequency: Counter[str] = Counter()
        for field in fields:
            known = _Field(field, _suffixes(field.path), field.path.count(".") <= 1)
            self.by_path[field.path] = known
            words = set(known.suffixes[-1])
            frequency.update(words)
            for word in words:
                self.by_word[word].append(known)
            for squash in {"".join(suffix) for suffix in known.suffixes}:
                self.by_squash[squash].append(known)
        total = len(fields) + 1
        self.weight = {word: math.log(1 + total / count) for word, count in frequency.items()}
        self.rare = math.log(1 + total)

    def weigh(self, words: Iterable[str]) -> float:
        return sum(self.weight.get(word, self.rare) for word in words)


def _suffixes(path: str) -> tuple[tuple[str, ...], ...]:
    parts = [_meaning(words_of(part)) for part in path.split(".") if part]
    if path.startswith("_") and len(parts) > 1 and parts[0] not in (("repo",), ("experience",)):
        parts = parts[1:]
    found = []
    for start in range(len(parts) - 1, -1, -1):
        found.append(tuple(word for part in parts[start:] for word in part))
    return tuple(found) or ((),)


def _meaning(words: Sequence[str]) -> tuple[str, ...]:
    kept = tuple(word for word in spelled_out(words) if word not in FILLERS)
    return kept or tuple(words)


def _candidates(column: Column, index: _Index) -> list[Suggestion]:
    best: dict[str, tuple[float, str]] = {}

    def offer(path: str, confidence: float, reason: str) -> None:
        if confidence > best.get(path, (0.0, ""))[0]:
            best[path] = (confidence, reason)

    words = spelled_out(words_of(column.name))
    for path, confidence, reason in _standard(words, index):
        offer(path, confidence, reason)
    for path, confidence, reason in _by_name(column, index):
        offer(path, confidence, reason)
    found = []
    for path, (confidence, reason) in best.items():
        factor = fit(column.xdm_type, index.by_path[path].field.type)
        if confidence * factor >= WORTH_SHOWING:
            found.append(Suggestion(column.name, path, round(confidence * factor, 3), reason))
    return found


def _standard(words: Sequence[str], index: _Index) -> list[tuple[str, float, str]]:
    """Standard XDM fields that the column's words, or those after an owner's name, stand for."""
    found = []
    phrase = " ".join(words)
    for path in _PHRASES.get(phrase, ()):
        if path in index.by_path:
            found.append((path, _STANDARD, f"“{phrase}” has a standard field"))
    if not found and len(words) > 1 and words[0] in _OWNERS:
        shorter = " ".join(words[1:])
        for path in _PHRASES.get(shorter, ()):
            if path in index.by_path:
                found.append((path, _STANDARD_WITHOUT_OWNER, f"“{shorter}” has a standard field"))
    return found[:1]


def _by_name(column: Column, index: _Index) -> list[tuple[str, float, str]]:
    raw = words_of(column.name)
    words = _meaning(raw)
    if not words:
        return []
    found = _same_names(raw, words, index)
    if found:
        return found
    candidates = {
        known.field.path: known for word in set(words) for known in index.by_word.get(word, ())
    }
    scored = [(_likeness(words, known, index), known) for known in candidates.values()]
    top = max((score for score, _ in scored), default=0.0)
    rivals = sum(1 for score, _ in scored if score > 0.97 * top)
    result = []
    for score, known in scored:
        if score * (_SECOND_PLACE if rivals > 1 else 1) >= WORTH_SHOWING:
            shared = " ".join(word for word in words if word in known.suffixes[-1])
            confidence = score * (_SECOND_PLACE if rivals > 1 else 1)
            result.append((known.field.path, confidence, f"words in common: {shared}"))
    return result


def _same_names(
    raw: Sequence[str], words: Sequence[str], index: _Index
) -> list[tuple[str, float, str]]:
    """Fields whose leaf, or whose leaf with its parents, has the column's very name or words."""
    for squash, confidence, reason in (
        ("".join(raw), _SAME_NAME, "the same name"),
        ("".join(words), _SAME_WORDS, "the same words"),
    ):
        matches = index.by_squash.get(squash, [])
        if not matches:
            continue
        best = min(matches, key=lambda known: _distance(known, squash))
        nearest = _distance(best, squash)
        rivals = [known for known in matches if _distance(known, squash) == nearest]
        if len(rivals) > 1:
            confidence *= _SECOND_PLACE
        vague = len(words) == 1 and words[0] in _VAGUE and not best.near_top
        confidence *= 0.6 if vague else 1
        return [(known.field.path, confidence, reason) for known in rivals]
    return []


def _distance(known: _Field, squash: str) -> int:
    """How much of the field's path the name leaves out; 0 when it is the whole path."""
    for left_out, suffix in enumerate(reversed(known.suffixes)):
        if "".join(suffix) == squash:
            return left_out
    return len(known.suffixes)


def _likeness(words: Sequence[str], known: _Field, index: _Index) -> float:
    """Dice's coefficient over words, weighted by their rarity, with the best part of the path."""
    own = set(words)
    weight = index.weigh(own)
    best = 0.0
    for suffix in known.suffixes:
        theirs = set(suffix)
        shared = index.weigh(own & theirs)
        total = weight + index.weigh(theirs)
        best = max(best, 2 * shared / total if total else 0.0)
    return best * _SOME_WORDS


def _fill_required(
    chosen: dict[str, Suggestion], columns: Sequence[Column], fields: Sequence[TargetField]
) -> None:
    """The key column for ``_id``, the creation date for ``timestamp``, where undisputed."""
    paths = {field.path for field in fields if field.required}
    for target, found, what in (
        ("_id", key_columns(columns, ""), "the only key column"),
        ("timestamp", time_columns(columns, None), "the creation date"),
    ):
        if target in paths and target not in chosen and len(found) == 1:
            chosen[target] = Suggestion(found[0], target, _REQUIRED, what)


def _phrases() -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path, phrases in STANDARD_FIELDS.items():
        for phrase in phrases:
            found[phrase].append(path)
    return dict(found)


_PHRASES: Final = _phrases()
