"""How long pages take."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from flowsite.operations.tallies import tallies

#: What watches us is not counted.
_UNCOUNTED = frozenset({"live", "ready", "health-full", "metrics"})


class PageTimes:
    """Counts each answer by URL name and status. Streams count until they begin."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.monotonic()
        response = self._get_response(request)
        match = request.resolver_match
        name = (match.view_name if match else "") or "unknown"
        if name not in _UNCOUNTED:
            seconds = time.monotonic() - started
            tallies.add("page", name, str(response.status_code), seconds)
        return response
