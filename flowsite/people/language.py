"""The language that a person reads: their own choice, else what the browser asks for."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import translation

from flowsite.people.models import User

Next = Callable[[HttpRequest], HttpResponseBase]


class PersonLanguage:
    """Puts a person's stored choice before the cookie and the browser.

    Comes after the authentication middleware; ``LocaleMiddleware``, earlier, has chosen for
    everybody who stored nothing.
    """

    def __init__(self, get_response: Next) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chosen = getattr(request.user, "language", "")
        if chosen and translation.check_for_language(chosen):
            translation.activate(chosen)
            request.LANGUAGE_CODE = translation.get_language()
        return self._get_response(request)


def keep_choice(user: User, code: str) -> None:
    """Stores the choice of a person who is signed in."""
    User.objects.filter(pk=user.pk).update(language=code)
