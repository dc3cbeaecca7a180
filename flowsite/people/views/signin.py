"""Signing in, and the link with which a person sets a first or new password."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, PasswordResetConfirmView
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _

from flowsite.people import audit
from flowsite.people.audit import Origin


@method_decorator(login_not_required, name="dispatch")
class SignInView(LoginView):
    """Name and password."""

    redirect_authenticated_user = True


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
