"""Helpers of ``resolve``: what AEP's answers become when a definition names something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connections

from flowsite.aep.errors import AepError
from flowsite.definitions.problems import DefinitionError, Problem, StepName, listed, nearest
from flowsite.submissions.words import sentence

T = TypeVar("T")
#: No more reads side by side than that, out of respect for the rate limit.
READERS = 4


class Unresolved(Exception):
    """The definition names what AEP doesn't have, or has more than once; ``problems`` say what."""

    def __init__(self, problems: Sequence[Problem]):
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = list(problems)


def unresolved(code: str, step: StepName, field: str, message: str) -> Unresolved:
    """One problem."""
    return Unresolved([Problem(code, step, field, message)])


@contextmanager
def reading(step: StepName, field: str) -> Iterator[None]:
    """A permanent error of AEP becomes a problem of the part that was read.

    Others pass: the same read may work later.
    """
    try:
        yield
    except AepError as error:
        if not error.permanent:
            raise
        raise Unresolved([Problem(error.code or "aep", step, field, sentence(error))]) from error
    except DefinitionError as error:
        raise Unresolved(
            error.problems or [Problem("definition", step, field, str(error))]
        ) from error


def side_by_side(**calls: Callable[[], Any]) -> dict[str, Any]:
    """The results by name. Raises Unresolved with the problems of all calls, else any AepError."""
    with ThreadPoolExecutor(READERS, thread_name_prefix="resolve") as pool:
        futures = {name: pool.submit(_in_thread, call) for name, call in calls.items()}
    problems: list[Problem] = []
    for one in futures.values():
        error = one.exception()
        if isinstance(error, Unresolved):
            problems += error.problems
        elif error is not None:
            raise error
    if problems:
        raise Unresolved(problems)
    return {name: one.result() for name, one in futures.items()}


def the_one(
    found: Sequence[T],
    *,
    what: str,
    wanted: str,
    step: StepName,
    field: str,
    describe: Callable[[T], str],
    known: Callable[[], Iterable[str]],
) -> T:
    """The only match. Raises Unresolved: with the nearest known names, or with every match."""
    if len(found) == 1:
        return found[0]
    if found:
        choices = listed(describe(one) for one in found)
        text = f"{len(found)} {what}s are called “{wanted}”. Give the id of one: {choices}."
        raise unresolved("ambiguous", step, field, text)
    names = list(dict.fromkeys(known()))
    choices = listed(nearest(wanted, names) or sorted(names))
    hint = f" Candidates: {choices}." if names else f" There is no {what} here yet."
    raise unresolved("not-found", step, field, f"There is no {what} called “{wanted}”.{hint}")


def _in_thread(call: Callable[[], T]) -> T:
    try:
        return call()
    finally:
        connections.close_all()
