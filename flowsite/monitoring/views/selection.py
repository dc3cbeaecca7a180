"""One change for many dataflows: tags, and switching them on or off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from flowsite.monitoring.views.common import ANYBODY, PAGE_SIZE, the_dataflow
from flowsite.people import audit
from flowsite.people.models import User
from flowsite.people.rights import role_required
from flowsite.runs import tagging
from flowsite.runs.models import Dataflow
from flowsite.runs.selectors import dataflows_for_user, may_act_on
from flowsite.runs.tagging import TagRefused
from flowsite.submissions.models import Kind
from flowsite.submissions.services import key_of, submit_lifecycle_bulk

_SWITCHES = {"enable": Kind.ENABLE, "disable": Kind.DISABLE}


@dataclass(frozen=True)
class Outcome:
    """What became of the request for one dataflow."""

    name: str
    url: str
    submission_url: str = ""
    refusal: str = ""


@require_POST
@role_required(*ANYBODY)
def selection(request: HttpRequest) -> HttpResponse:
    """Does what the pressed button says to the ticked dataflows."""
    keys = {key for key in request.POST.getlist("dataflow")[:PAGE_SIZE] if _is_key(key)}
    rows = list(dataflows_for_user(cast(User, request.user)).filter(pk__in=keys).order_by("name"))
    query = request.POST.get("query", "")
    back = redirect(reverse("board") + f"?{query or 'view=all'}")
    if not rows:
        messages.info(request, _("Select some dataflows first."))
        return back
    action = request.POST.get("action", "")
    if action in ("tag", "untag"):
        change_tags(request, rows, action, request.POST.get("tag", ""))
        return back
    if action not in _SWITCHES:
        raise Http404("There is no such action.")
    context = {
        "title": _("Enable dataflows") if action == "enable" else _("Disable dataflows"),
        "outcomes": _switched(request, rows, _SWITCHES[action]),
        "back_url": back.url,
    }
    return render(request, "monitoring/selection.html", context)


def change_tags(request: HttpRequest, rows: list[Dataflow], action: str, text: str) -> None:
    """Gives or takes a tag where the person may, and says what happened."""
    user = cast(User, request.user)
    allowed = list(
        tagging.taggable(user, Dataflow.objects.filter(pk__in=[row.pk for row in rows]))
        .select_related("sandbox", "team")
        .defer("definition", "facts")
    )
    try:
        name = tagging.tag_name(text)
        change = tagging.add_tag if action == "tag" else tagging.remove_tag
        changed = {row.pk for row in change(allowed, name)}
    except TagRefused as refusal:
        messages.error(request, str(refusal))
        return
    verb = "tagged" if action == "tag" else "untagged"
    for row in allowed:
        if row.pk in changed:
            audit.record(f"dataflow.{verb}", request=request, team=row.team, obj=row, tag=name)
    done = ngettext(
        "%(n)d dataflow is changed: tag “%(tag)s”.",
        "%(n)d dataflows are changed: tag “%(tag)s”.",
        len(changed),
    )
    messages.success(request, done % {"n": len(changed), "tag": name})
    if left := len(rows) - len(allowed):
        text = ngettext(
            "%(n)d dataflow is left as it is: tags are given by the people on duty, "
            "administrators, and an analyst to their own dataflows.",
            "%(n)d dataflows are left as they are: tags are given by the people on duty, "
            "administrators, and an analyst to their own dataflows.",
            left,
        )
        messages.warning(request, text % {"n": left})


def _switched(request: HttpRequest, rows: list[Dataflow], kind: Kind) -> list[Outcome]:
    user = cast(User, request.user)
    allowed = [row for row in rows if may_act_on(user, row)]
    key = key_of(request.POST.get("key", ""))
    results = {
        one.dataflow.pk: one for one in submit_lifecycle_bulk(allowed, kind, user=user, key=key)
    }
    refused = _("This dataflow can be changed by the people of its team.")
    found = []
    for row in rows:
        one, url = results.get(row.pk), reverse("dataflow", args=[row.pk])
        if one is None:
            found.append(Outcome(row.name, url, refusal=refused))
        elif one.submission is None:
            found.append(Outcome(row.name, url, refusal=one.refusal))
        else:
            page = reverse("submission", args=[one.submission.pk])
            found.append(Outcome(row.name, url, submission_url=page))
    return found


@require_POST
@role_required(*ANYBODY)
def dataflow_tags(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives or takes a tag of one dataflow, or says whose it is."""
    row = the_dataflow(request, pk)
    user = cast(User, request.user)
    back = redirect(f"{reverse('dataflow', args=[pk])}#tags")
    if not tagging.may_tag(user, row):
        text = _("Tags and owner are changed by the people on duty, administrators, and the owner.")
        messages.error(request, text)
        return back
    action: Any = request.POST.get("action", "")
    if action == "owner":
        _change_owner(request, row)
    elif "untag" in request.POST:
        change_tags(request, [row], "untag", request.POST["untag"])
    elif action == "tag":
        change_tags(request, [row], "tag", request.POST.get("tag", ""))
    else:
        raise Http404("There is no such action.")
    return back


def _change_owner(request: HttpRequest, row: Dataflow) -> None:
    wanted = request.POST.get("owner", "")
    people = {str(one.pk): one for one in tagging.possible_owners(row.team)}
    if wanted and wanted not in people:
        raise Http404("There is no such person in the team.")
    before, owner = row.owner, people.get(wanted)
    if before == owner:
        return
    tagging.set_owner(row, owner)
    changes = {"owner": [str(before) if before else None, str(owner) if owner else None]}
    audit.record("dataflow.owner_changed", request=request, team=row.team, obj=row, changes=changes)


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 18
