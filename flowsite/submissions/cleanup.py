"""Undo: removes, in the reverse order, what a submission created, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from flowsite.aep.errors import AepError, NotFound
from flowsite.aep.platform import Platform
from flowsite.saying import say
from flowsite.submissions import effects, verdicts
from flowsite.submissions.changes import holds_data
from flowsite.submissions.ledger import Aside, Ledger, NotYet
from flowsite.submissions.models import StepState, SubmissionState, SubmissionStep
from flowsite.submissions.words import error_words, own_words

Remover = Callable[[Platform, dict[str, Any]], None]
#: A removal that AEP refuses for now is tried so often.
MOST_ATTEMPTS = 6
#: Codes of "something still uses it": right after a dataflow is deleted they may pass.
IN_USE = ("1418", "1447", "1420", "1421")


class NotEmpty(Exception):
    """A dataset holds data, so it is not ours alone any more."""


def _remove_dataset(platform: Platform, result: dict[str, Any]) -> None:
    if holds_data(platform, result["id"]):
        raise NotEmpty(say("The dataset holds data, so it was not deleted."))
    platform.catalog.delete_dataset(result["id"])


@dataclass(frozen=True)
class Removal:
    """How the object of an operation is removed; None: Adobe documents no call for it."""

    words: str
    remove: Remover | None


REMOVALS: dict[str, Removal] = {
    "create_connection": Removal(
        "account", lambda p, result: p.flow_service.delete_connection(result["id"])
    ),
    "create_field_group": Removal(
        say("field group"), lambda p, r: p.registry.delete_field_group(r.get("alt_id") or r["id"])
    ),
    "create_schema": Removal(
        "schema", lambda p, r: p.registry.delete_schema(r.get("alt_id") or r["id"])
    ),
    "create_descriptor": Removal(
        "identity", lambda p, result: p.registry.delete_descriptor(result["id"])
    ),
    "create_dataset": Removal("dataset", _remove_dataset),
    "create_source_connection": Removal(
        say("source connection"), lambda p, r: p.flow_service.delete_source_connection(r["id"])
    ),
    "create_target_connection": Removal(
        say("target connection"), lambda p, r: p.flow_service.delete_target_connection(r["id"])
    ),
    "create_mapping_set": Removal(say("mapping set"), None),
    "create_flow": Removal("dataflow", lambda p, result: p.flow_service.delete_flow(result["id"])),
}


def undo(ledger: Ledger, platform: Platform, aside: Aside) -> None:
    """One pass over everything that may be removed. Raises NotYet while some of it must wait."""
    waits = []
    for row in sorted(ledger.steps(), key=lambda row: row.position, reverse=True):
        if not _is_open(ledger, row):
            continue
        if row.due_at and row.due_at > timezone.now():
            waits.append(row.due_at)
            break
        _remove(ledger, row, platform, aside)
        if row.due_at:
            waits.append(row.due_at)
            break
    if waits:
        raise NotYet(min(waits))
    with ledger.writing():
        back_to = ledger.submission.params.get("back_to") or SubmissionState.UNDONE
        ledger.end(SubmissionState(back_to))
        effects.undone(ledger)


def _is_open(ledger: Ledger, row: SubmissionStep) -> bool:
    only_replaced = ledger.submission.params.get("undo") == "replaced"
    if row.operation not in REMOVALS or (only_replaced and not row.replaced):
        return False
    return row.state == StepState.DONE or bool(row.result.get("candidates"))


def _remove(
    ledger: Ledger,
    row: SubmissionStep,
    platform: Platform,
    aside: Aside,
) -> None:
    removal = REMOVALS[row.operation]
    if removal.remove is None:
        why = say(
            "Adobe offers no call that deletes a {words}. It does no harm.", words=removal.words
        )
        _left(ledger, row, own_words(why, whose_turn=""))
        return
    objects = [{"id": one} for one in row.result.get("candidates", ())] or [row.result]
    remove = removal.remove
    try:
        for one in objects:
            aside(lambda one=one: _absent_after(remove, platform, one))  # type: ignore[misc]
    except NotEmpty as error:
        _left(
            ledger, row, own_words(str(error), remedy=say("Delete it in AEP if nobody needs it."))
        )
    except AepError as error:
        _refused(ledger, row, error)
    else:
        with ledger.writing():
            result = {name: value for name, value in row.result.items() if name != "candidates"}
            ledger.save_step(row, StepState.REMOVED, due_at=None, error=None, result=result)


def _absent_after(remove: Remover, platform: Platform, result: dict[str, Any]) -> None:
    with suppress(NotFound):
        remove(platform, result)


def _refused(ledger: Ledger, row: SubmissionStep, error: AepError) -> None:
    attempts = row.attempts + 1
    in_use = any(number in (error.code or "") for number in IN_USE)
    if attempts >= MOST_ATTEMPTS or (error.permanent and not in_use):
        _left(ledger, row, error_words(error))
        return
    due_at = timezone.now() + verdicts.wait_after(error.retry_after_s, attempts, ledger.timing)
    with ledger.writing():
        ledger.save_step(
            row, StepState(row.state), attempts=attempts, due_at=due_at, error=error_words(error)
        )


def _left(ledger: Ledger, row: SubmissionStep, error: dict[str, Any]) -> None:
    with ledger.writing():
        ledger.save_step(row, StepState.LEFT, due_at=None, error=error)
