"""Errors as rows keep them and pages print them."""

from __future__ import annotations

from typing import Any

from flowsite.aep.codes import explain
from flowsite.aep.errors import AepError
from flowsite.core.encrypted import Undecryptable
from flowsite.core.redaction import redact_text
from flowsite.saying import say

#: Long enough for any sentence of AEP, short enough for a row.
LONGEST = 2000


def error_words(error: BaseException) -> dict[str, Any]:
    """What a row keeps of an error: AEP's words, code and request id, cause, turn and remedy."""
    if isinstance(error, AepError):
        explained = explain(error.code, error.status)
        return {
            "message": _short(error.message or str(error)),
            "code": error.code,
            "request_id": error.request_id,
            "status": error.status,
            "cause": explained.cause,
            "whose_turn": explained.whose_turn,
            "remedy": explained.remedy,
        }
    if isinstance(error, Undecryptable):
        return own_words(str(error), whose_turn="admin")
    return own_words(
        say("Flowsite failed while it made this call ({name}).", name=type(error).__name__),
        cause=say("This is a fault of Flowsite, not of AEP."),
        remedy=say(
            "Continue once; if it happens again, show the worker's log to an administrator."
        ),
        whose_turn="admin",
    )


def own_words(
    message: str, *, cause: str = "", whose_turn: str = "analyst", remedy: str = ""
) -> dict[str, Any]:
    """An error that is not an answer of AEP."""
    return {
        "message": _short(message),
        "code": None,
        "request_id": None,
        "status": None,
        "cause": cause,
        "whose_turn": whose_turn,
        "remedy": remedy,
    }


def sentence(error: AepError) -> str:
    """An AEP error for a ``Problem``: its words, with code and request id for support."""
    marks = [
        mark for mark in (error.code, error.request_id and f"request {error.request_id}") if mark
    ]
    tail = f" ({', '.join(marks)})" if marks else ""
    return _short(f"{(error.message or str(error)).rstrip('.')}{tail}.")


def _short(text: str) -> str:
    return redact_text(text)[:LONGEST]
