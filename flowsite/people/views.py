"""The first page after signing in, and the audit log."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from flowsite.core.keyset import page_of
from flowsite.people.models import AuditEntry
from flowsite.people.rights import Role, role_required, roles_of


def home(request: HttpRequest) -> HttpResponse:
    """Analysts start at the catalogue, ops at the board, admins at the credentials."""
    roles = roles_of(request.user)
    if Role.ANALYST in roles:
        return redirect("catalog")
    return redirect("credentials" if Role.ADMIN in roles and Role.OPS not in roles else "board")


@role_required(Role.ADMIN)
def audit(request: HttpRequest) -> HttpResponse:
    """The audit log, newest first."""
    page = page_of(AuditEntry.objects.all(), order="-at", cursor=request.GET.get("page"))
    return render(request, "people/audit.html", {"page": page})
