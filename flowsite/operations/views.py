"""Addresses for supervisors, monitoring systems and admins."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import F, FloatField, Sum
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import choose_encoder

from flowsite.operations import health, work
from flowsite.operations.metrics import registry
from flowsite.operations.models import Tally
from flowsite.people.rights import Role, role_required
from flowsite.submissions.models import SubmissionState

View = Callable[[HttpRequest], HttpResponse]


def for_monitoring(view: View) -> View:
    """With FLOWSITE_METRICS_TOKEN set: who sends it. Without: who asks from this machine itself."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if _may_watch(request):
            return view(request)
        return HttpResponse(
            "Send the token in FLOWSITE_METRICS_TOKEN as bearer token.\n",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": "Bearer"},
        )

    return guarded


def _may_watch(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        return hmac.compare_digest(sent.encode(), settings.METRICS_TOKEN.encode())
    # A proxy on this machine speaks for others.
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _answer(checks: list[health.Check]) -> JsonResponse:
    ok = all(check.ok for check in checks)
    body = {"ok": ok, "checks": {check.name: check.words for check in checks}}
    failed = [check.name for check in checks if not check.ok]
    return JsonResponse({**body, "failed": failed}, status=200 if ok else 503)


@login_not_required
@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """The process answers. A supervisor restarts it when it doesn't."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """The process can answer pages. A load balancer leaves it out when it can't.

    The broker is not asked: without one, pages work and submissions wait in the database.
    """
    return _answer(health.of_this_process())


@login_not_required
@require_safe
@never_cache
@for_monitoring
def health_full(request: HttpRequest) -> JsonResponse:
    """Everything, for a monitoring system: broker, beat, workers and polling too."""
    return _answer(health.of_everything())


@login_not_required
@require_safe
@never_cache
@for_monitoring
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry()), content_type=content_type)


@role_required(Role.ADMIN)
@require_safe
def health_page(request: HttpRequest) -> HttpResponse:
    """The same for people."""
    waiting = work.waiting_submissions()
    context = {
        "checks": health.of_everything(),
        "sandboxes": work.sandbox_lags(),
        "states": {
            SubmissionState(state).label: count
            for state, count in work.submissions_by_state().items()
        },
        "waiting": waiting,
        "calls": _slowest("aep"),
        "pages": _slowest("page"),
        "now": timezone.now(),
    }
    return render(request, "operations/health.html", context)


def _slowest(kind: str, size: int = 12) -> list[dict[str, object]]:
    """What has taken the most time in all, with its mean and failures."""
    rows = Tally.objects.filter(kind=kind).order_by().values("name")
    summed = rows.annotate(n=Sum("calls"), total=Sum("seconds"))
    worst = summed.annotate(mean=F("total") / Cast(F("n"), FloatField())).order_by("-total")[:size]
    bad = Tally.objects.filter(kind=kind, name__in=[row["name"] for row in worst])
    failed = dict(
        bad.exclude(outcome__regex=r"^[23]").order_by().values_list("name").annotate(Sum("calls"))
    )
    return [{**row, "failed": failed.get(row["name"], 0)} for row in worst]
