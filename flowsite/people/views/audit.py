"""The audit log."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from flowsite.core.keyset import page_of
from flowsite.people.models import AuditEntry
from flowsite.people.rights import Role, role_required


@role_required(Role.ADMIN)
def audit(request: HttpRequest) -> HttpResponse:
    """The audit log, newest first."""
    page = page_of(AuditEntry.objects.all(), order="-at", cursor=request.GET.get("page"))
    return render(request, "people/audit.html", {"page": page})
