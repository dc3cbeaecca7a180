"""Where every submission begins: the guards, and one row for a key, a draft or a subject."""

from __future__ import annotations

import secrets as random_text
from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from flowsite.core.enqueue import enqueue_on_commit
from flowsite.credentials.models import Credential, Sandbox
from flowsite.people import audit
from flowsite.people.models import Team, User
from flowsite.people.rights import may_submit_to_production
from flowsite.submissions.models import HOLDING, Submission, SubmissionState
from flowsite.submissions.tasks import run_submission

COMMAND_LINE = "command line"


class SubmissionRefused(Exception):
    """The submission can't begin or can't go on; the text says why."""


def new_key() -> str:
    """What a submission's objects carry: 16 hexadecimal digits."""
    return random_text.token_hex(8)


def is_key(text: str) -> bool:
    """Whether it could have come from ``new_key``."""
    return len(text) == 16 and all(char in "0123456789abcdef" for char in text)


def key_of(text: str) -> str:
    """The key that a form carries, so that a double click is one submission; else a new one."""
    return text if is_key(text) else new_key()


def begin(
    *,
    key: str,
    team: Team,
    credential: Credential,
    sandbox: Sandbox,
    user: User | None,
    wake: bool = True,
    then: Callable[[Submission], None] | None = None,
    **values: Any,
) -> Submission:
    """A new submission row, or the one that has the key, the draft or the subject already.

    ``then`` writes what belongs to the row, in the same transaction.
    """
    try:
        with transaction.atomic():
            now = timezone.now()
            submission = Submission.objects.create(
                key=key,
                team=team,
                credential=credential,
                sandbox=sandbox,
                owner=user,
                due_at=now,
                woken_at=now,
                **values,
            )
            if then is not None:
                then(submission)
            record(submission, "submitted", user, sandbox=sandbox.name)
            if wake:
                enqueue_on_commit(run_submission, submission.pk)
    except IntegrityError:
        found = _holder(key, sandbox, values)
        if found is None:
            raise
        return found
    return submission


def check_production(sandbox: Sandbox, production_name: str, user: User | None) -> None:
    """The production guard. Raises SubmissionRefused."""
    if not sandbox.is_production:
        return
    if user is not None and not may_submit_to_production(user):
        raise SubmissionRefused(
            gettext(
                "“{name}” is a production sandbox, and you don't have the right to submit to "
                "it. An administrator can give it to you."
            ).format(name=sandbox.name)
        )
    if production_name != sandbox.name:
        raise SubmissionRefused(
            gettext("“{name}” is a production sandbox: repeat its name to confirm.").format(
                name=sandbox.name
            )
        )


def wake_up(submission: Submission, *, wake: bool = True) -> None:
    """There is something to do: by a worker, or (``wake`` False) by this process."""
    now = timezone.now()
    Submission.objects.filter(pk=submission.pk).update(due_at=now, woken_at=now)
    if wake:
        enqueue_on_commit(run_submission, submission.pk)


def check_right(sandbox: Sandbox, user: User | None) -> None:
    """Raises SubmissionRefused in a production sandbox without the right to it."""
    if sandbox.is_production and user and not may_submit_to_production(user):
        raise SubmissionRefused(
            gettext(
                "“{name}” is a production sandbox, and you don't have the right to change it. "
                "An administrator can give it to you."
            ).format(name=sandbox.name)
        )


def same(found: Submission, values: Mapping[str, Any]) -> Submission:
    """A key that belongs to another request is not this one's double click."""
    for name in ("draft", "dataflow"):
        wanted = values.get(name)
        if wanted is not None and getattr(found, f"{name}_id") != wanted.pk:
            raise SubmissionRefused(
                gettext("This form was used for another draft. Reload the page.")
                if name == "draft"
                else gettext("This form was used for another dataflow. Reload the page.")
            )
    if found.kind != values["kind"]:
        raise SubmissionRefused(gettext("This form was used for something else. Reload the page."))
    return found


def _holder(key: str, sandbox: Sandbox, values: dict[str, Any]) -> Submission | None:
    """The submission that stands in the way of a new row. Raises SubmissionRefused."""
    draft = values.get("draft")
    if found := Submission.objects.filter(key=key).first():
        return same(found, values)
    if draft is not None:
        return Submission.objects.filter(draft=draft, state__in=HOLDING).first()
    found = Submission.objects.filter(
        sandbox=sandbox, subject=values.get("subject") or "-", state=SubmissionState.SUBMITTING
    ).first()
    if found and (found.kind, found.params) != (values["kind"], values["params"]):
        raise SubmissionRefused(
            gettext(
                "“{get_kind_display}” is under way for “{name}”. Wait until it is done."
            ).format(get_kind_display=found.get_kind_display(), name=found.name)
        )
    return found


def record(submission: Submission, verb: str, user: User | None, **details: Any) -> None:
    """An audit entry; without a user it was the command line."""
    audit.record(
        f"{submission.kind}.{verb}",
        user=user,
        actor="" if user else COMMAND_LINE,
        team=submission.team,
        obj=submission,
        **details,
    )
