"""Asking for changes of what exists: lifecycle actions, one or many, and the removal of orphans."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from flowsite.credentials.models import Credential, SandboxAccess
from flowsite.people.models import Team, User
from flowsite.runs.models import Dataflow
from flowsite.submissions.beginning import SubmissionRefused, begin, check_right
from flowsite.submissions.models import Kind, Submission, SubmissionState

#: In production these need the same right as a submission.
CHANGES_WHAT_FLOWS = (Kind.SCHEDULE, Kind.MAPPING, Kind.RUN, Kind.DELETE)


def submit_lifecycle(
    dataflow: Dataflow,
    kind: Kind,
    *,
    user: User | None,
    key: str,
    credential: Credential | None = None,
    wake: bool = True,
    **params: Any,
) -> Submission:
    """Begins to change a dataflow that exists.

    ``params``: ``schedule`` (a document's, with ``frequency``, ``interval`` …) for SCHEDULE,
    ``mapping`` (rows) for MAPPING, ``run_id`` for RETRY, ``window_start``, ``window_end`` (ISO) and
    ``delta_column`` for RUN. The same request twice while it is under way is one submission;
    another one on the same subject is refused. Raises SubmissionRefused.
    """
    team = dataflow.team
    if team is None:
        raise SubmissionRefused(
            gettext("The dataflow belongs to no team yet; an administrator can adopt it.")
        )
    if kind in CHANGES_WHAT_FLOWS and dataflow.sandbox.is_production:
        check_right(dataflow.sandbox, user)
    credential = credential or _credential_for(dataflow, team)
    if kind == Kind.RETRY:
        _not_retried_yet(dataflow, str(params["run_id"]))
    return begin(
        key=key,
        team=team,
        credential=credential,
        sandbox=dataflow.sandbox,
        user=user,
        wake=wake,
        kind=kind,
        dataflow=dataflow,
        name=dataflow.name,
        definition=None,
        params=params,
        subject=_subject(dataflow, kind, params),
    )


@dataclass(frozen=True)
class Bulk:
    """What became of one of many requests: a submission, or the reason against it."""

    dataflow: Dataflow
    submission: Submission | None = None
    refusal: str = ""


def submit_lifecycle_bulk(
    dataflows: Iterable[Dataflow], kind: Kind, *, user: User | None, key: str, **params: Any
) -> list[Bulk]:
    """The same request for many dataflows, each with a submission of its own."""
    results = []
    for dataflow in dataflows:
        try:
            own_key = f"{key}.{dataflow.pk}"
            done = submit_lifecycle(dataflow, kind, user=user, key=own_key, **params)
        except SubmissionRefused as error:
            results.append(Bulk(dataflow, refusal=str(error)))
        else:
            results.append(Bulk(dataflow, done))
    return results


def submit_cleanup(
    access: SandboxAccess, ids: Collection[str], *, user: User | None, key: str, wake: bool = True
) -> Submission:
    """Begins to remove orphans (``orphans.find_orphans``); they are looked at again before."""
    check_right(access.sandbox, user)
    return begin(
        key=key,
        team=access.credential.team,
        credential=access.credential,
        sandbox=access.sandbox,
        user=user,
        wake=wake,
        kind=Kind.CLEANUP,
        name=gettext("{count} orphans in {name}").format(count=len(ids), name=access.sandbox.name),
        params={"ids": sorted(ids)},
        subject="cleanup",
    )


def _subject(dataflow: Dataflow, kind: Kind, params: dict[str, Any]) -> str:
    if kind == Kind.RETRY:
        return f"retry:{params['run_id']}"
    word = "switch" if kind in (Kind.ENABLE, Kind.DISABLE) else str(kind.value)
    return f"{word}:{dataflow.flow_id}"


def _credential_for(dataflow: Dataflow, team: Team) -> Credential:
    """The one that made it, else any of the team's that reaches the sandbox."""
    made = dataflow.submissions.filter(kind=Kind.DATAFLOW).order_by("-pk").first()
    if made is not None:
        return made.credential
    found = Credential.objects.filter(team=team, sandboxes=dataflow.sandbox).first()
    if found is None:
        raise SubmissionRefused(gettext("The team has no credential that reaches this sandbox."))
    return found


def _not_retried_yet(dataflow: Dataflow, run_id: str) -> None:
    """Retrying is not idempotent. Source: API contract, section 8.4."""
    subject = f"retry:{run_id}"
    if Submission.objects.filter(
        sandbox=dataflow.sandbox, subject=subject, state=SubmissionState.PUBLISHED
    ).exists():
        raise SubmissionRefused(gettext("This run has been retried already; see the newer runs."))
