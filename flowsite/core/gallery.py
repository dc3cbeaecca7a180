"""Every component in every state, on one page; served in development only."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_not_required
def gallery(request: HttpRequest) -> HttpResponse:
    """The page that shows (and lets tests check) what pages are made of."""
    return render(request, "gallery.html", {})
