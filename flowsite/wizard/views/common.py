"""Finding what a page is about, and answering fragments."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from flowsite.aep.errors import AepError
from flowsite.core.encrypted import Undecryptable
from flowsite.credentials.models import SandboxAccess
from flowsite.credentials.selectors import accesses_of
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import draft_for_user
from flowsite.submissions.words import error_words
from flowsite.wizard.words import Failure, failure

View = Callable[..., HttpResponse]
#: What a lookup may raise without being a fault of ours.
REMOTE = (AepError, Undecryptable)


def the_draft(request: HttpRequest, pk: int) -> Draft:
    """The draft, if the person may see it. Raises Http404."""
    draft = draft_for_user(request.user, pk)  # type: ignore[arg-type]
    if draft is None:
        raise Http404("There is no such draft.")
    return draft


def access_of(request: HttpRequest, draft: Draft) -> SandboxAccess | None:
    """The draft's sandbox as the frame of the page shows it, whatever is chosen in the top bar."""
    return next(
        (
            one
            for one in accesses_of(request)
            if one.sandbox_id == draft.sandbox_id and one.credential_id == draft.credential_id
        ),
        None,
    )


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks for a fragment."""
    return bool(request.htmx)  # type: ignore[attr-defined]


def failure_of(error: Exception, title: str) -> Failure:
    """An error of a lookup in words."""
    return failure(error_words(error), title)


def fragment(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A fragment for htmx; the same inside a page for a browser without scripts."""
    if is_htmx(request):
        return render(request, template, context)
    return render(request, "wizard/fragment.html", {"fragment": template, **context})


def remote(title: str) -> Callable[[View], View]:
    """A fragment that asks AEP: its errors become an alert with cause, turn, remedy and retry."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except REMOTE as error:
                words = failure_of(error, title)
                reads = request.method == "GET"
                retry = request.get_full_path() if reads else ""
                # What was posted lies in the page: its part asks again by itself.
                context = {"failure": words, "retry_url": retry, "retry_part": not reads}
                return fragment(request, "wizard/failure.html", context)

        return guarded

    return decorate
