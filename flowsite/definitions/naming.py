"""Names taken apart into words and put together again.

``Product_Id``, ``productID`` and ``product id`` have the same words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

MAX_FIELD_NAME: Final = 100
_WORDS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_FOLDED: Final = str.maketrans(
    {"ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "ß": "ss", "ł": "l", "Ł": "L", "đ": "d", "þ": "th"}
)


def words_of(name: str) -> list[str]:
    """The words of a name in lower-case ASCII; letters without an ASCII likeness are lost."""
    folded = unicodedata.normalize("NFKD", name.translate(_FOLDED))
    plain = folded.encode("ascii", "ignore").decode("ascii")
    return [word.lower() for word in _WORDS.findall(plain)]


def camel_case(words: Sequence[str]) -> str:
    """``["product", "id"]`` becomes ``productId``; without a leading letter it gets ``field``."""
    if not words:
        return "field"
    joined = words[0] + "".join(word.capitalize() for word in words[1:])
    return (joined if joined[0].isalpha() else f"field{joined}")[:MAX_FIELD_NAME]


def readable(words: Sequence[str]) -> str:
    """``["product", "id"]`` becomes ``Product id``."""
    return " ".join(words).capitalize() or "Field"


def numbered(names: Iterable[str]) -> list[str]:
    """The names in order, each clash numbered from 2; compared without case."""
    taken: set[str] = set()
    result = []
    for name in names:
        unique, count = name, 1
        while unique.lower() in taken:
            count += 1
            unique = f"{name}{count}"
        taken.add(unique.lower())
        result.append(unique)
    return result


def singular(word: str) -> str:
    """A rough English singular, enough to recognise ``products`` behind ``Product_Id``."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        return word[:-1]
    return word
