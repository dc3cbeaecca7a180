"""The Account step: existing accounts of the source, or a new one."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from flowsite.definitions.problems import StepName
from flowsite.definitions.sources import Source, find_source
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of
from flowsite.people.models import User
from flowsite.people.rights import Role, role_required
from flowsite.submissions.models import Kind, Submission
from flowsite.submissions.selectors import submissions_for_user
from flowsite.wizard.accounts import account_rows, refresh_accounts, with_id
from flowsite.wizard.forms.account import AccountStepForm
from flowsite.wizard.forms.picks import packed, unpacked_pick
from flowsite.wizard.progress import progress
from flowsite.wizard.views.common import REMOTE, failure_of, fragment, the_draft


class AccountPage:
    """``StepPage`` of the Account step."""

    name: StepName = "account"
    template = "wizard/account.html"

    def form(self, draft: Draft, data: QueryDict | None) -> AccountStepForm:
        return AccountStepForm(draft, data)

    def context(self, request: HttpRequest, draft: Draft, form: AccountStepForm) -> dict[str, Any]:
        source = source_of(draft)
        making = making_of(request)
        return {
            "source": source,
            "making": progress(making) if making else None,
            **existing(request, draft, form.chosen),
        }

    def act(self, request: HttpRequest, draft: Draft, action: str) -> HttpResponse | None:
        source = source_of(draft)
        if action == "new-account" and source is not None:
            response = redirect("account-new", source.slug)
            response["Location"] += f"?draft={draft.pk}"
            return response
        return None

    def saved(self, draft: Draft) -> dict[str, Any]:
        return {}


def source_of(draft: Draft) -> Source | None:
    """The source that the draft reads."""
    account = definition_of(draft).account
    return find_source(account.source) if account else None


def making_of(request: HttpRequest) -> Submission | None:
    """The creation of an account that the page shows."""
    number = request.GET.get("making", "")
    if not number.isdecimal() or len(number) > 18:
        return None
    rows = submissions_for_user(cast(User, request.user)).filter(kind=Kind.ACCOUNT)
    return rows.filter(pk=int(number)).first()


def existing(request: HttpRequest, draft: Draft, chosen: str = "") -> dict[str, Any]:
    """The accounts known so far; the one that the draft names is ticked."""
    source = source_of(draft)
    account = definition_of(draft).account
    rows = account_rows(cast(User, request.user), draft.sandbox, source=source) if source else []
    if not chosen and account is not None:
        named = with_id(account, draft.sandbox)
        chosen = packed({"id": named.id, "name": named.name or ""}) if named.id else ""
    listed = [(row, packed({"id": row.id, "name": row.name})) for row in rows]
    ticked = unpack_id(chosen)
    return {
        "accounts": [(row, value, row.id == ticked) for row, value in listed],
        "wanted": account,
        "missing": bool(account and account.id and account.id not in {row.id for row in rows}),
    }


def unpack_id(chosen: str) -> str:
    """The id inside a radio button's value."""
    return (unpacked_pick(chosen) or {}).get("id", "")


@role_required(Role.ANALYST)
@require_GET
def draft_accounts(request: HttpRequest, pk: int) -> HttpResponse:
    """The list again, after reading AEP's."""
    draft = the_draft(request, pk)
    context: dict[str, Any] = {"draft": draft, "fresh": True}
    source = source_of(draft)
    try:
        if source is not None and source.has_accounts:
            refresh_accounts(draft.credential, draft.sandbox, source=source)
    except REMOTE as error:
        context["failure"] = failure_of(error, gettext("The accounts could not be read from AEP"))
        context["retry_url"] = request.get_full_path()
    context |= {"source": source, **existing(request, draft, request.GET.get("account", ""))}
    return fragment(request, "wizard/account.html#accounts", context)
