"""Pages of Adobe credentials."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from flowsite.aep.codes import explain
from flowsite.aep.errors import AepError
from flowsite.core.look import Status
from flowsite.credentials import services
from flowsite.credentials.forms import CredentialForm, SecretForm
from flowsite.credentials.impact import Counts, counts_of, impact_of
from flowsite.credentials.models import Credential
from flowsite.credentials.selectors import credentials_for_user
from flowsite.credentials.views.accounts import tabs
from flowsite.people import audit
from flowsite.people.models import User
from flowsite.people.rights import Role, role_required
from flowsite.people.selectors import teams_of

REMIND = timedelta(days=14)
#: Values of a credential whose changes the audit log tells; never the secret.
_TOLD = ("name", "org_id", "client_id", "scopes", "ims_url", "platform_url", "expires_on")


@dataclass(frozen=True)
class Line:
    """A credential in the list."""

    row: Credential
    status: Status
    expiry: Status | None
    counts: Counts


def status_of(row: Credential) -> Status:
    """How it is, in a word."""
    if row.last_error:
        return Status(_("Error"), "negative", title=row.last_error)
    if row.missing:
        return Status(_("Permissions missing"), "notice", title=", ".join(row.missing))
    if row.succeeded_at:
        return Status(_("Works"), "positive")
    return Status(_("Not tested"), "neutral")


def expiry_of(row: Credential, today: date) -> Status | None:
    """A reminder, from two weeks before on."""
    if row.expires_on is None or row.expires_on > today + REMIND:
        return None
    if row.expires_on < today:
        return Status(_("Secret overdue"), "negative", "clock", str(row.expires_on))
    days = (row.expires_on - today).days
    return Status(_("Replace within %(n)s days") % {"n": days}, "notice", "clock")


@role_required(Role.ADMIN)
@require_GET
def credentials(request: HttpRequest) -> HttpResponse:
    """Every credential of the admin's teams, with what stops if it breaks."""
    rows = list(credentials_for_user(cast(User, request.user)))
    counts, today = counts_of(rows), timezone.now().date()
    lines = [Line(row, status_of(row), expiry_of(row, today), counts[row.pk]) for row in rows]
    context = {"tabs": tabs(request, "credentials"), "lines": lines}
    return render(request, "credentials/credentials.html", context)


@sensitive_post_parameters("client_secret")
@role_required(Role.ADMIN)
def credential_new(request: HttpRequest) -> HttpResponse:
    """Adds a credential and goes to its page, where it is tested at once."""
    teams = teams_of(cast(User, request.user))
    if not teams:
        messages.error(request, _("You belong to no team. Join one on the People page."))
        return redirect("credentials")
    form = CredentialForm(request.POST or None, teams=teams)
    if request.method == "POST" and form.is_valid() and (row := form.save()):
        audit.record("credential.added", request=request, team=row.team, obj=row, **_told(row))
        messages.success(request, _("“%(name)s” is saved.") % {"name": row.name})
        return redirect("credential", row.pk)
    status = 422 if form.errors else 200
    return render(request, "credentials/credential_new.html", {"form": form}, status=status)


@sensitive_post_parameters("client_secret")
@role_required(Role.ADMIN)
def credential(request: HttpRequest, pk: int) -> HttpResponse:
    """One credential: status, sandboxes, what depends on it, and the form."""
    row = _the_credential(request, pk)
    before = _told(row)
    form = _form(request, row, request.POST or None)
    if request.method == "POST" and form.is_valid() and form.save():
        row.refresh_from_db()
        about: dict[str, Any] = {"request": request, "team": row.team, "obj": row}
        if changed := audit.changes(before, _told(row)):
            audit.record("credential.changed", changes=changed, **about)
        if form.cleaned_data["client_secret"]:
            audit.record("credential.secret_replaced", **about)
        messages.success(request, _("Saved."))
        return redirect("credential", pk)
    if form.refusal is not None:
        _record_refusal(request, row, form.refusal)
    return _page(request, row, form=form, refusal=form.refusal)


@sensitive_post_parameters("new_secret")
@role_required(Role.ADMIN)
@require_POST
def credential_rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Replaces the secret by a new one that works; the stored one stays until then."""
    row = _the_credential(request, pk)
    form = SecretForm(request.POST, credential=row)
    if form.is_valid() and form.save():
        audit.record("credential.secret_replaced", request=request, team=row.team, obj=row)
        messages.success(
            request,
            _("Adobe took the new secret; it is used from now on. Delete the old one at Adobe."),
        )
        return redirect("credential", pk)
    if form.refusal is not None:
        _record_refusal(request, row, form.refusal)
    return _page(request, row, secret_form=form, refusal=form.refusal)


@role_required(Role.ADMIN)
@require_POST
def credential_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Tests a credential against AEP. A fragment for htmx, a page otherwise."""
    row = _the_credential(request, pk)
    result = services.test_credential(row)
    audit.record(
        "credential.tested",
        request=request,
        team=row.team,
        obj=row,
        ok=result.ok,
        request_id=(result.error.request_id if result.error else None) or "",
    )
    row.refresh_from_db()
    return _page(request, row, result=result, fragment=bool(request.htmx))  # type: ignore[attr-defined]


@role_required(Role.ADMIN)
@require_POST
def credential_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Deletes a credential that nothing uses."""
    row = _the_credential(request, pk)
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
    messages.success(request, _("“%(name)s” is deleted.") % {"name": name})
    return redirect("credentials")


def _the_credential(request: HttpRequest, pk: int) -> Credential:
    """Raises Http404 for one of another team."""
    return get_object_or_404(credentials_for_user(cast(User, request.user)), pk=pk)


def _form(request: HttpRequest, row: Credential, data: Any = None) -> CredentialForm:
    return CredentialForm(data, teams=teams_of(cast(User, request.user)), credential=row)


def _told(row: Credential) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in _TOLD if name != "org_id"}
    expires_on = row.expires_on.isoformat() if row.expires_on else None
    return {**values, "org_id": row.organisation.org_id, "expires_on": expires_on}


def _record_refusal(request: HttpRequest, row: Credential, error: AepError) -> None:
    audit.record(
        "credential.change_refused",
        request=request,
        team=row.team,
        obj=row,
        message=str(error),
        request_id=error.request_id or "",
    )


def _page(
    request: HttpRequest,
    row: Credential,
    *,
    form: CredentialForm | None = None,
    secret_form: SecretForm | None = None,
    refusal: AepError | None = None,
    result: services.CredentialTest | None = None,
    fragment: bool = False,
) -> HttpResponse:
    error = refusal or (result.error if result else None)
    row = Credential.objects.select_related("organisation", "team").get(pk=row.pk)
    context: dict[str, Any] = {
        "row": row,
        "status": status_of(row),
        "expiry": expiry_of(row, timezone.now().date()),
        "result": result,
        "refusal": refusal,
        "explanation": explain(error.code, error.status) if error else None,
        "sandboxes": row.sandboxes.all(),
    }
    if fragment:
        return render(request, "credentials/credential.html#test", context)
    context |= {
        "form": form or _form(request, row),
        "secret_form": secret_form or SecretForm(credential=row),
        "impact": impact_of(row),
    }
    wrong = bool(refusal or context["form"].errors or context["secret_form"].errors)
    return render(request, "credentials/credential.html", context, status=422 if wrong else 200)
