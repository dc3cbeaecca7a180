"""Objects that break careless programs, behind the switch ``hostile``."""

from __future__ import annotations

from typing import Any

from flowsite.emulator.clock import iso_z
from flowsite.emulator.systems.model import Column, Moment, Table

WIDE_COLUMNS = 300
LONG_NAME = "n" * 250

_ODD_NAMES = (
    "<script>alert(1)</script>",
    'quo"ted',
    "it's",
    "dotted.name",
    "blank name",
    " leading",
    "emoji 😀",
    "null",
    "Ünïcödé",
    "${dollar}",
    "back\\slash",
    "comma,semi;colon",
    LONG_NAME,
)
#: Tables that are picked by name: markup, quotes, right to left, path and format characters.
ODD_TABLES = (
    "hostile.<script>alert('table')</script>",
    "hostile.\"double\" 'single' `back`",
    "hostile.\u202egnirts \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "hostile.one/two\\three/../four?x=1&y=2#z",
    "hostile.100 % %2F %s %(x)s {{ 7 * 7 }} ${x}",
    "hostile.  two  blanks and a\ttab",
    "hostile." + "200 characters " * 12 + "end of name.",
)
_ODD_VALUES = (
    "<img src=x onerror=alert(1)>",
    '"; DROP TABLE runs; --',
    "😀👩‍👩‍👧‍👦",
    "\u202egnirts",
    "",
    "=1+1",
    "line\nbreak",
    "v" * 4000,
)


def _odd(moment: Moment) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: _ODD_VALUES[(moment.index + place) % len(_ODD_VALUES)]
        for place, name in enumerate(_ODD_NAMES)
    }
    return {"id": f"odd-{moment.index}", **row, "changed": iso_z(moment.at_s)}


def _wide(moment: Moment) -> dict[str, Any]:
    row: dict[str, Any] = {
        f"column_{number:03d}": moment.random.randrange(10_000)
        for number in range(1, WIDE_COLUMNS - 1)
    }
    return {"id": f"wide-{moment.index}", **row, "changed": iso_z(moment.at_s)}


_CHANGED = Column("changed", format="date-time")
TABLES = (
    Table(
        "hostile.<b>odd & 'quoted'</b>",
        (Column("id"), *(Column(name) for name in _ODD_NAMES), _CHANGED),
        _odd,
        created="changed",
        backlog=40,
    ),
    Table(
        "hostile.wide",
        (
            Column("id"),
            *(Column(f"column_{number:03d}", "integer") for number in range(1, WIDE_COLUMNS - 1)),
            _CHANGED,
        ),
        _wide,
        created="changed",
        backlog=40,
    ),
    *(
        Table(name, (Column("id"), _CHANGED), _wide, created="changed", backlog=5)
        for name in ODD_TABLES
    ),
    Table(f"hostile.{LONG_NAME}", (Column("id"), _CHANGED), _wide, created="changed", backlog=5),
)
