"""Bare Django views over the rows that Flowsite's pages print: the yardstick of ``pages.py``.

One query, one plain template, gzip; nobody signs in, nothing else is on the page. Served like the
app: ``granian --interface wsgi bare:application``.
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flowsite.settings")

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

settings.ROOT_URLCONF = "bare"
settings.MIDDLEWARE = ["django.middleware.gzip.GZipMiddleware"]
application = get_wsgi_application()

from django.db.models import Sum  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template import Context, Engine  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402

from flowsite.runs.models import Dataflow, FlowRun, RunHour  # noqa: E402

SIZE = 50
HEAD = "<!doctype html><title>Rows</title><table>"
FLOWS = Engine().from_string(
    HEAD + "{% for row in rows %}<tr><td><a href='/dataflows/{{ row.pk }}/'>{{ row.name }}</a>"
    "<td>{{ row.account_name }} {{ row.dataset_name }}<td>{{ row.last_run_state }}"
    "<td>{{ row.last_run_at|date:'Y-m-d H:i' }}<td>{{ row.marks }}"
    "<td>{{ row.next_expected_at|date:'Y-m-d H:i' }}<td>{{ row.last_received }}"
    "<td>{{ row.last_ingested }}<td>{{ row.last_failed }}{% endfor %}</table>"
)
RUNS = Engine().from_string(
    HEAD
    + "{% for row in rows %}<tr><td><a href='/runs/{{ row.pk }}/'>{{ row.at|date:'Y-m-d H:i' }}"
    "</a><td>{{ row.state }} {{ row.error_code }}<td>{{ row.dataflow.name }}"
    "<td>{{ row.received }}<td>{{ row.ingested }}<td>{{ row.failed }}<td>{{ row.duration_s }}"
    "{% endfor %}</table>{% if bars %}<table>{% for bar in bars %}<tr><td>"
    "{{ bar.hour|date:'Y-m-d H:i' }}<td>{{ bar.a }}<td>{{ bar.b }}<td>{{ bar.c }}<td>{{ bar.d }}"
    "{% endfor %}</table>{% endif %}"
)
FLOW_COLUMNS = (
    "name",
    "account_name",
    "dataset_name",
    "last_run_state",
    "last_run_at",
    "strip",
    "next_expected_at",
    "last_received",
    "last_ingested",
    "last_failed",
)
RUN_COLUMNS = ("at", "state", "error_code", "received", "ingested", "failed")
RUN_COLUMNS += ("started_at", "ended_at")


def dataflows(request: HttpRequest) -> HttpResponse:
    """50 dataflows in the order asked for, beyond a key or with an outcome."""
    get = request.GET
    rows: Any = Dataflow.objects.filter(sandbox_id=get["sandbox"], deleted_at=None)
    if get.get("run"):
        rows = rows.filter(last_finished_state=get["run"])
    if get.get("beyond"):
        rows = rows.filter(name__gt=get["beyond"])
    sign = "-" if get["sort"].startswith("-") else ""
    found = list(rows.only(*FLOW_COLUMNS).order_by(get["sort"], f"{sign}pk")[:SIZE])
    for row in found:
        row.marks = " ".join(f"{state}@{at[:16]}" for _, state, at in row.strip)
    return HttpResponse(FLOWS.render(Context({"rows": found})))


def runs(request: HttpRequest) -> HttpResponse:
    """The newest runs, of one dataflow or of all; with ``days``, also how they ended by hour."""
    get, rows = request.GET, FlowRun.objects.order_by("-at", "-pk")
    if get.get("dataflow"):
        rows = rows.filter(dataflow_id=get["dataflow"])
    else:
        rows = rows.filter(sandbox_id=get["sandbox"], at__gte=timezone.now() - timedelta(days=1))
    if get.get("state"):
        rows = rows.filter(state=get["state"])
    rows = rows.select_related("dataflow").only(*RUN_COLUMNS, "dataflow__name")
    bars: Any = None
    if get.get("days"):
        since = timezone.now() - timedelta(days=int(get["days"]))
        sums = {
            "a": Sum("success"),
            "b": Sum("partial"),
            "c": Sum("failed"),
            "d": Sum("unfinished"),
        }
        hours = RunHour.objects.filter(sandbox_id=get["sandbox"], hour__gte=since)
        bars = hours.values("hour").annotate(**sums).order_by("hour")
    context = {"rows": rows[: int(get.get("size", SIZE))], "bars": bars}
    return HttpResponse(RUNS.render(Context(context)))


urlpatterns = [path("bare/dataflows/", dataflows), path("bare/runs/", runs)]
