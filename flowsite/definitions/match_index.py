"""The fields of a schema by their words, so that a column is compared with its likes only."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from flowsite.definitions.naming import words_of
from flowsite.definitions.vocabulary import FILLERS, PLACE_PARTS, PLAIN_WORDS, spelled_out
from flowsite.definitions.xdm import TargetField

_SHORTEST_ABBREVIATION: Final = 3
_LONGEST_ABBREVIATION: Final = 5
_STANDARD_ROOTS: Final = (("repo",), ("experience",))
_NEAR_TOP: Final = 2
"""Parts of a path, not counting the tenant, up to which a vague leaf still means something."""
_TAILS: Final = frozenset(
    {"amount", "id", "code", "flag", "number", "date", "time", "value", "type"}
)
_HEADS: Final = frozenset({"is", "has"})


@dataclass(frozen=True, slots=True)
class IndexedField:
    """``suffixes``: the words of the leaf, of its parent and itself, and so on to the top."""

    field: TargetField
    suffixes: tuple[tuple[str, ...], ...]
    near_top: bool


class FieldIndex:
    """Several ways to find fields: by word, by all their letters, by the core of their name."""

    def __init__(self, fields: Sequence[TargetField]) -> None:
        self.order = {field.path: number for number, field in enumerate(fields)}
        self.by_path: dict[str, IndexedField] = {}
        self.by_place: dict[str, str] = {}
        self.by_word: defaultdict[str, list[IndexedField]] = defaultdict(list)
        self.by_letters: defaultdict[str, list[IndexedField]] = defaultdict(list)
        self.by_core: defaultdict[tuple[str, ...], list[IndexedField]] = defaultdict(list)
        self._meant: dict[str, str] = {}
        frequency: Counter[str] = Counter()
        for field in fields:
            frequency.update(self._add(field))
        total = len(fields) + 1
        self._weight = {word: math.log(1 + total / count) for word, count in frequency.items()}
        self._rare = math.log(1 + total)

    def _add(self, field: TargetField) -> set[str]:
        suffixes = _suffixes(field.path)
        known = IndexedField(field, suffixes, near_top=len(suffixes) <= _NEAR_TOP)
        self.by_path[field.path] = known
        for phrase in _place_phrases(field.path):
            self.by_place.setdefault(phrase, field.path)
        words = set(known.suffixes[-1])
        for word in words:
            self.by_word[word].append(known)
        for letters in {"".join(suffix) for suffix in known.suffixes}:
            self.by_letters[letters].append(known)
        self.by_core[core(known.suffixes[0])].append(known)
        return words

    def meant(self, word: str) -> str:
        """The field's word that an unknown word abbreviates (``brnd``: brand), if only one does."""
        short = _SHORTEST_ABBREVIATION <= len(word) <= _LONGEST_ABBREVIATION
        if word in self.by_word or word in PLAIN_WORDS or not short:
            return word
        if word not in self._meant:
            likely = [one for one in self.by_word if _abbreviates(word, one)]
            self._meant[word] = likely[0] if len(likely) == 1 else word
        return self._meant[word]

    def weigh(self, words: Iterable[str]) -> float:
        """The sum of the words' rarity among the fields."""
        return sum(self._weight.get(word, self._rare) for word in words)


def meaning(words: Sequence[str]) -> tuple[str, ...]:
    """The words spelled out, without those that say nothing."""
    kept = tuple(word for word in spelled_out(words) if word not in FILLERS)
    return kept or tuple(words)


def core(words: Sequence[str]) -> tuple[str, ...]:
    """A name without what only says its kind: ``taxAmount`` is ``tax``, ``isGift`` is ``gift``."""
    found = tuple(words)
    if len(found) > 1 and found[0] in _HEADS:
        found = found[1:]
    if len(found) > 1 and found[-1] in _TAILS:
        found = found[:-1]
    return found


def _suffixes(path: str) -> tuple[tuple[str, ...], ...]:
    parts = [meaning(words_of(part)) for part in path.split(".") if part]
    if path.startswith("_") and len(parts) > 1 and parts[0] not in _STANDARD_ROOTS:
        parts = parts[1:]
    found = []
    for start in range(len(parts) - 1, -1, -1):
        found.append(tuple(word for part in parts[start:] for word in part))
    return tuple(found) or ((),)


def _place_phrases(path: str) -> list[str]:
    """What people call a part of an address: ``billing city`` for ``billingAddress.city``."""
    *_, parent, leaf = ("", *path.split("."))
    if not parent.endswith("Address"):
        return []
    owner = " ".join(words_of(parent.removesuffix("Address")))
    parts = PLACE_PARTS.get(leaf, ())
    return [f"{owner}{address} {part}" for part in parts for address in ("", " address")]


def _abbreviates(short: str, word: str) -> bool:
    """Whether all letters of ``short`` occur in ``word`` in order, from its first letter on."""
    if len(word) <= len(short) or word[0] != short[0]:
        return False
    letters = iter(word)
    return all(letter in letters for letter in short)
