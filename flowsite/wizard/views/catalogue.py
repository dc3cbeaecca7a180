"""The catalogue of sources."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext

from flowsite.core.wording import words
from flowsite.credentials.models import SandboxAccess
from flowsite.credentials.selectors import current_access
from flowsite.people.rights import Role, role_required
from flowsite.wizard import catalogue as cards
from flowsite.wizard.accounts import refresh_accounts
from flowsite.wizard.lookups import Lookups, OfferedSource
from flowsite.wizard.views.common import REMOTE, failure_of, is_htmx


@role_required(Role.ANALYST)
def catalog(request: HttpRequest) -> HttpResponse:
    """All sources by category; only the cards when the search asks again."""
    access = current_access(request)
    if access is None:
        return render(request, "wizard/no_sandbox.html")
    offered = Lookups.of_access(access).offered_at_hand()
    context = _context(request, access, offered)
    name = "wizard/catalog.html#cards" if is_htmx(request) else "wizard/catalog.html"
    return render(request, name, context)


@role_required(Role.ANALYST)
def catalog_offered(request: HttpRequest) -> HttpResponse:
    """The cards again, once it is known what the sandbox offers."""
    access = current_access(request)
    if access is None:
        return HttpResponse(status=204)
    try:
        offered = Lookups.of_access(access).offered()
        refresh_accounts(access.credential, access.sandbox)
    except REMOTE as error:
        words = failure_of(error, gettext("What this sandbox offers could not be read"))
        context = {"failure": words, "retry_url": request.get_full_path()}
        return render(request, "wizard/failure.html", context)
    context = {**_context(request, access, offered), "oob": True}
    return render(request, "wizard/catalog.html#cards", context)


def _context(
    request: HttpRequest, access: SandboxAccess, offered: dict[str, OfferedSource] | None
) -> dict[str, Any]:
    search = request.GET.get("q", "")[:100]
    category = request.GET.get("category", "")
    used = cards.usage(request.user, access)  # type: ignore[arg-type]
    groups = cards.groups(used, offered, search=search, category=category)
    return {
        "groups": groups,
        "found": sum(len(group.cards) for group in groups if group.anchor != "recent"),
        "search": search,
        "category": category,
        "chips": _chips(search, category),
        "known": offered is not None,
    }


def _chips(search: str, category: str) -> list[dict[str, Any]]:
    def url(name: str) -> str:
        asked = {key: value for key, value in (("q", search), ("category", name)) if value}
        return f"{reverse('catalog')}?{urlencode(asked)}" if asked else reverse("catalog")

    counts = cards.category_counts()
    every = {
        "label": gettext("All"),
        "count": sum(counts.values()),
        "url": url(""),
        "current": not category,
    }
    return [
        every,
        *(
            {"label": words(name), "count": count, "url": url(name), "current": name == category}
            for name, count in counts.items()
        ),
    ]
