"""Where Adobe I/O Events tells of runs. Answers at once; a worker reads the run."""

from __future__ import annotations

import logging
from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from flowsite.core.enqueue import enqueue
from flowsite.runs import events
from flowsite.runs.tasks import read_event_run

logger = logging.getLogger(__name__)
MOST_BYTES: Final = 1024 * 1024
LONGEST_CHALLENGE: Final = 500


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def adobe_events(request: HttpRequest) -> HttpResponse:
    """Echoes a challenge; takes a signed event. Adobe repeats what is answered by 5xx."""
    if not settings.EVENTS:
        raise Http404("Events are not switched on.")
    if request.method != "POST":
        return _said(request.GET.get("challenge", "")[:LONGEST_CHALLENGE])
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return _said("Too large.", 413)
    try:
        event = events.read(request.body, request.headers)
    except events.NotGenuine as refusal:
        logger.warning("event refused", extra={"reason": str(refusal)})
        return _said(str(refusal), 401)
    except events.KeyUnavailable as error:
        logger.warning("event put off", extra={"reason": str(error)})
        return _said(str(error), 503)
    if not events.is_new(event):
        return _said("Known.")
    for flow_id, run_id in sorted(event.runs):
        if not enqueue(read_event_run, flow_id, run_id):
            events.forget(event)
            return _said("No worker can be reached.", 503)
    return _said("Taken.")


def _said(text: str, status: int = 200) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
