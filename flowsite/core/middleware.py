"""Everybody signs in, except where a view says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase


class SignInMiddleware(LoginRequiredMiddleware):
    """Sends a page to the sign-in form, and answers 401 to a fragment.

    A fragment must not be redirected: htmx would put the sign-in form into the middle of a page and
    what was typed there would be lost.
    """

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        if request.headers.get("HX-Request") or request.headers.get("X-Requested-With"):
            return HttpResponse("Your session ended. Sign in again to go on.", status=401)
        return super().handle_no_permission(request, view_func)
