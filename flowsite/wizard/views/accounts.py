"""Accounts of the sandbox: the list, one account, a new one, and its test."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from flowsite.core.returning import go_back
from flowsite.credentials.accounts import test_account
from flowsite.credentials.models import Credential, SandboxAccess, SourceAccount
from flowsite.credentials.selectors import accesses_for_user, current_access
from flowsite.definitions.sources import Source, find_source
from flowsite.drafts.models import Draft
from flowsite.drafts.services import save_step
from flowsite.people import audit
from flowsite.people.models import User
from flowsite.people.rights import Role, role_required
from flowsite.runs.selectors import dataflows_for_user
from flowsite.submissions.services import SubmissionRefused, key_of, submit_account
from flowsite.wizard.accounts import (
    account_row,
    account_rows,
    accounts_in,
    refresh_accounts,
)
from flowsite.wizard.forms.auth import AccountForm, documented_methods
from flowsite.wizard.lookups import PATIENCE_S, AuthMethod, Lookups, OfferedSource
from flowsite.wizard.steps import stepper
from flowsite.wizard.views.common import REMOTE, failure_of, fragment, is_htmx, the_draft


@role_required(Role.ANALYST, Role.OPS)
@require_GET
def accounts(request: HttpRequest) -> HttpResponse:
    """Every account in the current sandbox."""
    access = current_access(request)
    if access is None:
        return render(request, "wizard/no_sandbox.html")
    source = find_source(request.GET.get("source", ""))
    rows = account_rows(cast(User, request.user), access.sandbox, source=source)
    context = {"rows": rows, "source": source, "access": access}
    return render(request, "wizard/accounts.html", context)


@role_required(Role.ANALYST, Role.OPS)
@require_GET
def accounts_list(request: HttpRequest) -> HttpResponse:
    """The same list after reading AEP's."""
    access = current_access(request)
    if access is None:
        return HttpResponse(status=204)
    source = find_source(request.GET.get("source", ""))
    context: dict[str, Any] = {"source": source, "fresh": True}
    try:
        refresh_accounts(access.credential, access.sandbox)
    except REMOTE as error:
        context["failure"] = failure_of(error, _("The accounts could not be read from AEP"))
        context["retry_url"] = request.get_full_path()
    context["rows"] = account_rows(cast(User, request.user), access.sandbox, source=source)
    return fragment(request, "wizard/accounts.html#list", context)


@role_required(Role.ANALYST, Role.OPS)
@require_GET
def account_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One account, its last test, and the dataflows that read from it."""
    account, _credential = _the_account(request, pk)
    rows = dataflows_for_user(cast(User, request.user)).filter(sandbox=account.sandbox)
    flows = rows.filter(connection_id=account.connection_id).order_by("name")
    context = {
        "account": account,
        "row": account_row(account, len(flows)),
        "dataflows": flows,
    }
    return render(request, "wizard/account_detail.html", context)


@role_required(Role.ANALYST, Role.OPS)
@require_POST
def account_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Tests an account; the provider's own words."""
    account, credential = _the_account(request, pk)
    context: dict[str, Any] = {}
    try:
        result = test_account(account, credential, max_wait_s=PATIENCE_S)
    except REMOTE as error:
        context["failure"] = failure_of(error, _("The account could not be tested"))
    else:
        team = account.team
        audit.record("account.tested", request=request, team=team, obj=account, ok=result.ok)
        context["result"] = result
    context["row"] = account_row(account)
    if is_htmx(request):
        return render(request, "wizard/test_result.html", context)
    back = request.POST.get("back") or request.headers.get("Referer", "")
    _say_result(request, account, context)
    return go_back(request, back, "account-detail", pk)


def _say_result(request: HttpRequest, account: SourceAccount, context: dict[str, Any]) -> None:
    if words := context.get("failure"):
        messages.error(request, f"{words.title}: {words.text}")
    elif context["result"].ok:
        messages.success(request, _("“%(name)s” works.") % {"name": account.name})
    else:
        text = _("“%(name)s” does not work: %(words)s")
        messages.error(request, text % {"name": account.name, "words": account.test_message})


def _the_account(request: HttpRequest, pk: int) -> tuple[SourceAccount, Credential]:
    """The account, and the person's way to it. Raises Http404."""
    user = cast(User, request.user)
    account = SourceAccount.objects.select_related("sandbox", "team").filter(pk=pk).first()
    if account is None:
        raise Http404("There is no such account.")
    access = accesses_for_user(user).filter(sandbox=account.sandbox).first()
    if access is None or not accounts_in(user, account.sandbox).filter(pk=pk).exists():
        raise Http404("There is no such account.")
    return account, access.credential


# --- a new one -----------------------------------------------------------------------------------


