"""Signing in by password or through the organisation, and the link that sets a password."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, PasswordResetConfirmView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from flowsite.core.returning import go_back
from flowsite.people import audit, organisation
from flowsite.people.audit import Origin
from flowsite.people.organisation import NotLetIn

logger = logging.getLogger(__name__)
NEXT_KEY = "sign_in_next"


@method_decorator(login_not_required, name="dispatch")
class SignInView(LoginView):
    """Name and password, and a way to the organisation's sign-in where there is one."""

    redirect_authenticated_user = True

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refused where only the organisation's sign-in counts."""
        if settings.OIDC_ONLY:
            return self.http_method_not_allowed(request)
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds what the organisation's sign-in is called."""
        context = super().get_context_data(**kwargs)
        if organisation.enabled():
            name = settings.OIDC_NAME or _("your organisation")
            context |= {"organisation": name, "only": settings.OIDC_ONLY}
        return context


@login_not_required
@require_GET
@never_cache
def organisation_begin(request: HttpRequest) -> HttpResponse:
    """Goes to the organisation's sign-in. A link, since a posted form may not lead to other sites.

    Nothing happens here but that a state is put into the session.
    """
    if not organisation.enabled():
        raise Http404("No provider is configured.")
    request.session[NEXT_KEY] = request.GET.get("next", "")
    back = request.build_absolute_uri(reverse("organisation-back"))
    try:
        return organisation.begin(request, back)
    except NotLetIn as reason:
        return _not_let_in(request, reason)


@login_not_required
@require_GET
@never_cache
def organisation_back(request: HttpRequest) -> HttpResponse:
    """Back from the organisation's sign-in."""
    if not organisation.enabled():
        raise Http404("No provider is configured.")
    try:
        user = organisation.finish(request)
    except NotLetIn as reason:
        return _not_let_in(request, reason)
    wanted = request.session.pop(NEXT_KEY, "")
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return go_back(request, wanted, "home")


def _not_let_in(request: HttpRequest, reason: NotLetIn) -> HttpResponse:
    cause = type(reason.__cause__).__name__ if reason.__cause__ else ""
    logger.warning("not let in", extra={"reason": reason.code, "cause": cause})
    audit.record("person.sign_in_failed", by=Origin.of(request), reason=reason.code, cause=cause)
    context = {"reason": str(reason)}
    return render(request, "registration/not_let_in.html", context, status=reason.status)


@method_decorator(login_not_required, name="dispatch")
class SetPasswordView(PasswordResetConfirmView):
    """Opened by a sign-in link. The token leaves the address with the first redirect."""

    template_name = "registration/set_password.html"
    success_url = reverse_lazy("sign-in")

    def get_user(self, uidb64: str) -> Any:
        """Nobody who is deactivated: for them the link is not valid."""
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active else None

    def form_valid(self, form: Any) -> HttpResponse:
        """Stores the password; the link is spent by that."""
        answer = super().form_valid(form)
        by = Origin(self.user, self.user.get_username(), Origin.of(self.request).remote_addr)
        audit.record("person.password_set", by=by, obj=self.user)
        messages.success(self.request, _("Your password is set. Sign in with it."))
        return answer
