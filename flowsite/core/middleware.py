"""Signing in everywhere, how long it lasts, who asks from where, and what a request may weigh."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext

Next = Callable[[HttpRequest], HttpResponseBase]


class SignInMiddleware(LoginRequiredMiddleware):
    """Sends a page to the sign-in form, and answers 401 to a fragment.

    A fragment must not be redirected: htmx would put the sign-in form into the middle of a page and
    what was typed there would be lost.
    """

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        if request.headers.get("HX-Request") or request.headers.get("X-Requested-With"):
            return HttpResponse(gettext("Your session ended. Sign in again to go on."), status=401)
        return super().handle_no_permission(request, view_func)


class SessionLimits:
    """Ends a session some hours after it began, and after some time without a person's doing.

    What pages ask for by themselves (htmx reading) is nobody's doing. Comes after the session and
    authentication middleware.
    """

    BEGAN: Final = "began"
    ACTIVE: Final = "active"
    #: So seldom is the session written for being in use.
    WRITE_EVERY_S: Final = 60

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if SESSION_KEY in request.session:
            self._look(request)
        return self._get_response(request)

    @classmethod
    def begin(cls, request: HttpRequest, **_: Any) -> None:
        """Receives Django's signal about a sign-in; written together with the new session."""
        now = time.time()
        request.session[cls.BEGAN] = request.session[cls.ACTIVE] = now

    def _look(self, request: HttpRequest) -> None:
        now, session = time.time(), request.session
        began = session.setdefault(self.BEGAN, now)
        active = session.setdefault(self.ACTIVE, now)
        idle_s = settings.SESSION_IDLE_MIN * 60
        if now - began > settings.SESSION_COOKIE_AGE or (idle_s and now - active > idle_s):
            logout(request)
            return
        by_itself = request.method == "GET" and request.headers.get("HX-Request")
        if not by_itself and now - active > self.WRITE_EVERY_S:
            session[self.ACTIVE] = now


class ClientAddress:
    """Behind a trusted proxy, the address that the proxy saw: the last one it added."""

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.TRUSTED_PROXY:
            said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
            with contextlib.suppress(ValueError):
                request.META["REMOTE_ADDR"] = str(ip_address(said))
        return self._get_response(request)


class BodyLimit:
    """Refuses a request that announces more than FLOWSITE_UPLOAD_MB, before it is read.

    A body without an announced length is read as empty by Django.
    """

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            size = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            size = -1
        if size < 0:
            text = "Content-Length is not a number."
            return HttpResponse(text, status=400, content_type="text/plain; charset=utf-8")
        if size > settings.UPLOAD_LIMIT_BYTES:
            most = settings.UPLOAD_LIMIT_BYTES // 1024 // 1024
            text = gettext("This is too large: at most {most} MB can be sent at once.").format(
                most=most
            )
            return HttpResponse(text, status=413, content_type="text/plain; charset=utf-8")
        return self._get_response(request)


class StorableAddress:
    """Takes NUL out of the query of an address: nobody types it, and PostgreSQL refuses it."""

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        query = request.META.get("QUERY_STRING", "")
        if "%00" in query or "\x00" in query:
            request.META["QUERY_STRING"] = query.replace("%00", "").replace("\x00", "")
        return self._get_response(request)


class ExtraHeaders:
    """Headers that Django has no setting for."""

    #: None of these is used, so no script that got in may use them either.
    PERMISSIONS: Final = ", ".join(
        f"{name}=()"
        for name in (
            "accelerometer",
            "autoplay",
            "browsing-topics",
            "camera",
            "display-capture",
            "geolocation",
            "gyroscope",
            "hid",
            "idle-detection",
            "magnetometer",
            "microphone",
            "midi",
            "payment",
            "publickey-credentials-get",
            "screen-wake-lock",
            "serial",
            "usb",
            "xr-spatial-tracking",
        )
    )

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        response.headers.setdefault("Permissions-Policy", self.PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Pages hold customers' data: a shared computer's back button shows none of it.
        if request.path and not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response
