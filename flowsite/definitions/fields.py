"""Names of the fields of a proposed schema: those that a person chose, and the rules for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from flowsite.definitions.model import FieldChoice
from flowsite.definitions.problems import Problem
from flowsite.saying import say

#: XDM takes letters, digits and the low line, and no digit in front.
FIELD_NAME: Final = r"[A-Za-z][A-Za-z0-9_]{0,126}"
_FIELD: Final = "dataset.new.schema.fields"


def field_name_problems(choices: Iterable[FieldChoice]) -> list[Problem]:
    """Chosen names that XDM would refuse."""
    return [
        _problem(
            "field-name",
            say(
                "“{name}”, the field of column “{column}”, can't be a field name: start with a "
                "letter, and use letters of the English alphabet, digits and _ only.",
                name=one.name,
                column=one.column,
            ),
        )
        for one in choices
        if one.name is not None and not re.fullmatch(FIELD_NAME, one.name)
    ]


def repeated_name_problems(columns: Sequence[str], names: Sequence[str]) -> list[Problem]:
    """Two columns whose fields have one name; capitals don't tell fields apart in a table."""
    first: dict[str, str] = {}
    found = []
    for column, name in zip(columns, names, strict=True):
        other = first.setdefault(name.casefold(), column)
        if other != column:
            text = say(
                "Columns “{other}” and “{column}” can't both become the field “{name}”.",
                other=other,
                column=column,
                name=name,
            )
            found.append(_problem("field-name", text))
    return found


def _problem(code: str, text: str) -> Problem:
    return Problem(code, "dataset", _FIELD, text)
