"""Orphans: objects in AEP that carry a submission's key and that no dataflow uses."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from flowsite.core.enqueue import enqueue
from flowsite.credentials.models import SandboxAccess
from flowsite.credentials.selectors import current_access
from flowsite.people.models import User
from flowsite.people.rights import Role, may_submit_to_production, role_required
from flowsite.submissions import orphan_search, services
from flowsite.submissions.models import Kind, Submission
from flowsite.submissions.orphans import Orphan, words_of
from flowsite.submissions.selectors import submissions_for_user
from flowsite.submissions.tasks import search_orphans
from flowsite.wizard.views.common import is_htmx
from flowsite.wizard.words import failure


@role_required(Role.ADMIN)
@require_GET
def orphans(request: HttpRequest) -> HttpResponse:
    """The last search in the chosen sandbox; its part alone while a worker is reading."""
    access = current_access(request)
    if access is None:
        return render(request, "wizard/no_sandbox.html")
    search = orphan_search.latest(access)
    context: dict[str, Any] = {
        "access": access,
        "search": search,
        "production": access.sandbox.is_production,
        "may_remove": not access.sandbox.is_production or may_submit_to_production(request.user),
    }
    if search is not None and search.error is not None:
        context["failure"] = failure(search.error, _("The sandbox could not be read"))
    if search is not None and search.found is not None:
        rows = [(one, words_of(one)) for one in search.found]
        made_by = {one.submission_id for one in search.found}
        seen = submissions_for_user(cast(User, request.user)).filter(pk__in=made_by - {None})
        context["visible"] = set(seen.values_list("pk", flat=True))
        context["removable"] = [row for row in rows if row[0].removable]
        context["kept"] = [row for row in rows if not row[0].removable]
        context["key"] = services.new_key()
    template = "wizard/orphans.html#found" if is_htmx(request) else "wizard/orphans.html"
    return render(request, template, {**context, "swapped": is_htmx(request)})


@role_required(Role.ADMIN)
@require_POST
def orphans_search(request: HttpRequest) -> HttpResponse:
    """Wakes a worker. Asked for again while one reads, it goes on with that one."""
    access = current_access(request)
    before = orphan_search.latest(access) if access else None
    if access is None or (before is not None and before.running):
        return redirect("orphans")
    orphan_search.begin(access)
    if not enqueue(search_orphans, access.pk):
        orphan_search.forget(access)
        messages.error(
            request, _("No worker could be reached. Look at System health, then search again.")
        )
    return redirect("orphans")


@role_required(Role.ADMIN)
@require_POST
def orphans_remove(request: HttpRequest) -> HttpResponse:
    """Begins to remove the ticked ones; a worker looks again before it deletes anything."""
    access = current_access(request)
    ids = set(request.POST.getlist("id"))
    user = cast(User, request.user)
    key = services.key_of(request.POST.get("key", ""))
    if (before := _begun(user, key)) is not None:
        return redirect("submission", before.pk)
    chosen = [one for one in _removable(access) if one.id in ids]
    if access is None or not chosen:
        messages.error(request, _("Tick what is to be removed."))
        return redirect("orphans")
    try:
        services.check_production(access.sandbox, request.POST.get("typed", "").strip(), user)
        submission = services.submit_cleanup(access, [one.id for one in chosen], user=user, key=key)
    except services.SubmissionRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("orphans")
    orphan_search.forget(access)
    return redirect("submission", submission.pk)


def _begun(user: User, key: str) -> Submission | None:
    """What a double click has begun already."""
    return submissions_for_user(user).filter(key=key, kind=Kind.CLEANUP).first()


def _removable(access: SandboxAccess | None) -> list[Orphan]:
    search = orphan_search.latest(access) if access else None
    return [one for one in (search.found if search else None) or () if one.removable]
