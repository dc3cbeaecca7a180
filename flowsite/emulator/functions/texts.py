"""Functions of texts and addresses."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from flowsite.emulator.functions.values import (
    MANY,
    EvaluationError,
    Function,
    kept_short,
    on_text,
    text,
    whole,
)

_T, _U = "String", "URL"
_MAX_PATTERN = 200


def _concat(*parts: Any) -> str:
    return kept_short("".join(text(part) for part in parts))


def _substr(value: Any, start: Any, length: Any = None) -> Any:
    if value is None:
        return None
    begin = whole(start)
    if begin < 0:
        raise EvaluationError("substr starts at 0 or later.")
    end = None if length is None else begin + max(0, whole(length))
    return text(value)[begin:end]


def _replace(value: Any, old: Any, new: Any) -> Any:
    return None if value is None else kept_short(text(value).replace(text(old), text(new)))


def _split(value: Any, separator: Any = ",") -> Any:
    return None if value is None else text(value).split(text(separator) or ",")


def _join(separator: Any, *parts: Any) -> str:
    values = parts[0] if len(parts) == 1 and isinstance(parts[0], list) else parts
    return text(separator).join(text(value) for value in values)


def _padding(value: str, length: Any, fill: Any) -> str:
    wanted = whole(length)
    return ((text(fill) or " ") * wanted)[: max(0, wanted - len(value))]


def _lpad(value: Any, length: Any, fill: Any = " ") -> str:
    return _padding(text(value), length, fill) + text(value)


def _rpad(value: Any, length: Any, fill: Any = " ") -> str:
    return text(value) + _padding(text(value), length, fill)


def _left(value: Any, count: Any) -> str:
    return text(value)[: max(0, whole(count))]


def _right(value: Any, count: Any) -> str:
    return text(value)[-whole(count) :] if whole(count) > 0 else ""


def _pattern(value: Any) -> re.Pattern[str]:
    """Short patterns without nested repeats: others could run for ever."""
    plain = text(value)
    if len(plain) > _MAX_PATTERN or re.search(r"[+*}]\)?[+*{]", plain):
        raise EvaluationError("The pattern is too long or too deep.")
    try:
        return re.compile(plain)
    except (re.error, OverflowError, RecursionError) as error:
        raise EvaluationError(f"The pattern isn't a regular expression: {error}") from error


def _matches(value: Any, pattern: Any) -> bool:
    return _pattern(pattern).fullmatch(text(value)) is not None


def _extract(value: Any, pattern: Any) -> list[str]:
    return [found.group() for found in _pattern(pattern).finditer(text(value))]


def _instr(value: Any, part: Any) -> int:
    return text(value).find(text(part))


def _contains(value: Any, part: Any) -> bool:
    return text(part) in text(value)


def _starts_with(value: Any, start: Any) -> bool:
    return text(value).startswith(text(start))


def _ends_with(value: Any, end: Any) -> bool:
    return text(value).endswith(text(end))


def _equals(one: Any, two: Any) -> bool:
    return text(one) == text(two)


def _equals_ignore_case(one: Any, two: Any) -> bool:
    return text(one).lower() == text(two).lower()


def _length(value: Any) -> int:
    return len(text(value))


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


def _path(address: str) -> str:
    return urlsplit(address).path


def _protocol(address: str) -> str:
    return urlsplit(address).scheme


def _encoded(value: str) -> str:
    return quote(value, safe="")


FUNCTIONS = (
    Function(_T, "concat(a, b, ...)", "String", "Joins texts.", _concat, 1, MANY),
    Function(_T, "upper(text)", "String", "Capital letters.", on_text(str.upper)),
    Function(_T, "ucase(text)", "String", "Capital letters.", on_text(str.upper)),
    Function(_T, "lower(text)", "String", "Small letters.", on_text(str.lower)),
    Function(_T, "lcase(text)", "String", "Small letters.", on_text(str.lower)),
    Function(_T, "trim(text)", "String", "Without blanks at both ends.", on_text(str.strip)),
    Function(_T, "ltrim(text)", "String", "Without blanks at the start.", on_text(str.lstrip)),
    Function(_T, "rtrim(text)", "String", "Without blanks at the end.", on_text(str.rstrip)),
    Function(_T, "substr(text, start, length)", "String", "A part, counted from 0.", _substr, 2, 3),
    Function(_T, "replace(text, old, new)", "String", "Replaces every one.", _replace, 3, 3),
    Function(_T, "split(text, separator)", "Array", "Cuts a text into a list.", _split, 1, 2),
    Function(_T, "join(separator, list)", "String", "Joins a list.", _join, 2, MANY),
    Function(_T, "instr(text, part)", "Integer", "Position from 0, or -1.", _instr, 2, 2),
    Function(_T, "contains(text, part)", "Boolean", "Whether it is in there.", _contains, 2, 2),
    Function(_T, "starts_with(text, start)", "Boolean", "Starts so.", _starts_with, 2, 2),
    Function(_T, "ends_with(text, end)", "Boolean", "Ends so.", _ends_with, 2, 2),
    Function(_T, "length(text)", "Integer", "Number of characters.", _length),
    Function(_T, "lpad(text, length, fill)", "String", "Fills up the start.", _lpad, 2, 3),
    Function(_T, "rpad(text, length, fill)", "String", "Fills up the end.", _rpad, 2, 3),
    Function(_T, "left(text, count)", "String", "The first characters.", _left, 2, 2),
    Function(_T, "right(text, count)", "String", "The last characters.", _right, 2, 2),
    Function(_T, "equals(a, b)", "Boolean", "The same text.", _equals, 2, 2),
    Function(_T, "equalsIgnoreCase(a, b)", "Boolean", "In any case.", _equals_ignore_case, 2, 2),
    Function(_T, "matches_regex(text, pattern)", "Boolean", "Matches as a whole.", _matches, 2, 2),
    Function(_T, "extract_regex(text, pattern)", "Array", "What matches.", _extract, 2, 2),
    Function(_U, "get_url_host(url)", "String", "The host.", on_text(_host)),
    Function(_U, "get_url_path(url)", "String", "The path.", on_text(_path)),
    Function(_U, "get_url_protocol(url)", "String", "The scheme.", on_text(_protocol)),
    Function(_U, "get_url_encoded(text)", "String", "Percent-encoded.", on_text(_encoded)),
    Function(_U, "get_url_decoded(text)", "String", "Decoded.", on_text(unquote)),
)
