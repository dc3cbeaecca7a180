"""The sandbox switcher."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from flowsite.core.returning import go_back
from flowsite.credentials.selectors import SESSION_KEY, accesses_for_user


@require_POST
def sandbox_switch(request: HttpRequest) -> HttpResponse:
    """Remembers the sandbox to work in, and goes back."""
    chosen = request.POST.get("access", "")
    key = int(chosen) if chosen.isdecimal() and len(chosen) < 19 else 0
    if accesses_for_user(request.user).filter(pk=key).exists():
        request.session[SESSION_KEY] = key
    return go_back(request, request.POST.get("next", ""), "home")
