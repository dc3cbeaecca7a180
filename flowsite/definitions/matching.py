"""Suggestions: which column probably fills which field, how sure we are, and why.

Kinds of evidence, strongest first: the same name; a phrase that XDM has a standard field for
(``vocabulary``); the same name but for a word like ``amount`` or ``id``; words in common, rare
words counting more. Types lower the confidence. Each column and each field is used once, the surest
pair first; what a schema requires (``_id``, ``timestamp``) may share its column with another field.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from flowsite.definitions.columns import Column
from flowsite.definitions.match_index import FieldIndex, IndexedField, core, meaning
from flowsite.definitions.model import MappingRow
from flowsite.definitions.naming import words_of
from flowsite.definitions.type_fit import fit
from flowsite.definitions.vocabulary import STANDARD_FIELDS, spelled_out
from flowsite.definitions.xdm import SURE_KEY, SURE_TIME, TargetField, best_key, best_time
from flowsite.saying import say

ACCEPT_ALL: Final = 0.8
"""Confidence from which suggestions are accepted together."""
WORTH_SHOWING: Final = 0.5

_SAME_NAME: Final = 0.98
_SAME_WORDS: Final = 0.96
_STANDARD: Final = 0.95
_STANDARD_WITHOUT_OWNER: Final = 0.88
_SAME_CORE: Final = 0.86
_SOME_WORDS: Final = 0.85
_REQUIRED: Final = 0.85
_REQUIRED_PERHAPS: Final = 0.7
_SECOND_PLACE: Final = 0.75
"""Factor for a pair that another field would suit as well."""
_PART_OF_NAME: Final = 0.97
"""Factor when only the last parts of the column's name were used."""
_SHARED_BY: Final = 0.8
"""A first word that so many columns share belongs to the table, not to the column."""
_FEWEST_TO_SHARE: Final = 4
_LONGEST_READING: Final = 3
_OWNERS: Final = frozenset(
    {"customer", "user", "contact", "client", "person", "buyer", "payer", "member", "primary"}
    | {"billing", "home", "main", "guest", "subscriber", "lead", "shipping", "default"}
)
"""First words that say whose value it is; without them the phrase may be known."""
_VAGUE: Final = frozenset(
    {"id", "name", "type", "status", "code", "number", "date", "description", "title", "key"}
    | {"time", "state", "amount", "count", "address", "value", "label", "url", "source", "version"}
)
"""Words that mean little unless their field stands directly under the tenant or at the top."""

_Offer = tuple[str, float, str]
"""A field's path, the confidence and the reason."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``source`` is a column's name, ``target`` a field's path, ``confidence`` lies in 0..1."""

    source: str
    target: str
    confidence: float
    reason: str


def suggest(
    columns: Sequence[Column], fields: Sequence[TargetField], *, object_name: str = ""
) -> list[Suggestion]:
    """At most one suggestion for each field, in the order of the columns.

    ``object_name`` (the table) helps to tell its own key from foreign ones.
    """
    index = FieldIndex([field for field in fields if field.type not in ("array", "map", "object")])
    shared = _shared_word(columns)
    scored = [
        (-found.confidence, position, index.order[found.target], found)
        for position, column in enumerate(columns)
        for found in _candidates(column, shared, index)
    ]
    scored.sort(key=lambda item: item[:3])
    chosen: dict[str, Suggestion] = {}
    used: set[str] = set()
    for *_, found in scored:
        if found.source not in used and found.target not in chosen:
            chosen[found.target] = found
            used.add(found.source)
    _fill_required(chosen, columns, fields, object_name)
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


def _candidates(column: Column, shared: str | None, index: FieldIndex) -> Iterator[Suggestion]:
    best: dict[str, tuple[float, str]] = {}
    for words, factor in _readings(column, shared):
        for path, confidence, reason in (*_standard(words, index), *_by_name(words, index)):
            if confidence * factor > best.get(path, (0.0, ""))[0]:
                best[path] = (confidence * factor, reason)
    for path, (confidence, reason) in best.items():
        sure = confidence * fit(column.xdm_type, index.by_path[path].field.type)
        if sure >= WORTH_SHOWING:
            yield Suggestion(column.name, path, round(sure, 3), reason)


def _shared_word(columns: Sequence[Column]) -> str | None:
    """A first word that nearly all columns have: ``data.…`` of a resource, ``contact_…``."""
    if len(columns) < _FEWEST_TO_SHARE:
        return None
    firsts = Counter(words[0] for words in map(_words, columns) if len(words) > 1)
    word, count = max(firsts.items(), key=lambda item: item[1], default=("", 0))
    return word if count >= _SHARED_BY * len(columns) else None


def _words(column: Column) -> list[str]:
    return words_of(" ".join(column.path) or column.name)


def _readings(column: Column, shared: str | None) -> Iterator[tuple[list[str], float]]:
    """The column's words: all, without the word that the table shares, and of its last parts."""
    words = _words(column)
    yield words, 1.0
    nested = len(column.path) > 1
    if len(words) > 1 and words[0] == shared and (nested or not _vague(words[1:])):
        yield words[1:], 1.0
    for count in range(1, min(len(column.path) - 1, _LONGEST_READING) + 1):
        part = words_of(" ".join(column.path[-count:]))
        if part and not _vague(part):
            yield part, _PART_OF_NAME


