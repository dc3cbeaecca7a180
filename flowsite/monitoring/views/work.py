"""The work queue: what is broken, grouped by cause, and who looks after it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from flowsite.aep.codes import explain
from flowsite.monitoring import words
from flowsite.monitoring.filters import chosen_sandboxes, reached_sandboxes
from flowsite.monitoring.views.common import ANYBODY, hidden_fields, sandbox_choices
from flowsite.people import audit
from flowsite.people.models import User
from flowsite.people.rights import role_required
from flowsite.runs import work
from flowsite.runs.models import Dataflow, FlowRun, FlowState
from flowsite.runs.work import Cause, CauseKey
from flowsite.submissions.models import Kind
from flowsite.submissions.services import SubmissionRefused, new_key, submit_lifecycle

#: Runs retried with one click; more are a matter for several clicks.
MOST_RETRIES = 200
LONGEST_NOTE = 2000


@dataclass(frozen=True)
class WorkRow:
    """A cause as the page prints it."""

    cause: Cause
    title: str
    whose_turn: str
    remedy: str
    source: str
    sandbox: str
    board_url: str
    is_mine: bool
    #: Who it can be given to.
    people: list[User]


@role_required(*ANYBODY)
def work_queue(request: HttpRequest) -> HttpResponse:
    """Open causes of the sandboxes in view."""
    sandboxes = chosen_sandboxes(request)
    if not sandboxes:
        return render(request, "monitoring/no_sandbox.html")
    user: Any = request.user
    names = {sandbox.pk: sandbox.name for sandbox in sandboxes}
    people = work.people_by_team(user)
    rows = [
        _row(cause, user, names, people.get(cause.key.team_id, []))
        for cause in work.causes_for_user(user, sandboxes)
    ]
    context = {
        "rows": rows,
        "several": len(sandboxes) > 1,
        "choices": sandbox_choices(request, sandboxes),
        "hidden": hidden_fields(request, "sandbox"),
        "query": request.GET.urlencode(),
        "key": new_key(),
    }
    return render(request, "monitoring/work.html", context)


def _row(cause: Cause, user: User, names: dict[int, str], people: list[User]) -> WorkRow:
    told = explain(cause.key.code) if cause.key.code else None
    filters: dict[str, str | int] = {
        "run": "failed",
        "sandbox": cause.key.sandbox_id,
        "code": cause.key.code or "none",
    }
    if cause.key.connection_id:
        filters["account"] = cause.key.connection_id
    return WorkRow(
        cause=cause,
        title=told.cause if told else gettext("AEP gave no reason for the failure."),
        whose_turn=words.whose_turn(told.whose_turn) if told else words.whose_turn("ops"),
        remedy=told.remedy if told else gettext("Look at the runs, and test the account."),
        source=words.source_name(cause.connection_spec_id),
        sandbox=names.get(cause.key.sandbox_id, ""),
        board_url=f"{reverse('board')}?{urlencode(filters)}",
        is_mine=cause.item is not None and cause.item.assignee_id == user.pk,
        people=people,
    )


@require_POST
@role_required(*ANYBODY)
def work_act(request: HttpRequest) -> HttpResponse:
    """Take a cause, give it back, note something, or retry all of its runs."""
    key = _key(request)
    user: Any = request.user
    rows = work.dataflows_of(user, key)
    back = redirect(reverse("work") + _query(request))
    if not rows.exists():
        messages.info(request, "Nothing fails of that cause any more.")
        return back
    action = request.POST.get("action", "")
    details: dict[str, Any] = {}
    if action == "seen":
        work.say(key, seen_by=user, seen_at=timezone.now())
    elif action == "take":
        work.say(key, assignee=user)
    elif action == "assign":
        details["to"] = str(_assign(request, key))
    elif action == "release":
        work.say(key, assignee=None)
    elif action == "note":
        note = request.POST.get("note", "").replace("\x00", "").strip()
        work.say(key, note=note[:LONGEST_NOTE])
    elif action == "retry":
        _retry_all(request, rows)
    else:
        raise Http404("There is no such action.")
    audit.record(
        f"work.{action}",
        request=request,
        team=rows[0].team,
        object_type="cause",
        object_id=f"{key.code}/{key.connection_id}"[:100],
        object_name=rows[0].account_name,
        **details,
    )
    return back


def _assign(request: HttpRequest, key: CauseKey) -> User:
    """Gives the cause to somebody of its team. Raises Http404 for anybody else."""
    user: Any = request.user
    people = {str(one.pk): one for one in work.people_by_team(user).get(key.team_id, ())}
    person = people.get(request.POST.get("person", ""))
    if person is None:
        raise Http404("There is no such person in the team.")
    work.say(key, assignee=person)
    return person


def _retry_all(request: HttpRequest, rows: Any) -> None:
    user: Any = request.user
    enabled = list(rows.filter(state=FlowState.ENABLED).order_by("pk")[:MOST_RETRIES])
    runs = FlowRun.objects.in_bulk([row.last_finished_run for row in enabled])
    form_key = request.POST.get("key", "")[:40]
    begun, refused = 0, ""
    for row in enabled:
        run = runs.get(row.last_finished_run or 0)
        if run is None:
            continue
        try:
            _retry(row, run, user, form_key)
            begun += 1
        except SubmissionRefused as refusal:
            refused = str(refusal)
    if begun:
        messages.success(request, gettext("{begun} runs are being retried.").format(begun=begun))
    if refused:
        messages.warning(request, f"Others were not: {refused}")
    if not enabled:
        messages.error(request, gettext("None of these dataflows is enabled; enable them first."))


def _retry(row: Dataflow, run: FlowRun, user: User, form_key: str) -> None:
    """A key of its own for each run, the same for a double click."""
    key = hashlib.sha256(f"{form_key}/{run.run_id}".encode()).hexdigest()[:16]
    submit_lifecycle(row, Kind.RETRY, user=user, key=key, run_id=run.run_id)


def _key(request: HttpRequest) -> CauseKey:
    """The cause that the form names. Raises Http404 for a sandbox out of reach."""
    post = request.POST
    sandbox, team = post.get("sandbox", ""), post.get("team", "")
    if not team.isdecimal() or sandbox not in {str(one.pk) for one in reached_sandboxes(request)}:
        raise Http404("There is no such cause.")
    return CauseKey(
        int(team), int(sandbox), post.get("code", "")[:60], post.get("connection", "")[:100]
    )


def _query(request: HttpRequest) -> str:
    query = request.POST.get("query", "")
    return f"?{query}" if query else ""
