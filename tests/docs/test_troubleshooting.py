"""The tables of docs/troubleshooting.md say what the code catalogue says, code by code."""

from __future__ import annotations

import re
from pathlib import Path

from flowsite.aep import codes_data

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
TURNS = {
    "analyst": "analyst",
    "ops": "ops",
    "admin": "admin",
    "adobe": "Adobe",
    "provider": "source system",
    "wait": "nobody, wait",
}


def label(prefix: str, number: int) -> str:
    """How the page writes a code; number 0 stands for the others of a prefix."""
    if not number:
        return f"other {prefix}"
    return f"{prefix}-{number}" if prefix else str(number)


def status_label(status: int) -> str:
    return f"HTTP {status}" if status > 9 else f"other HTTP {status}xx"


def catalogue() -> dict[str, tuple[str, str, str]]:
    rows = {
        **dict(codes_data.BY_WORD),
        **{label(*key): row for key, row in codes_data.BY_PREFIX.items()},
        **{str(number): row for number, row in codes_data.BY_NUMBER.items()},
        **{status_label(status): row for status, row in codes_data.BY_STATUS.items()},
    }
    return {name: (cause, TURNS[turn], remedy) for name, (cause, turn, remedy) in rows.items()}


def printed() -> dict[str, tuple[str, str, str]]:
    """Code → cause, turn, remedy, from every table row that begins with a code."""
    found: dict[str, tuple[str, str, str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 4:
            for code in re.findall(r"`([^`]+)`", cells[0]):
                assert code not in found, f"{code} stands there twice"
                found[code] = (cells[1], cells[2], cells[3])
    return found


def test_the_page_has_every_code_with_its_cause_turn_and_remedy():
    assert printed() == catalogue()