def _vague(words: Sequence[str]) -> bool:
    return len(words) == 1 and words[0] in _VAGUE


def _standard(words: Sequence[str], index: FieldIndex) -> list[_Offer]:
    """Standard XDM fields that the words, or those after an owner's name, stand for."""
    phrase = " ".join(spelled_out(words))
    place = index.by_place.get(phrase)
    if place is not None:
        return [(place, _STANDARD, say("“{phrase}” has a standard field", phrase=phrase))]
    found = _phrase(phrase, _STANDARD, index)
    first, _, shorter = phrase.partition(" ")
    if not found and first in _OWNERS and shorter not in ("", "id"):
        found = _phrase(shorter, _STANDARD_WITHOUT_OWNER, index)
    return found


def _phrase(phrase: str, confidence: float, index: FieldIndex) -> list[_Offer]:
    for path in _PHRASES.get(phrase.replace(" ", ""), ()):
        if path in index.by_path:
            return [(path, confidence, say("“{phrase}” has a standard field", phrase=phrase))]
    return []


def _by_name(raw: Sequence[str], index: FieldIndex) -> list[_Offer]:
    words = tuple(index.meant(word) for word in meaning(raw))
    if not words:
        return []
    return (
        _same_letters("".join(raw), words, _SAME_NAME, say("the same name"), index)
        or _same_letters("".join(words), words, _SAME_WORDS, say("the same words"), index)
        or _same_core(words, index)
        or _words_in_common(words, index)
    )


def _same_letters(
    letters: str, words: Sequence[str], confidence: float, reason: str, index: FieldIndex
) -> list[_Offer]:
    """Fields whose leaf, or whose leaf with its parents, is spelled like the column."""
    matches = index.by_letters.get(letters, [])
    if not matches:
        return []
    nearest = min(_left_out(known, letters) for known in matches)
    rivals = [known for known in matches if _left_out(known, letters) == nearest]
    if len(rivals) > 1:
        confidence *= _SECOND_PLACE
    if _vague(words) and not rivals[0].near_top:
        confidence *= 0.6
    return [(known.field.path, confidence, reason) for known in rivals]


def _left_out(known: IndexedField, letters: str) -> int:
    """How many parents of the field the column's name leaves out."""
    for left_out, suffix in enumerate(reversed(known.suffixes)):
        if "".join(suffix) == letters:
            return left_out
    return len(known.suffixes)


def _same_core(words: Sequence[str], index: FieldIndex) -> list[_Offer]:
    """Fields that are called the same but for a word like ``amount``, ``id`` or ``is``."""
    name = core(words)
    rivals = index.by_core.get(name, [])
    if not rivals or _vague(name):
        return []
    confidence = _SAME_CORE * (_SECOND_PLACE if len(rivals) > 1 else 1)
    reason = say("both are about {names}", names=" ".join(name))
    return [(known.field.path, confidence, reason) for known in rivals]


def _words_in_common(words: Sequence[str], index: FieldIndex) -> list[_Offer]:
    near = {known.field.path: known for word in set(words) for known in index.by_word.get(word, ())}
    scored = [(_likeness(words, known, index), known) for known in near.values()]
    top = max((score for score, _ in scored), default=0.0)
    rivals = sum(1 for score, _ in scored if score > 0.97 * top)
    factor = _SECOND_PLACE if rivals > 1 else 1.0
    offers = []
    for score, known in scored:
        if score * factor >= WORTH_SHOWING:
            common = " ".join(word for word in words if word in known.suffixes[-1])
            offers.append(
                (known.field.path, score * factor, say("words in common: {common}", common=common))
            )
    return offers


def _likeness(words: Sequence[str], known: IndexedField, index: FieldIndex) -> float:
    """Dice's coefficient over words, weighted by their rarity, with the best part of the path."""
    own = set(words)
    weight = index.weigh(own)
    best = 0.0
    for suffix in known.suffixes:
        theirs = set(suffix)
        total = weight + index.weigh(theirs)
        best = max(best, 2 * index.weigh(own & theirs) / total if total else 0.0)
    return best * _SOME_WORDS


def _fill_required(
    chosen: dict[str, Suggestion],
    columns: Sequence[Column],
    fields: Sequence[TargetField],
    object_name: str,
) -> None:
    """The key column for ``_id``, the creation date for ``timestamp``, where undisputed."""
    required = {field.path for field in fields if field.required}
    for target, (rank, found), sure, what in (
        ("_id", best_key(columns, object_name), SURE_KEY, say("the key column")),
        ("timestamp", best_time(columns), SURE_TIME, say("the date of the record")),
    ):
        confidence = _REQUIRED if rank >= sure else _REQUIRED_PERHAPS
        rival = chosen.get(target)
        beaten = rival is None or rival.confidence < confidence
        if target in required and beaten and len(found) == 1:
            chosen[target] = Suggestion(found[0], target, confidence, what)


def _phrases() -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path, phrases in STANDARD_FIELDS.items():
        for phrase in phrases:
            found["".join(spelled_out(phrase.split()))].append(path)
    return dict(found)


_PHRASES: Final = _phrases()
"""Standard fields by phrase, without blanks: ``createdate`` is as good as ``create_date``."""