@role_required(Role.ANALYST)
def account_new(request: HttpRequest, slug: str) -> HttpResponse:
    """The form that the source's connection spec makes; creates the account by a submission."""
    source = find_source(slug)
    if source is None or not source.buildable or not source.has_accounts:
        raise Http404("There is no such source.")
    draft = _draft_of(request)
    access = _access_for(request, draft)
    if access is None:
        return render(request, "wizard/no_sandbox.html")
    if request.method == "POST":
        return _create_account(request, source, draft, access)
    lookups = Lookups.of_access(access)
    if is_htmx(request) or "now" in request.GET or lookups.offered_at_hand() is not None:
        return _show_form(request, source, draft, access)
    context = _page(request, source, draft, access)
    return render(request, "wizard/account_new.html", {**context, "lazy": True})


def _create_account(
    request: HttpRequest, source: Source, draft: Draft | None, access: SandboxAccess
) -> HttpResponse:
    methods, _spec, _failure = _methods(source, access)
    form = _form(request, source, methods, access)
    if not form.is_valid():
        return _show_form(request, source, draft, access, form=form)
    try:
        submission = submit_account(
            access,
            cast(User, request.user),
            source=source,
            name=form.cleaned_data["name"],
            description=form.cleaned_data["description"] or None,
            auth_spec=form.method.name if form.method else None,
            params=form.public_params(),
            secrets=form.secret_params(),
            key=_posted_key(request),
            production_name=request.POST.get("production_name", ""),
        )
    except SubmissionRefused as refusal:
        form.add_error(None, str(refusal))
        return _show_form(request, source, draft, access, form=form)
    if draft is None:
        return redirect("submission", submission.pk)
    named = {"source": source.slug, "name": form.cleaned_data["name"]}
    save_step(
        draft,
        "account",
        {"account": named},
        revision=draft.revision,
        user=cast(User, request.user),
        resume_at="account",
    )
    response = redirect("draft-step", draft.pk, "account")
    response["Location"] += f"?making={submission.pk}"
    return response


def _posted_key(request: HttpRequest) -> str:
    """The form's own key, so that a double click is one account."""
    return key_of(request.POST.get("key", ""))


def _show_form(
    request: HttpRequest,
    source: Source,
    draft: Draft | None,
    access: SandboxAccess,
    *,
    form: AccountForm | None = None,
) -> HttpResponse:
    methods, spec, words = _methods(source, access)
    bound = form is not None
    form = form or _form(request, source, methods, access, bound=False)
    context = {
        **_page(request, source, draft, access),
        "form": form,
        "methods": methods,
        "method": form.method,
        "spec": spec,
        "documented": bool(methods) and methods[0].documented,
        "failure": words,
        "key": _posted_key(request),
        "typed_again": bound and bool(form.schemas),
    }
    if is_htmx(request):
        return render(request, "wizard/account_new.html#form", context)
    return render(request, "wizard/account_new.html", context, status=422 if bound else 200)


def _form(
    request: HttpRequest,
    source: Source,
    methods: tuple[AuthMethod, ...],
    access: SandboxAccess,
    *,
    bound: bool = True,
) -> AccountForm:
    asked = request.POST.get("login") or request.GET.get("login", "")
    method = next((one for one in methods if one.name == asked), methods[0] if methods else None)
    known = accounts_in(cast(User, request.user), access.sandbox)
    names = known.filter(connection_spec_id=source.connection_spec_id).values_list("name")
    return AccountForm(
        request.POST if bound else None,
        source=source,
        method=method,
        taken=frozenset(name for (name,) in names),
    )


def _methods(
    source: Source, access: SandboxAccess
) -> tuple[tuple[AuthMethod, ...], OfferedSource | None, Any]:
    """The spec's login methods; the documented ones where the spec can't be read or has none."""
    try:
        spec = Lookups.of_access(access).spec(source)
    except REMOTE as error:
        words = failure_of(error, _("The source's form could not be read from AEP"))
        return documented_methods(source), None, words
    methods = spec.auth if spec else ()
    return methods or documented_methods(source), spec, None


def _page(
    request: HttpRequest, source: Source, draft: Draft | None, access: SandboxAccess
) -> dict[str, Any]:
    return {
        "source": source,
        "draft": draft,
        "target": access,
        "steps": stepper(draft, "account") if draft else None,
    }


def _draft_of(request: HttpRequest) -> Draft | None:
    number = request.POST.get("draft") or request.GET.get("draft", "")
    if not number:
        return None
    if not number.isdecimal() or len(number) > 18:
        raise Http404("There is no such draft.")
    return the_draft(request, int(number))


def _access_for(request: HttpRequest, draft: Draft | None) -> SandboxAccess | None:
    """The draft's sandbox through the draft's credential, else the current sandbox."""
    if draft is None:
        return current_access(request)
    rows = accesses_for_user(cast(User, request.user))
    return rows.filter(sandbox_id=draft.sandbox_id, credential_id=draft.credential_id).first()
