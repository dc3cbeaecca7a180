"""Reads AEP's answers tolerantly: strings for numbers, both spellings, parts missing.

Nothing here raises on odd data; what can't be read becomes None or empty, and every model keeps the
whole answer in ``raw``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

#: Epoch numbers from here on are milliseconds: as seconds this would be the year 5138.
_FIRST_MILLISECONDS = 100_000_000_000
_LAST_SECONDS = 253_402_300_799  # the end of the year 9999
_NUMBER = re.compile(r"\s*[+-]?\d+(\.\d+)?\s*")


def as_text(value: Any) -> str:
    """Text of any scalar; empty for None, lists and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""


def as_int(value: Any) -> int | None:
    """An integer, also from ``"30"`` or ``30.0``; None if it isn't one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if len(value) > 40 or not _NUMBER.fullmatch(value):
            return None
        value = float(value) if "." in value else int(value)
    if isinstance(value, float):
        return int(value) if abs(value) < 1e18 else None
    return value if isinstance(value, int) else None


def as_count(value: Any) -> int | None:
    """A counter; AEP's -1 ("unknown"), absence and what no database holds are None."""
    number = as_int(value)
    return number if number is not None and 0 <= number < 2**63 else None


def as_flag(value: Any) -> bool:
    """A truth value, also from ``"true"``."""
    if isinstance(value, str):
        return value.strip().lower() in {"true", "1", "yes"}
    return bool(value)


def as_moment(value: Any) -> datetime | None:
    """An aware time from epoch seconds, epoch milliseconds or a date text without zone (UTC).

    0 and negative numbers mean "not yet" in AEP's answers and become None.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    number = as_int(value)
    if number is None:
        return _moment_from_text(value) if isinstance(value, str) else None
    seconds = number / 1000 if number >= _FIRST_MILLISECONDS else float(number)
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds <= _LAST_SECONDS else None


def _moment_from_text(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def as_mapping(value: Any) -> dict[str, Any]:
    """The object itself, or an empty one for anything else."""
    return dict(value) if isinstance(value, Mapping) else {}


def as_list(value: Any) -> list[Any]:
    """A list; a lone value becomes a list of one, None an empty list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def as_objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; everything else in it is left out."""
    return [dict(item) for item in as_list(value) if isinstance(item, Mapping)]


def as_texts(value: Any) -> tuple[str, ...]:
    """The non-empty texts of a list."""
    return tuple(text for item in as_list(value) if (text := as_text(item)))


def first(data: Mapping[str, Any], *names: str) -> Any:
    """The first of several spellings that holds a value; None if none does."""
    for name in names:
        if (value := data.get(name)) is not None:
            return value
    return None


def dig(data: Any, *path: str) -> Any:
    """``data[a][b]…`` where any part may be missing; None then."""
    for name in path:
        if not isinstance(data, Mapping):
            return None
        data = data.get(name)
    return data


def rows_of(body: Any, *names: str) -> list[dict[str, Any]]:
    """The rows of a listing: under one of ``names``, as a bare array, or as one bare object."""
    if isinstance(body, Mapping):
        found = first(body, *names)
        if found is None:
            return [dict(body)] if "id" in body else []
        return as_objects(found)
    return as_objects(body)


def unique(rows: Iterable[dict[str, Any]], *names: str) -> Iterable[dict[str, Any]]:
    """Rows without those whose id was seen before: pages shift while objects are created."""
    seen: set[str] = set()
    for row in rows:
        key = as_text(first(row, *names))
        if key and key in seen:
            continue
        seen.add(key)
        yield row


Text = Annotated[str, BeforeValidator(as_text)]
Int = Annotated[int | None, BeforeValidator(as_int)]
Count = Annotated[int | None, BeforeValidator(as_count)]
Flag = Annotated[bool, BeforeValidator(as_flag)]
Moment = Annotated[datetime | None, BeforeValidator(as_moment)]
Object = Annotated[dict[str, Any], BeforeValidator(as_mapping)]
Objects = Annotated[list[dict[str, Any]], BeforeValidator(as_objects)]
Texts = Annotated[tuple[str, ...], BeforeValidator(as_texts)]


class Answered(BaseModel):
    """Base of everything AEP answers: unknown keys are kept, ``raw`` is the whole answer.

    The repr names the object only, since answers can hold what doesn't belong in a log.
    """

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)

    raw: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def read(cls, row: Mapping[str, Any], **own: Any) -> Self:
        """From an answer; ``own`` are values that don't lie at its top."""
        return cls.model_validate({**row, **own, "raw": dict(row)})

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [
            (name, value) for name in ("id", "name", "state") if (value := getattr(self, name, ""))
        ]


class Created(Answered):
    """What a create, PUT or PATCH answers.

    ``etag`` is verbatim with its quotes. ``version`` is an integer for mapping sets, else text.
    """

    id: Text = ""
    alt_id: Text = ""
    etag: Text = ""
    version: int | str | None = None
