"""What AEP's error codes mean, whose turn it is, and what to do.

Codes are matched by prefix and number, never by the status at the end: the published tables print
``1439-400`` where the service answers ``FLOW-1439-404``, and numbers mean different things in the
Flow Service and the connector table. Source: API contract, sections 1.6, 4.7, 7.10 and 8.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from flowsite.aep.codes_data import BY_NUMBER, BY_PREFIX, BY_STATUS, BY_WORD
from flowsite.saying import say

Turn = Literal["analyst", "ops", "admin", "adobe", "provider", "wait"]

_CODE = re.compile(r"(?i)(?:\b([A-Z]{2,})[-_ ])?(\d{3,6})(?:-\d{3})?\b")
#: Only AEP's own prefixes: "ISO-8859-1" in a message is no code.
_NAMED = re.compile(
    r"\b((?:FLOW|CONNECTOR|INGEST|MAPPER|XDM|CATALOG|DATAPREP)-\d{3,5}(?:-\d{3})?)\b"
)


@dataclass(frozen=True)
class Explanation:
    """Words for people: what happened, who can do something, and what."""

    cause: str
    whose_turn: Turn
    remedy: str


UNKNOWN = Explanation(
    say("AEP gives a code that its documentation does not explain."),
    "ops",
    say("Read AEP's own message; if it does not help, give Adobe's support the request id."),
)


def explain(code: str | None, status: int | None = None) -> Explanation:
    """The explanation of a code, or else of an HTTP status, or else ``UNKNOWN``."""
    text = (code or "").strip()
    found = BY_WORD.get(text.lower())
    if found is None and (match := _CODE.search(text)):
        prefix, number = (match[1] or "").upper(), int(match[2])
        found = BY_PREFIX.get((prefix, number))
        if found is None and prefix in {"", "FLOW", "CONNECTOR"}:
            found = BY_NUMBER.get(number)
        if found is None:
            found = BY_PREFIX.get((prefix, 0))
    if found is None and status is not None:
        found = BY_STATUS.get(status) or BY_STATUS.get(status // 100)
    return Explanation(*found) if found else UNKNOWN


def find_code(text: str) -> str | None:
    """The first code such as ``FLOW-1439-404`` inside a text."""
    match = _NAMED.search(text.upper())
    return match[1] if match else None


def prefix_of(code: str | None) -> str:
    """``CONNECTOR`` for ``CONNECTOR-1308-500``; empty when there is none."""
    return code.upper().split("-", 1)[0] if code and "-" in code else ""


def number_of(code: str | None) -> int | None:
    """1308 for ``CONNECTOR-1308-500`` or ``1308-500``; None when there is none."""
    match = _CODE.search(code or "")
    return int(match[2]) if match else None
