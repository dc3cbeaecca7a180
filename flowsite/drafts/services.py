"""Writing drafts: created, saved step by step, cloned, deleted and brought back.

::

    DraftProblem        says what is wrong, in a sentence
    └── StaleRevision   somebody else changed the same step; ``current`` is the draft as it is now
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from flowsite.definitions.model import MAX_NAME, PartialDefinition
from flowsite.definitions.problems import StepName
from flowsite.definitions.sentences import definition_error
from flowsite.definitions.yamlform import dump, load_partial
from flowsite.drafts.models import UNTITLED, Draft
from flowsite.drafts.selectors import definition_of
from flowsite.people.models import Team, User
from flowsite.saying import say

#: The parts of the document that each step of the wizard edits.
PARTS: Final[dict[StepName, tuple[str, ...]]] = {
    "account": ("account",),
    "data": ("data",),
    "dataset": ("name", "description", "dataset", "options"),
    "mapping": ("mapping",),
    "schedule": ("schedule",),
    "review": (),
}
#: What clones are called.
COPY_MARK = " (copy)"


class DraftProblem(Exception):
    """Says what is wrong with what was to be saved."""


class StaleRevision(DraftProblem):
    """The step was changed since the page was opened; nothing was saved."""

    def __init__(self, current: Draft) -> None:
        super().__init__(say("Somebody else saved this step in the meantime."))
        self.current = current


def as_document(definition: PartialDefinition) -> dict[str, Any]:
    """The JSON that a row keeps."""
    return definition.model_dump(mode="json", exclude_none=True)


def create_draft(
    *,
    team: Team,
    owner: User | None,
    sandbox_id: int,
    credential_id: int,
    definition: PartialDefinition,
    step: StepName = "account",
    batch: str = "",
) -> Draft:
    """A new draft at revision 1; ``batch`` marks those that are made together."""
    return Draft.objects.create(
        team=team,
        owner=owner,
        saved_by=owner,
        sandbox_id=sandbox_id,
        credential_id=credential_id,
        definition=as_document(definition),
        step=step,
        batch=batch,
    )


@transaction.atomic
def save_step(
    draft: Draft,
    step: StepName,
    parts: Mapping[str, Any],
    *,
    revision: int,
    user: User | None,
    resume_at: StepName | None = None,
) -> Draft:
    """Replaces the parts that ``step`` edits; None removes one. Answers the draft as stored.

    ``revision`` is the one the page was made from. A save of another step since then does no harm;
    one of the same step raises StaleRevision, unless it stored the same. An unchanged document
    keeps its revision. Raises DraftProblem for what no document can hold.
    """
    if foreign := set(parts) - set(PARTS[step]):
        raise ValueError(f"The step {step} does not edit {sorted(foreign)}.")
    current = Draft.objects.select_for_update().get(pk=draft.pk)
    document = _changed(current, parts)
    moved = resume_at is not None and resume_at != current.step
    if document != current.definition:
        if current.step_revisions.get(step, 1) > revision:
            raise StaleRevision(current)
        current.definition = document
        current.revision += 1
        current.step_revisions = {**current.step_revisions, step: current.revision}
        current.saved_by = user
    elif not moved:
        return current
    current.step = resume_at or current.step
    current.save()
    return current


def _changed(draft: Draft, parts: Mapping[str, Any]) -> dict[str, Any]:
    given = {**draft.definition, **parts}
    try:
        definition = PartialDefinition.model_validate(
            {name: value for name, value in given.items() if value is not None}
        )
    except ValidationError as error:
        raise DraftProblem(str(definition_error(error))) from error
    return as_document(definition)


def rename_draft(draft: Draft, name: str, *, user: User | None) -> Draft:
    """Raises DraftProblem for a name that is too long or has control characters."""
    return save_step(draft, "dataset", {"name": name}, revision=draft.revision, user=user)


def clone_draft(draft: Draft, *, user: User) -> Draft:
    """A second draft with the same document, which resumes at the same step."""
    step: Any = draft.step
    return clone_definition(
        definition_of(draft),
        team=draft.team,
        user=user,
        sandbox_id=draft.sandbox_id,
        credential_id=draft.credential_id,
        step=step,
    )


def clone_definition(
    definition: PartialDefinition,
    *,
    team: Team,
    user: User,
    sandbox_id: int,
    credential_id: int,
    step: StepName = "account",
) -> Draft:
    """A draft from any definition, under a name that tells it apart."""
    name = definition.name
    if name:
        kept = name[: MAX_NAME - len(COPY_MARK)]
        definition = definition.model_copy(update={"name": f"{kept}{COPY_MARK}"})
    return create_draft(
        team=team,
        owner=user,
        sandbox_id=sandbox_id,
        credential_id=credential_id,
        definition=definition,
        step=step,
    )


def import_draft(
    text: str, *, team: Team, user: User, sandbox_id: int, credential_id: int
) -> Draft:
    """A draft from a file, finished or not. Raises DefinitionError with a sentence."""
    definition = load_partial(text)
    return create_draft(
        team=team,
        owner=user,
        sandbox_id=sandbox_id,
        credential_id=credential_id,
        definition=definition,
        step="review" if definition.schedule else "account",
    )


def export_draft(draft: Draft) -> str:
    """The file form of a draft."""
    return dump(definition_of(draft))


def delete_draft(draft: Draft) -> None:
    """Hides it; ``restore_draft`` brings it back."""
    Draft.objects.filter(pk=draft.pk, deleted_at=None).update(deleted_at=timezone.now())


def restore_draft(draft: Draft) -> None:
    """Undoes ``delete_draft``."""
    Draft.objects.filter(pk=draft.pk).update(deleted_at=None)


def file_name(draft: Draft) -> str:
    """A plain file name for the export."""
    words = "".join(char if char.isalnum() else "-" for char in draft.name.lower())
    plain = "-".join(part for part in words.split("-") if part).encode("ascii", "ignore").decode()
    return f"{plain[:60] or UNTITLED.lower().replace(' ', '-')}.yaml"
