"""Reading credentials, sandboxes and accounts, always through the person's teams."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from flowsite.credentials.models import Credential, SandboxAccess, SourceAccount
from flowsite.people.models import User
from flowsite.people.selectors import teams_of

SESSION_KEY = "access_id"


def credentials_for_user(user: User) -> QuerySet[Credential]:
    """Credentials of the person's teams."""
    return Credential.objects.filter(team__in=teams_of(user)).select_related("organisation", "team")


def accesses_for_user(user: User) -> QuerySet[SandboxAccess]:
    """Active sandboxes that the person's teams reach, each with the credential to use."""
    return (
        SandboxAccess.objects.filter(
            credential__team__in=teams_of(user), sandbox__state__iexact="active"
        )
        .select_related("sandbox__organisation", "credential__organisation", "credential__team")
        .order_by("credential__name", "sandbox__name")
    )


def current_access(request: HttpRequest) -> SandboxAccess | None:
    """The sandbox the person works in: chosen in the top bar, else a development one.

    Read once per request (two queries at most).
    """
    if not request.user.is_authenticated:
        return None
    if not hasattr(request, "_access"):
        choices = list(accesses_for_user(request.user))
        wanted = request.session.get(SESSION_KEY)
        chosen = next((access for access in choices if access.pk == wanted), None)
        development = (access for access in choices if not access.sandbox.is_production)
        request._accesses = choices  # type: ignore[attr-defined]
        request._access = chosen or next(development, choices[0] if choices else None)  # type: ignore[attr-defined]
    access: SandboxAccess | None = request._access  # type: ignore[attr-defined]
    return access


def accesses_of(request: HttpRequest) -> list[SandboxAccess]:
    """The choices of the sandbox switcher; shares ``current_access``'s query."""
    current_access(request)
    choices: list[SandboxAccess] = getattr(request, "_accesses", [])
    return choices


def known_accounts(user: User) -> QuerySet[SourceAccount]:
    """Accounts in every sandbox that the person's teams reach: their teams' and nobody's."""
    teams = teams_of(user)
    reached = SandboxAccess.objects.filter(credential__team__in=teams).values("sandbox")
    return (
        SourceAccount.objects.filter(sandbox__in=reached, state__gt="")
        .filter(Q(team__in=teams) | Q(team=None))
        .select_related("sandbox", "team", "created_by")
    )
