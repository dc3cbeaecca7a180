"""Lists of Catalog: simple and typed filters, order, pages (API contract, section 5.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flowsite.emulator.errors import ApiError, placeholder_error
from flowsite.emulator.store import Stored
from flowsite.emulator.web import Request
from flowsite.emulator.world import World

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_LIMIT_OBSERVABLE = 20
MAX_PATTERN = 200

_PLAIN = frozenset(
    {
        "limit",
        "start",
        "properties",
        "property",
        "orderBy",
        "tags",
        "createdAfter",
        "createdBefore",
        "dataSet",
        "requestDataSource",
        "observableSchema",
    }
)
_TYPED = re.compile(r"\s*(!?[\w.\[\]-]+?)\s*(?:(==|!=|<=|>=|<|>|~)(.*))?", re.DOTALL)

Test = Callable[[Stored], bool]


def _bad_request(detail: str) -> ApiError:
    return placeholder_error(400, "BadRequestError", detail)


def page(world: World, request: Request, kind: str) -> dict[str, Any]:
    start, limit = _range(request)
    seen_until = world.clock.now_ms() - int(world.config.list_delay_s * 1000)
    where = "created_at <= ?"
    params: list[Any] = [seen_until]
    name = request.param("name") if kind == "dataset" else request.param("dataSet")
    if name and not any(sign in name for sign in "*!,"):
        where, params = f"{where} AND name = ?", [seen_until, name]
    tests = _tests(request, kind)
    found = [
        stored
        for stored in world.store.find(kind, request.scope, where, params)
        if all(test(stored) for test in tests)
    ]
    for key, descending in reversed(_order(request)):
        found.sort(key=lambda stored: _sort_key(stored.body.get(key)), reverse=descending)
    return {stored.id: projected(stored.body, request) for stored in found[start : start + limit]}


def projected(body: dict[str, Any], request: Request) -> dict[str, Any]:
    wanted = request.param("properties")
    if not wanted:
        return body
    names = [name.strip() for name in wanted.split(",")]
    return {name: body[name] for name in names if name in body}


def _range(request: Request) -> tuple[int, int]:
    numbers = []
    for name, default in (("start", 0), ("limit", DEFAULT_LIMIT)):
        text = request.param(name)
        if text is not None and not (text.isascii() and text.isdigit() and len(text) < 10):
            raise _bad_request(f"{name} must be a whole number.")
        numbers.append(default if text is None else int(text))
    start, limit = numbers
    wide = "observableSchema" in (request.param("properties") or "")
    most = MAX_LIMIT_OBSERVABLE if wide else MAX_LIMIT
    if not 1 <= limit <= most:
        raise _bad_request(f"limit must be from 1 to {most}.")
    return start, limit


def _order(request: Request) -> list[tuple[str, bool]]:
    keys = []
    for part in (request.param("orderBy") or "").split(","):
        if not part.strip():
            continue
        direction, separator, key = part.strip().rpartition(":")
        if separator and direction not in ("asc", "desc"):
            raise _bad_request("orderBy is a list like desc:created,asc:name.")
        keys.append((key, direction == "desc"))
    return keys


def _sort_key(value: Any) -> tuple[int, float, str]:
    if isinstance(value, (int, float)):
        return (1, float(value), "")
    return (0, 0.0, "") if value is None else (2, 0.0, str(value))


def _tests(request: Request, kind: str) -> list[Test]:
    tests: list[Test] = []
    for key, value in request.query:
        if key == "property":
            tests.append(_typed(value))
        elif key == "tags":
            tests.append(_tag(value))
        elif key in ("createdAfter", "createdBefore"):
            tests.append(_time(key, value))
        elif key == "dataSet" and kind == "batch":
            tests.append(_dataset(value))
        elif key not in _PLAIN:
            tests.append(_simple(key, value))
    return tests


def _simple(key: str, value: str) -> Test:
    """Comma is OR, ``!`` is not, ``*`` stands for any text."""
    choices = [choice for choice in value.split(",") if choice]
    wanted = [_wildcard(choice) for choice in choices if not choice.startswith("!")]
    unwanted = [_wildcard(choice[1:]) for choice in choices if choice.startswith("!")]

    def test(stored: Stored) -> bool:
        text = _as_text(stored.body.get(key))
        if any(pattern.fullmatch(text) for pattern in unwanted):
            return False
        return not wanted or any(pattern.fullmatch(text) for pattern in wanted)

    return test


def _wildcard(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _tag(value: str) -> Test:
    """``key:value*``; a tag's value may itself hold colons."""
    key, _, wanted = value.partition(":")
    pattern = _wildcard(wanted or "*")

    def test(stored: Stored) -> bool:
        values = stored.body.get("tags", {}).get(key, [])
        return any(pattern.fullmatch(str(entry)) for entry in values)

    return test


def _time(key: str, value: str) -> Test:
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise _bad_request(f"{key} is a time in milliseconds.")
    limit = int(value)
    if key == "createdAfter":
        return lambda stored: stored.created_at > limit
    return lambda stored: stored.created_at < limit


def _dataset(value: str) -> Test:
    wanted = set(value.split(","))
    return lambda stored: stored.name in wanted


def _typed(text: str) -> Test:
    match = _TYPED.fullmatch(text)
    if match is None:
        raise _bad_request("property is a field, an operator and a value.")
    path, operator, value = match.groups()
    if operator is None:
        absent = path.startswith("!")
        parts = path.removeprefix("!").split(".")
        return lambda stored: (_at(stored.body, parts) is None) is absent
    parts = path.split(".")
    if operator == "~":
        pattern = _regex(value)
        return lambda stored: pattern.search(_as_text(_at(stored.body, parts))) is not None
    return lambda stored: _compare(_at(stored.body, parts), operator, value.strip().strip('"'))


def _regex(value: str) -> re.Pattern[str]:
    """Nested repeats can take for ever, so they are refused."""
    if len(value) > MAX_PATTERN or re.search(r"[+*}]\)?[+*{]", value):
        raise _bad_request("The pattern is too long or too deep.")
    try:
        return re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise _bad_request("The pattern isn't a regular expression.") from error


def _at(body: Any, parts: list[str]) -> Any:
    for part in parts:
        body = body.get(part) if isinstance(body, dict) else None
    return body


def _compare(value: Any, operator: str, wanted: str) -> bool:
    if operator in ("==", "!="):
        return (_as_text(value) == wanted and value is not None) is (operator == "==")
    if value is None:
        return False
    left: Any = value
    right: Any = wanted
    if isinstance(value, (int, float)):
        try:
            right = float(wanted)
        except ValueError:
            return False
    else:
        left = str(value)
    return bool(
        {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]
    )
