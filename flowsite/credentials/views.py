"""Pages of Adobe credentials, and the sandbox switcher."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from flowsite.aep.codes import explain
from flowsite.credentials import services
from flowsite.credentials.forms import CredentialForm
from flowsite.credentials.models import Credential
from flowsite.credentials.selectors import SESSION_KEY, accesses_for_user, credentials_for_user
from flowsite.people import audit
from flowsite.people.rights import Role, role_required
from flowsite.people.selectors import default_team


@role_required(Role.ADMIN)
def credentials(request: HttpRequest) -> HttpResponse:
    """Every credential of the admin's teams, with what stops if it breaks."""
    rows = credentials_for_user(request.user).annotate(
        sandbox_count=Count("sandboxes", distinct=True),
        draft_count=Count("draft", filter=Q(draft__deleted_at=None), distinct=True),
        dataflow_count=Count(
            "sandboxes__dataflow", filter=Q(sandboxes__dataflow__deleted_at=None), distinct=True
        ),
    )
    return render(request, "credentials/credentials.html", {"rows": rows})


@role_required(Role.ADMIN)
def credential_new(request: HttpRequest) -> HttpResponse:
    """Adds a credential and goes to its page."""
    team = default_team(request.user)
    if team is None:
        messages.error(request, "You belong to no team. Ask an admin to add you to one.")
        return redirect("credentials")
    form = CredentialForm(request.POST or None, team=team)
    if request.method == "POST" and form.is_valid() and (row := form.save()):
        audit.record("credential.added", request=request, team=team, obj=row)
        messages.success(request, f"“{row.name}” is saved.")
        return redirect("credential", row.pk)
    return render(request, "credentials/form.html", {"form": form, "row": None})


@role_required(Role.ADMIN)
def credential(request: HttpRequest, pk: int) -> HttpResponse:
    """One credential: status, sandboxes, and the form."""
    row = get_object_or_404(credentials_for_user(request.user), pk=pk)
    form = CredentialForm(request.POST or None, team=row.team, credential=row)
    if request.method == "POST" and form.is_valid() and form.save():
        audit.record(
            "credential.changed",
            request=request,
            team=row.team,
            obj=row,
            changed=list(form.changed_data),
        )
        messages.success(request, "Saved. Test it again.")
        return redirect("credential", row.pk)
    return render(
        request,
        "credentials/form.html",
        {"form": form, "row": row, "sandboxes": row.sandboxes.all()},
    )


@role_required(Role.ADMIN)
@require_POST
def credential_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Tests a credential against AEP. A fragment for htmx, a page otherwise."""
    row = get_object_or_404(credentials_for_user(request.user), pk=pk)
    result = services.test_credential(row)
    audit.record("credential.tested", request=request, team=row.team, obj=row, ok=result.ok)
    row.refresh_from_db()
    context = {
        "row": row,
        "result": result,
        "explanation": explain(result.error.code, result.error.status) if result.error else None,
        "sandboxes": row.sandboxes.all(),
        "form": CredentialForm(team=row.team, credential=row),
    }
    template = "credentials/form.html#test" if request.htmx else "credentials/form.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@role_required(Role.ADMIN)
@require_POST
def credential_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Deletes a credential that nothing uses."""
    row = get_object_or_404(credentials_for_user(request.user), pk=pk)
    name, team, key = row.name, row.team, str(row.pk)
    try:
        services.delete_credential(row)
    except services.CredentialProblem as problem:
        messages.error(request, str(problem))
        return redirect("credential", pk)
    audit.record(
        "credential.deleted",
        request=request,
        team=team,
        object_type=Credential._meta.model_name or "",
        object_id=key,
        object_name=name,
    )
    messages.success(request, f"“{name}” is deleted.")
    return redirect("credentials")


@require_POST
def sandbox_switch(request: HttpRequest) -> HttpResponse:
    """Remembers the sandbox to work in, and goes back."""
    chosen = request.POST.get("access", "")
    if chosen.isdecimal() and accesses_for_user(request.user).filter(pk=int(chosen)).exists():
        request.session[SESSION_KEY] = int(chosen)
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return redirect(back if safe else "home")
