"""Answers that belong to no room."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A page that lost its form token, usually because the session ended in another tab."""
    return render(request, "403_csrf.html", status=403)
