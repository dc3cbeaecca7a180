"""The functions and operators that calculated fields may use.

A subset of Data Prep's, under Data Prep's names. Everything else is refused by name, so that
nobody believes a mapping works because the emulator kept quiet.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from flowsite.emulator.dates import format_with, from_epoch_ms, iso, parse_date, parse_with

MAX_TEXT = 100_000
MAX_NUMBER = 1e300


class EvaluationError(ValueError):
    """The expression can't be evaluated for this row."""


@dataclass(frozen=True)
class Function:
    name: str
    category: str
    syntax: str
    returns: str
    description: str
    call: Callable[..., Any]
    least: int = 1
    most: int = 1
    lazy: bool = False

    def view(self) -> dict[str, Any]:
        return {
            "category": self.category,
            "function": self.name,
            "description": self.description,
            "syntax": self.syntax,
            "expression": self.syntax,
            "returns": self.returns,
            "examples": [],
        }


# --- Values ------------------------------------------------------------------------------------


def truth(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise EvaluationError(f"{_short(value)} is neither true nor false.")


def number(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        raise EvaluationError(f"{_short(value)} isn't a number.")
    if isinstance(value, (int, float)):
        return value
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise EvaluationError(f"{_short(value)} isn't a number.") from error
    if not found.is_finite() or abs(found.adjusted()) > 300:
        raise EvaluationError(f"{_short(value)} isn't a number.")
    return int(found) if found == found.to_integral_value() else float(found)


def text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str)
    return str(value)


def _short(value: Any) -> str:
    return repr(value)[:60]


def _moment(value: Any) -> datetime:
    found = parse_date(value)
    if found is None and isinstance(value, (int, float)) and not isinstance(value, bool):
        found = from_epoch_ms(value)
    if found is None:
        raise EvaluationError(f"{_short(value)} isn't a date.")
    return found


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise EvaluationError(f"{_short(value)} isn't a list.")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EvaluationError(f"{_short(value)} isn't an object.")
    return value


def _kept_short(value: str) -> str:
    if len(value) > MAX_TEXT:
        raise EvaluationError("The text is too long.")
    return value


def _whole(value: Any, limit: int = MAX_TEXT) -> int:
    found = int(number(value))
    if abs(found) > limit:
        raise EvaluationError(f"{_short(value)} is too large.")
    return found


# --- Operators ---------------------------------------------------------------------------------


def _arithmetic(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def calculate(left: Any, right: Any) -> Any:
        result = operate(number(left), number(right))
        if abs(result) > MAX_NUMBER or result != result:
            raise EvaluationError("The result is too large.")
        return result

    return calculate


_sum = _arithmetic(lambda left, right: left + right)


def _plus(left: Any, right: Any) -> Any:
    if isinstance(left, str) or isinstance(right, str):
        return _kept_short(text(left) + text(right))
    return _sum(left, right)


def _equal(left: Any, right: Any) -> bool:
    return bool(left == right)


def _compared(left: Any, right: Any) -> int:
    if left is None or right is None:
        raise EvaluationError("null can't be compared.")
    if isinstance(left, (int, float)) or isinstance(right, (int, float)):
        first, second = number(left), number(right)
    else:
        first, second = text(left), text(right)
    return int(first > second) - int(first < second)


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": _plus,
    "-": _arithmetic(lambda left, right: left - right),
    "*": _arithmetic(lambda left, right: left * right),
    "/": _arithmetic(lambda left, right: left / right),
    "%": _arithmetic(lambda left, right: left % right),
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": lambda left, right: _compared(left, right) < 0,
    "<=": lambda left, right: _compared(left, right) <= 0,
    ">": lambda left, right: _compared(left, right) > 0,
    ">=": lambda left, right: _compared(left, right) >= 0,
}


# --- Texts -------------------------------------------------------------------------------------


def _substr(value: Any, start: Any, length: Any = None) -> Any:
    if value is None:
        return None
    begin = _whole(start)
    if begin < 0:
        raise EvaluationError("substr starts at 0 or later.")
    end = None if length is None else begin + max(0, _whole(length))
    return text(value)[begin:end]


def _pad(value: Any, length: Any, fill: Any, *, left: bool) -> str:
    plain, wanted, sign = text(value), _whole(length), text(fill) or " "
    padding = (sign * wanted)[: max(0, wanted - len(plain))]
    return padding + plain if left else plain + padding


def _pattern(value: Any) -> re.Pattern[str]:
    """Short patterns without nested repeats: others could run for ever."""
    plain = text(value)
    if len(plain) > 200 or re.search(r"[+*}]\)?[+*{]", plain):
        raise EvaluationError("The pattern is too long or too deep.")
    try:
        return re.compile(plain)
    except (re.error, OverflowError, RecursionError) as error:
        raise EvaluationError(f"The pattern isn't a regular expression: {error}") from error


def _on_text(work: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else work(text(value))


def _join(separator: Any, *parts: Any) -> str:
    values = parts[0] if len(parts) == 1 and isinstance(parts[0], list) else parts
    return text(separator).join(text(value) for value in values)


# --- Dates -------------------------------------------------------------------------------------


def _date(value: Any, form: Any = None, default: Any = None) -> Any:
    if value is None and default is None:
        return None
    try:
        if form is None:
            return _moment(value)
        return parse_with(text(value), text(form))
    except ValueError as error:
        if default is None:
            raise EvaluationError(f"{_short(value)} isn't a date: {error}") from error
        return _moment(default)


_PARTS: dict[str, Callable[[datetime], int]] = {
    "year": lambda moment: moment.year,
    "month": lambda moment: moment.month,
    "day": lambda moment: moment.day,
    "hour": lambda moment: moment.hour,
    "minute": lambda moment: moment.minute,
    "second": lambda moment: moment.second,
    "dayofyear": lambda moment: moment.timetuple().tm_yday,
    "weekday": lambda moment: moment.isoweekday(),
    "quarter": lambda moment: (moment.month - 1) // 3 + 1,
}
_UNITS = {"day": 86_400, "hour": 3600, "minute": 60, "second": 1, "week": 604_800}


def _date_part(part: Any, value: Any) -> int:
    name = text(part).lower()
    if name not in _PARTS:
        raise EvaluationError(f"{name[:20]} is no part of a date.")
    return _PARTS[name](_moment(value))


def _unit(value: Any) -> int:
    name = text(value).lower().rstrip("s")
    if name not in _UNITS:
        raise EvaluationError(f"{name[:20]} is no unit of time.")
    return _UNITS[name]


def _date_diff(first: Any, second: Any, unit: Any = "day") -> int:
    return int((_moment(second) - _moment(first)).total_seconds() // _unit(unit))


def _add_to_date(value: Any, amount: Any, unit: Any) -> datetime:
    return _moment(value) + timedelta(seconds=_whole(amount, 10**9) * _unit(unit))


# --- Logic, lists, objects ---------------------------------------------------------------------


def _iif(condition: Any, yes: Any, no: Any) -> Any:
    return yes() if truth(condition()) else no()


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _decode(value: Any, *pairs: Any) -> Any:
    for place in range(0, len(pairs) - 1, 2):
        if _equal(value, pairs[place]):
            return pairs[place + 1]
    return pairs[-1] if len(pairs) % 2 else None


def _size(value: Any) -> int:
    if value is None:
        return 0
    return len(value) if isinstance(value, (list, dict, str)) else 1


def _to_object(*pairs: Any) -> dict[str, Any]:
    if len(pairs) % 2:
        raise EvaluationError("to_object takes keys and values in turn.")
    return {text(pairs[at]): pairs[at + 1] for at in range(0, len(pairs), 2)}


def _json_to_object(value: Any) -> Any:
    try:
        return json.loads(text(value))
    except (ValueError, RecursionError) as error:
        raise EvaluationError(f"Not JSON: {_short(value)}") from error


# --- Conversion and hashes ---------------------------------------------------------------------


def _to_integer(value: Any) -> Any:
    return None if value is None else int(number(value))


def _to_decimal(value: Any) -> Any:
    return None if value is None else float(number(value))


def _to_boolean(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    plain = text(value).strip().lower()
    if plain in ("true", "1", "yes"):
        return True
    if plain in ("false", "0", "no"):
        return False
    raise EvaluationError(f"{_short(value)} is neither true nor false.")


def _hash(name: str) -> Callable[[Any], Any]:
    return _on_text(lambda value: hashlib.new(name, value.encode()).hexdigest())


def _split(value: Any, separator: Any = ",") -> Any:
    return None if value is None else text(value).split(text(separator) or ",")


def _table() -> tuple[Function, ...]:
    many = 100
    s, d, h, a = "String", "Date", "Hierarchies - Objects", "Hierarchies - Arrays"
    lo, c, m, u = "Logical operators", "Type conversions", "Aggregation", "Special operations"
    up, low = _on_text(str.upper), _on_text(str.lower)
    return (
        Function(
            "concat",
            s,
            "concat(a, b, ...)",
            "String",
            "Joins texts.",
            lambda *parts: _kept_short("".join(text(part) for part in parts)),
            1,
            many,
        ),
        Function("upper", s, "upper(text)", "String", "Capital letters.", up),
        Function("ucase", s, "ucase(text)", "String", "Capital letters.", up),
        Function("lower", s, "lower(text)", "String", "Small letters.", low),
        Function("lcase", s, "lcase(text)", "String", "Small letters.", low),
        Function(
            "trim", s, "trim(text)", "String", "Takes blanks off both ends.", _on_text(str.strip)
        ),
        Function(
            "ltrim", s, "ltrim(text)", "String", "Takes blanks off the start.", _on_text(str.lstrip)
        ),
        Function(
            "rtrim", s, "rtrim(text)", "String", "Takes blanks off the end.", _on_text(str.rstrip)
        ),
        Function(
            "substr",
            s,
            "substr(text, start, length)",
            "String",
            "A part of a text; the start counts from 0.",
            _substr,
            2,
            3,
        ),
        Function(
            "replace",
            s,
            "replace(text, search, replacement)",
            "String",
            "Replaces every occurrence.",
            lambda value, old, new: (
                None if value is None else _kept_short(text(value).replace(text(old), text(new)))
            ),
            3,
            3,
        ),
        Function(
            "split", s, "split(text, separator)", "Array", "Cuts a text into a list.", _split, 1, 2
        ),
        Function(
            "join",
            s,
            "join(separator, list)",
            "String",
            "Joins a list into a text.",
            _join,
            2,
            many,
        ),
        Function(
            "instr",
            s,
            "instr(text, search)",
            "Integer",
            "Position from 0, or -1.",
            lambda value, part: text(value).find(text(part)),
            2,
            2,
        ),
        Function(
            "contains",
            s,
            "contains(text, search)",
            "Boolean",
            "Whether it is in there.",
            lambda value, part: text(part) in text(value),
            2,
            2,
        ),
        Function(
            "starts_with",
            s,
            "starts_with(text, start)",
            "Boolean",
            "Whether it starts so.",
            lambda value, part: text(value).startswith(text(part)),
            2,
            2,
        ),
        Function(
            "ends_with",
            s,
            "ends_with(text, end)",
            "Boolean",
            "Whether it ends so.",
            lambda value, part: text(value).endswith(text(part)),
            2,
            2,
        ),
        Function(
            "length",
            s,
            "length(text)",
            "Integer",
            "Number of characters.",
            lambda value: len(text(value)),
        ),
        Function(
            "lpad",
            s,
            "lpad(text, length, fill)",
            "String",
            "Fills up at the start.",
            lambda value, size, fill=" ": _pad(value, size, fill, left=True),
            2,
            3,
        ),
        Function(
            "rpad",
            s,
            "rpad(text, length, fill)",
            "String",
            "Fills up at the end.",
            lambda value, size, fill=" ": _pad(value, size, fill, left=False),
            2,
            3,
        ),
        Function(
            "left",
            s,
            "left(text, count)",
            "String",
            "The first characters.",
            lambda value, count: text(value)[: max(0, _whole(count))],
            2,
            2,
        ),
        Function(
            "right",
            s,
            "right(text, count)",
            "String",
            "The last characters.",
            lambda value, count: text(value)[-_whole(count) :] if _whole(count) > 0 else "",
            2,
            2,
        ),
        Function(
            "equals",
            s,
            "equals(a, b)",
            "Boolean",
            "Same text.",
            lambda one, two: text(one) == text(two),
            2,
            2,
        ),
        Function(
            "equalsIgnoreCase",
            s,
            "equalsIgnoreCase(a, b)",
            "Boolean",
            "Same text, whatever the case.",
            lambda one, two: text(one).lower() == text(two).lower(),
            2,
            2,
        ),
        Function(
            "matches_regex",
            s,
            "matches_regex(text, pattern)",
            "Boolean",
            "Whether the whole text matches.",
            lambda value, form: _pattern(form).fullmatch(text(value)) is not None,
            2,
            2,
        ),
        Function(
            "extract_regex",
            s,
            "extract_regex(text, pattern)",
            "Array",
            "The matches of a pattern.",
            lambda value, form: [found.group() for found in _pattern(form).finditer(text(value))],
            2,
            2,
        ),
        Function("now", d, "now()", "Date", "The present moment.", lambda: datetime.now(UTC), 0, 0),
        Function(
            "timestamp",
            d,
            "timestamp()",
            "Integer",
            "Milliseconds since 1970.",
            lambda: int(datetime.now(UTC).timestamp() * 1000),
            0,
            0,
        ),
        Function(
            "date",
            d,
            "date(text, format, default)",
            "Date",
            "Reads a date; the format has Java's letters.",
            _date,
            1,
            3,
        ),
        Function(
            "format",
            d,
            "format(date, format)",
            "String",
            "Writes a date.",
            lambda value, form: None if value is None else format_with(_moment(value), text(form)),
            2,
            2,
        ),
        Function(
            "dformat",
            d,
            "dformat(milliseconds, format)",
            "String",
            "Writes a time stamp.",
            lambda value, form: format_with(from_epoch_ms(number(value)), text(form)),
            2,
            2,
        ),
        Function(
            "date_part",
            d,
            "date_part(part, date)",
            "Integer",
            "Year, month, day …",
            _date_part,
            2,
            2,
        ),
        Function(
            "date_diff",
            d,
            "date_diff(from, to, unit)",
            "Integer",
            "Time between, in days.",
            _date_diff,
            2,
            3,
        ),
        Function(
            "add_to_date",
            d,
            "add_to_date(date, amount, unit)",
            "Date",
            "A later date.",
            _add_to_date,
            3,
            3,
        ),
        Function(
            "zone_date_to_utc",
            d,
            "zone_date_to_utc(date)",
            "Date",
            "The date in UTC.",
            lambda value: None if value is None else _moment(value),
        ),
        Function(
            "coalesce",
            a,
            "coalesce(a, b, ...)",
            "Any",
            "The first that isn't null.",
            _coalesce,
            1,
            many,
        ),
        Function("nvl", lo, "nvl(value, default)", "Any", "A default for null.", _coalesce, 2, 2),
        Function(
            "iif", lo, "iif(condition, yes, no)", "Any", "One of two values.", _iif, 3, 3, lazy=True
        ),
        Function(
            "decode",
            lo,
            "decode(key, k1, v1, ..., default)",
            "Any",
            "Looks a value up.",
            _decode,
            2,
            many,
        ),
        Function(
            "is_empty",
            h,
            "is_empty(value)",
            "Boolean",
            "Null, or nothing in it.",
            lambda value: value in (None, "", [], {}),
        ),
        Function(
            "is_set", h, "is_set(value)", "Boolean", "Not null.", lambda value: value is not None
        ),
        Function("nullify", h, "nullify()", "Null", "Nothing.", lambda: None, 0, 0),
        Function("size_of", a, "size_of(list)", "Integer", "How many are in it.", _size),
        Function(
            "to_array",
            a,
            "to_array(a, b, ...)",
            "Array",
            "A list of the values.",
            lambda *values: list(values),
            0,
            many,
        ),
        Function(
            "add_to_array",
            a,
            "add_to_array(list, value, ...)",
            "Array",
            "A longer list.",
            lambda values, *more: [*_list(values), *more],
            2,
            many,
        ),
        Function(
            "join_arrays",
            a,
            "join_arrays(list, list, ...)",
            "Array",
            "One list of many.",
            lambda *lists: [item for one in lists for item in _list(one)],
            1,
            many,
        ),
        Function(
            "first",
            a,
            "first(list)",
            "Any",
            "The first element.",
            lambda values: _list(values)[0] if values else None,
        ),
        Function(
            "last",
            a,
            "last(list)",
            "Any",
            "The last element.",
            lambda values: _list(values)[-1] if values else None,
        ),
        Function(
            "to_object",
            h,
            "to_object(key, value, ...)",
            "Object",
            "An object of pairs.",
            _to_object,
            2,
            many,
        ),
        Function(
            "contains_key",
            h,
            "contains_key(object, key)",
            "Boolean",
            "Whether it has it.",
            lambda value, key: text(key) in _object(value),
            2,
            2,
        ),
        Function(
            "get_keys",
            h,
            "get_keys(object)",
            "Array",
            "Its keys.",
            lambda value: list(_object(value)),
        ),
        Function(
            "get_values",
            h,
            "get_values(object, key)",
            "Any",
            "The value of a key.",
            lambda value, key: _object(value).get(text(key)),
            2,
            2,
        ),
        Function(
            "json_to_object", h, "json_to_object(text)", "Object", "Reads JSON.", _json_to_object
        ),
        Function(
            "to_json",
            h,
            "to_json(value)",
            "String",
            "Writes JSON.",
            lambda value: json.dumps(value, default=str),
        ),
        Function(
            "min",
            m,
            "min(a, b, ...)",
            "Any",
            "The smallest.",
            lambda *values: min(number(value) for value in values),
            1,
            many,
        ),
        Function(
            "max",
            m,
            "max(a, b, ...)",
            "Any",
            "The largest.",
            lambda *values: max(number(value) for value in values),
            1,
            many,
        ),
        Function("to_integer", c, "to_integer(value)", "Integer", "A whole number.", _to_integer),
        Function("to_bigint", c, "to_bigint(value)", "Integer", "A whole number.", _to_integer),
        Function("to_decimal", c, "to_decimal(value)", "Double", "A number.", _to_decimal),
        Function("to_float", c, "to_float(value)", "Float", "A number.", _to_decimal),
        Function("to_boolean", c, "to_boolean(value)", "Boolean", "True or false.", _to_boolean),
        Function(
            "to_string",
            c,
            "to_string(value)",
            "String",
            "A text.",
            lambda value: None if value is None else text(value),
        ),
        Function(
            "abs", m, "abs(number)", "Number", "Without its sign.", lambda value: abs(number(value))
        ),
        Function(
            "round",
            m,
            "round(number, digits)",
            "Number",
            "Rounded.",
            lambda value, digits=0: round(number(value), _whole(digits, 20)),
            1,
            2,
        ),
        Function(
            "floor",
            m,
            "floor(number)",
            "Integer",
            "Rounded down.",
            lambda value: int(number(value) // 1),
        ),
        Function(
            "ceil",
            m,
            "ceil(number)",
            "Integer",
            "Rounded up.",
            lambda value: int(-(-number(value) // 1)),
        ),
        Function("uuid", u, "uuid()", "String", "A new id.", lambda: str(uuid.uuid4()), 0, 0),
        Function("guid", u, "guid()", "String", "A new id.", lambda: str(uuid.uuid4()), 0, 0),
        Function("sha1", "Hashing", "sha1(text)", "String", "SHA-1.", _hash("sha1")),
        Function("sha256", "Hashing", "sha256(text)", "String", "SHA-256.", _hash("sha256")),
        Function("sha512", "Hashing", "sha512(text)", "String", "SHA-512.", _hash("sha512")),
        Function("md5", "Hashing", "md5(text)", "String", "MD5.", _hash("md5")),
        Function(
            "crc32",
            "Hashing",
            "crc32(text)",
            "String",
            "CRC-32.",
            _on_text(lambda value: f"{zlib.crc32(value.encode()):08x}"),
        ),
        Function(
            "get_url_host",
            "URL",
            "get_url_host(url)",
            "String",
            "The host.",
            _on_text(lambda value: urlsplit(value).hostname or ""),
        ),
        Function(
            "get_url_path",
            "URL",
            "get_url_path(url)",
            "String",
            "The path.",
            _on_text(lambda value: urlsplit(value).path),
        ),
        Function(
            "get_url_protocol",
            "URL",
            "get_url_protocol(url)",
            "String",
            "The scheme.",
            _on_text(lambda value: urlsplit(value).scheme),
        ),
        Function(
            "get_url_encoded",
            "URL",
            "get_url_encoded(text)",
            "String",
            "Percent-encoded.",
            _on_text(lambda value: quote(value, safe="")),
        ),
        Function(
            "get_url_decoded",
            "URL",
            "get_url_decoded(text)",
            "String",
            "Decoded.",
            _on_text(unquote),
        ),
    )


FUNCTIONS: dict[str, Function] = {function.name: function for function in _table()}
